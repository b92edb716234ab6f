"""What readers may see: rows without the small counts of people, and where they were."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.disclosure.rules import MARK, Thresholds, below, small
from fpi_eval.errors import FpiError

#: Columns that count people: shown only in what this folder made.
COUNTS = frozenset(
    {
        *text.RESULTATS,
        "en_emploi_18_mois",
        "en_emploi_24_mois",
        "entrants_programme",
        "effectif_entree",
        "effectif",
        "poursuite",
        "voeux",
        "voeux_1",
        "leavers",
        "employed",
        "observed",
    }
)
#: Columns of a result that count people, and those that would give a hidden count back.
PEOPLE = ("leavers", "employed", "observed", "count")
TELLING = (
    "low", "high", "ci_low", "ci_high", "hidden_share", "expected", "difference", "change",
    "estimate", "cost", "words", "hidden_cells",
)  # fmt: skip
_SEAL = object()


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Rows fit to be shown: hidden values are absent from ``frame`` and flagged in ``hidden``.

    Made by `protect`, `show_alone` and `public` only; tables, figures and workbooks refuse counts
    of people that come otherwise.
    """

    frame: pd.DataFrame
    hidden: pd.DataFrame
    seal: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise FpiError(
                "ce qui peut être montré vient de « fpi_eval.disclosure » seulement. Passez par "
                "protect, show_alone ou public."
            )
        for name in self.flagged:
            if (self.hidden[name].to_numpy() & self.frame[name].notna().to_numpy()).any():
                raise FpiError(
                    "une valeur masquée est encore présente. Publiez le tableau rendu par "
                    "« protect ».",
                    colonne=name,
                )

    @property
    def flagged(self) -> list[str]:
        """Columns in which something may be hidden."""
        return [name for name in self.frame if name in self.hidden]

    @property
    def marked(self) -> pd.DataFrame:
        """The rows, with the mark of a hidden value where there is one."""
        names = [name for name in self.flagged if self.hidden[name].any()]
        masked = {
            name: self.frame[name].astype(object).mask(self.hidden[name], MARK) for name in names
        }
        return self.frame.assign(**masked)

    def derived(self, frame: pd.DataFrame, hidden: pd.DataFrame | None = None) -> "Shown":
        """Return rows made from these alone, which tell no more: chosen, worded, rates of counts.

        ``hidden`` says where they lack a hidden value; by default where these do, row by row.
        """
        if not COUNTS & set(self.frame):
            _refuse_counts(frame)
        if hidden is None:
            kept = [name for name in self.flagged if name in frame]
            hidden = self.hidden.loc[frame.index, kept]
        return _made(frame, hidden)


def _made(frame: pd.DataFrame, hidden: pd.DataFrame) -> Shown:
    """Return rows that the rules allow to be shown."""
    return Shown(frame, hidden, _SEAL)


def public(frame: pd.DataFrame) -> Shown:
    """Return rows that count nobody, as they are.

    Examples
    --------
    >>> public(pd.DataFrame({"places": [12]})).marked
       places
    0      12

    Raises
    ------
    FpiError
        A column counts people: it must be protected first.
    """
    _refuse_counts(frame)
    return _made(frame, pd.DataFrame(index=frame.index))


def _refuse_counts(frame: pd.DataFrame) -> None:
    for name in frame:
        if name in COUNTS and pd.to_numeric(frame[name], errors="coerce").notna().any():
            raise FpiError(
                "cette colonne compte des personnes : de petits effectifs pourraient s'y lire. "
                "Protégez-la d'abord (disclosure.protect, ou show_alone pour un résultat seul).",
                colonne=str(name),
            )


def show_alone(frame: pd.DataFrame, thresholds: Thresholds, *, year: str | None = None) -> Shown:
    """Return a result's rows without small counts of people.

    A row with one loses all that would give it back. Totals may be known from elsewhere: others
    are hidden too, the smallest of those that count somebody, until two are hidden at least and
    what the hidden ones add up to leaves to each the width of the protection. With a column
    ``year``, those of each year are: its total may be known, and no later report, which has more
    years, shows a row that another had hidden.
    """
    people = [name for name in PEOPLE if name in frame]
    if not people:
        return public(frame)
    counts = frame[people].astype(float)
    if rated := {"leavers", "employed"} <= set(people):
        counts["rest"] = counts["leavers"] - counts["employed"]
    lost: pd.Series = small(_whole(counts), thresholds).any(axis=1)
    if rated:
        lost |= below(counts["leavers"], thresholds)
    years = [np.arange(len(frame))] if year is None else frame.groupby(year).indices.values()
    for rows in years:
        lost.iloc[rows] = _with_others(counts.iloc[rows], lost.iloc[rows], thresholds)
    names = [name for name in (*people, *TELLING) if name in frame]
    out = frame.copy()
    for name in names if lost.any() else ():
        out[name] = out[name].mask(lost)
    return _made(out, pd.DataFrame(dict.fromkeys(names, lost), index=frame.index))


def _with_others(counts: pd.DataFrame, lost: pd.Series, thresholds: Thresholds) -> np.ndarray:
    """Return which rows are hidden, once their known total gives none of them back."""
    size, lost = counts.iloc[:, 0], lost.copy()
    others = size[~lost & (size > 0)].sort_values(kind="stable").index
    for row in others if lost.any() else ():
        room = counts[lost].sum(min_count=1) - lost.sum()  # of one row, the others at one each
        if lost.sum() > 1 and not (room < thresholds.width).any():
            break
        lost[row] = True
    return lost.to_numpy()


def share_told(part: float, rest: float, thresholds: Thresholds) -> bool:
    """Return whether the share of a part may be told: neither it nor the rest is few or nobody."""
    few = min(part, rest) < thresholds.effectif_minimum
    return not (few or part + rest < thresholds.denominateur_minimum)


def _whole(counts: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    """Return estimated counts of people as whole ones; less than one is not nobody."""
    return counts.round().mask((counts > 0) & (counts < 1), np.float64(1))
