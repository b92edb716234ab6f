"""Employment counts that the publisher hides: aggregated first, recovered, then bounded.

A hidden count is unknown, not zero. What can be recovered from other published rates is used in
sums large enough to be shown and never printed by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.disclosure import Thresholds
from fpi_eval.disclosure.rules import below
from fpi_eval.errors import FpiError
from fpi_eval.regression.partial import Bounds, clustered_sum_error, imbens_manski
from fpi_eval.results import Result

PUBLISHER = Thresholds()  # a rate on fewer than 20 leavers is hidden
METHOD = (
    "Un effectif masqué (moins de {minimum} sortants) est inconnu, non nul : la borne basse compte "
    "tous ces sortants sans emploi, la haute tous en emploi (Manski, 2003). Ce que les autres taux "
    "publiés déterminent exactement entre dans les sommes et n'est jamais montré seul. Intervalle "
    "à 95 % du nombre lui-même, non de l'ensemble des possibles (Imbens et Manski, 2004), erreurs "
    "groupées."
)


def recover(
    n: np.ndarray, favourable: np.ndarray, continuing: np.ndarray, *, digits: int = 0
) -> np.ndarray:
    """Return the employed count behind rounded rates where it is a single integer, else NaN.

    Final-year students either go on studying or leave; « devenir favorable » adds those who go
    on and those employed, so employed = favourable × n − continuing × n.

    Parameters
    ----------
    n : array (n_cells,)
        Final-year students.
    favourable, continuing : array (n_cells,)
        Published rates, 0..1, rounded to ``digits`` digits of a percentage.
    """
    high = _integers(n, favourable, digits)
    low = _integers(n, continuing, digits)
    unique = (high[0] == high[1]) & (low[0] == low[1])
    found = high[0] - low[0]
    return np.where(unique & (found >= 0), found, np.nan)


def _integers(n, rate, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest integer counts whose rate rounds to the published one."""
    n, rate = np.asarray(n, float), np.asarray(rate, float)
    half = 0.5 / 10 ** (digits + 2)
    # A rate exactly half-way may have been rounded either way: both ends are included.
    first = np.ceil(n * (rate - half) - 1e-9)
    last = np.floor(n * (rate + half) + 1e-9)
    first, last = np.maximum(first, 0), np.minimum(last, n)
    return np.where(first > last, np.nan, first), np.where(first > last, np.inf, last)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EmploymentBounds(Result):
    """Employed leavers of a set of cells when some are hidden.

    ``table`` has one row per group: leavers (known), employed (known), hidden_cells,
    hidden_share (of final-year students), low, high (all hidden leavers unemployed, all
    employed), ci_low, ci_high (Imbens–Manski). Recovered counts are inside the sums only.
    """

    caption = "Sortants en emploi, entre deux bornes"
    unite = "effectif"

    table: pd.DataFrame
    by: tuple[str, ...]
    n_recovered: int = field(repr=False, default=0)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group."""
        return self.table.copy()

    def summary(self) -> str:
        """Return one French sentence a group."""
        lines = []
        for row in self.table.itertuples():
            name = ", ".join(str(getattr(row, key)) for key in self.by) or "Ensemble"
            lines.append(
                f"{name} : de {text.nombre(row.low)} à {text.nombre(row.high)} sortants en emploi "
                f"({text.pourcent(row.hidden_share, 0)} des élèves dans des cellules masquées ; "
                f"intervalle à 95 % de {text.nombre(row.ci_low)} à {text.nombre(row.ci_high)})."
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of each group inside its interval."""
        names = [
            ", ".join(str(getattr(r, key)) for key in self.by) or "Ensemble"
            for r in self.table.itertuples()
        ]
        xlabel = "Sortants en emploi : bornes et intervalle à 95 %"
        return plots.ranges(self.table.assign(label=names), ax, xlabel=xlabel)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return METHOD.format(minimum=PUBLISHER.denominateur_minimum)


def bounds(
    cells: pd.DataFrame,
    outcome: str = "en_emploi_6_mois",
    *,
    by: Sequence[str] = (),
    cluster: str = "uai",
    digits: int = 0,
) -> EmploymentBounds:
    """Return how many leavers are employed, hidden cells all 0 to all 1, by group.

    Parameters
    ----------
    cells : DataFrame
        One row per cell: ``terminale`` (final-year students), ``sortants`` (NaN if hidden), the
        outcome (NaN if hidden), the columns of ``by`` and ``cluster``; optionally
        ``taux_devenir_favorable`` and ``taux_poursuite`` (0..1, rounded), from which hidden
        counts are recovered where rounding leaves a single integer.

    Notes
    -----
    Leavers of a hidden cell are known from `taux_poursuite` when it is published; otherwise they
    are at most 19 (`PUBLISHER`) and at most the final-year students.
    """
    missing = [c for c in ("terminale", "sortants", outcome, cluster, *by) if c not in cells]
    if missing:
        raise FpiError(f"colonne absente : {missing[0]}.", colonne=missing[0])
    rows = _ends(cells, outcome, digits)
    groups = [((), rows)] if not by else list(rows.groupby(list(by), sort=True))
    table = pd.DataFrame([_group(key, part, outcome, cluster) for key, part in groups])
    names = [
        "leavers",
        "employed",
        "hidden_cells",
        "hidden_share",
        "low",
        "high",
        "ci_low",
        "ci_high",
    ]
    table.columns = [*by, *names]
    return EmploymentBounds(table, tuple(by), int(rows["recovered"].sum()))


def _ends(cells: pd.DataFrame, outcome: str, digits: int) -> pd.DataFrame:
    """Return the cells with the least and most employed that what is published allows."""
    hidden = cells[outcome].isna().to_numpy()
    n = cells["terminale"].to_numpy(float)
    leavers = cells["sortants"].to_numpy(float)
    most = np.where(np.isnan(leavers), np.minimum(PUBLISHER.largest_hidden, n), leavers)
    found = np.full(len(cells), np.nan)
    if "taux_poursuite" in cells:
        continuing = cells["taux_poursuite"].to_numpy(float)
        stay = _integers(n, continuing, digits)[0]
        most = np.where(np.isnan(leavers) & ~np.isnan(stay), np.minimum(most, n - stay), most)
        if "taux_devenir_favorable" in cells:
            found = recover(n, cells["taux_devenir_favorable"], continuing, digits=digits)
            found = np.where(found <= most, found, np.nan)
    exact = hidden & ~np.isnan(found)
    known = cells[outcome].to_numpy(float)
    low = np.where(hidden, np.where(exact, found, 0.0), known)
    high = np.where(hidden, np.where(exact, found, most), known)
    return cells.assign(low=low, high=high, recovered=exact, masked=hidden & ~exact)


def _group(key, part: pd.DataFrame, outcome: str, cluster: str) -> tuple:
    low, high = part["low"].to_numpy(), part["high"].to_numpy()
    clusters = part[cluster].to_numpy()
    errors = [clustered_sum_error(v, clusters) for v in (low, high)]
    found: Bounds = imbens_manski(low.sum(), high.sum(), *errors)
    share = part.loc[part["masked"], "terminale"].sum() / part["terminale"].sum()
    key = key if isinstance(key, tuple) else (key,)
    return (
        *key,
        part["sortants"].sum(),
        part[outcome].sum(),
        int(part["masked"].sum()),
        share,
        found.low,
        found.high,
        found.ci_low,
        found.ci_high,
    )


def aggregated(
    cells: pd.DataFrame, by: Sequence[str], outcome: str = "en_emploi_6_mois"
) -> pd.DataFrame:
    """Return sums over coarser sets, rates only where the leavers of the sum reach the minimum.

    Numerator and denominator add the cells where both are known; ``hidden_share`` says how many
    leavers are in the others.
    """
    both = cells[outcome].notna() & cells["sortants"].notna()
    marked = cells.assign(
        numerator=cells[outcome].where(both),
        denominator=cells["sortants"].where(both),
        out=cells["terminale"].where(~both, 0.0),
    )
    sums = marked.groupby(list(by))[["numerator", "denominator", "out", "terminale"]].sum()
    sums["hidden_share"] = sums["out"] / sums["terminale"]
    few = below(sums["denominator"], PUBLISHER)
    sums["rate"] = (sums["numerator"] / sums["denominator"]).mask(few)
    return sums.drop(columns=["out", "terminale"]).reset_index()
