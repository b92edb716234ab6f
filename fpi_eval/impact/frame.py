"""The estimation frame that J and BJS2-T share: rows kept, scale, effects, exposures."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.panel import align, coding
from fpi_eval.panel.cells import AT_ENTRY, IDENTIFIERS, targeted_of
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.absorb import compact, interaction

GROSS, DISPLACEMENT, NET = "Effet brut par place", "Déplacement par place", "Effet net par place"


WEIGHTS = {GROSS: (1.0, 0.0, 0.0), DISPLACEMENT: (0.0, 1.0, 1.0), NET: (1.0, 1.0, 1.0)}


SEATS, ETAB, DEP = REGRESSORS = ("places", "exposition_etab", "exposition_dep")
OTHERS = "autres_places"  # seats on another budget: a regressor of J where some are known


EXPOSURES = {ETAB: "exposure_etab", DEP: "exposure_dep"}  # regressor → column of the frame
NEAR = tuple(EXPOSURES.values())

ALIKE = (*AT_ENTRY, "terminale", "presents", "diplomes")  # a student lost is one, anywhere

# What `sample`, `scale`, `effects` and `reach` do, in the words that plan and method print.
SAMPLE_TEXT = (
    "formations des filières visées, dans toutes les régions, sans les formations nouvelles ni "
    "celles qui n'avaient aucun élève avant le programme"
)
SCALE_TEXT = (
    "résultat, places et expositions sont divisés par la taille de la cellule (ses entrants par "
    "an, en moyenne, aux rentrées d'avant la première ouverture de toutes), et chaque observation "
    "pèse cette taille"
)
SLOPE_TEXT = (
    "une pente par an, la même pour toutes les cellules qui ouvrent, de signe contraire pour "
    "celles qui ne font que fermer"
)
#: What ``proportional=False`` does instead, phrase by phrase.
UNSCALED = {
    SCALE_TEXT: "ni division ni pondération par la taille de la cellule",
    SLOPE_TEXT: (
        "une pente par an proportionnelle au plus grand nombre de places que la cellule ouvre "
        "(compté en moins pour celles qui ne font que fermer)"
    ),
}
NEAR_TEXT = (
    "dans le même établissement puis dans la même famille et le même département, ou ce que le "
    "programme déclare à sa place"
)
MOVED_TEXT = "somme des deux autres"
EFFECTS_TEXT = "effets fixes de cellule, de formation × session et de région × session"
REACH_TEXT = (
    "chaque coefficient d'exposition multiplié par l'exposition totale de toutes les cellules, "
    "rapportée au total de leurs places ; pour un résultat d'après l'école, l'exposition des "
    "cellules qui ne sont pas dans la régression compte pour ce qu'un élève y donnait de ce "
    "résultat, avant que rien n'agisse, rapporté à ce qu'il en donnait dans les cellules exposées "
    "de la régression (hypothèse : une place y prend autant d'élèves, et chacun emporte le "
    "résultat moyen de sa formation)"
)


class OnlyCreated(FpiError):
    """Every seat that can act is in a course that the programme created: J has no past to use."""


def sample(
    panel: pd.DataFrame,
    outcome: str,
    *,
    targeted: bool = True,
    niveau: str | None = None,
    created: bool = False,
) -> Sample:
    """Return the estimation frame without new cells: targeted filières of all regions.

    Cells without a student before the programme have no size, hence no untreated path to compare:
    ``created`` keeps the new ones all the same, for totals of a school or of a territory.
    """
    frame = align(panel, outcome)
    if frame.frame.empty:
        raise FpiError(
            "aucune valeur connue, aux années dont on sait les places.",
            colonne=outcome,
            conseil="Prenez un autre résultat, ou complétez la colonne.",
        )
    sized = (frame["size"] > 0).to_numpy()
    new = new_of(frame) & (not created)
    dropped = (
        ("observation de cellule nouvelle", int(new.sum())),
        ("observation de cellule sans élève avant le programme", int((~sized & ~new).sum())),
    )
    keep = (sized & ~new) | (new_of(frame) & created)
    if targeted:
        keep &= targeted_of(frame)
    if niveau is not None:
        if "niveau" not in frame:
            raise FpiError("aucun niveau dans le tableau : retirez l'option.", colonne="niveau")
        if niveau not in (known := [*dict.fromkeys((*text.NIVEAUX, *panel["niveau"].dropna()))]):
            raise FpiError(f"niveau « {niveau} » inconnu : {text.liste(map(str, known))}.")
        keep &= (frame["niveau"] == niveau).to_numpy()
    worth = level(frame, keep)
    kept = frame.of(frame.frame if keep.all() else frame.frame[keep], *dropped)
    out = replace(kept, reach=reach(frame, keep, worth), level=worth)
    if not (out["dose"] != 0).any():
        acting, later = ((frame[name] != 0).to_numpy() for name in ("dose", "lag"))
        raise _nothing_acts(acting, sized, new, bool(later.any()))
    return out


def _nothing_acts(acting: np.ndarray, sized: np.ndarray, new: np.ndarray, later: bool) -> FpiError:
    """Return why no seat of the sample can act, by rows of the whole panel.

    ``later``: the outcome comes after entry, so that entrants could be studied first.
    """
    if not acting.any():
        return FpiError(
            "aucune place ouverte ne peut encore agir sur ce résultat.",
            conseil="Attendez la première session concernée, ou étudiez les entrants."
            if later
            else "Attendez la première session concernée.",
        )
    if sized.any() and (acting & new).any():
        return OnlyCreated(
            "toutes les places qui peuvent agir sont dans des formations nouvelles, sans passé "
            "auquel se comparer : attendre n'y changera rien.",
            conseil="Estimez l'effet sur le total de l'établissement ou du département, qui les "
            "contient avec leurs voisines (fpi.impact.ladder).",
        )
    if (acting & ~sized).any():
        return FpiError(
            "aucun élève connu avant la première ouverture dans les formations qui ouvrent.",
            conseil="Complétez les années d'avant, ou dites à l'estimateur que le tableau n'a pas "
            "d'effectifs (fpi.impact.j(…, size=None)).",
        )
    return FpiError("toutes les places qui peuvent agir sont hors des filières ou du niveau visés.")


def new_of(frame: pd.DataFrame) -> np.ndarray:
    """Return whether each row is of a cell that did not exist before, no row without the column."""
    return frame["nouvelle"].to_numpy(bool) if "nouvelle" in frame else np.zeros(len(frame), bool)


def reach(
    frame: pd.DataFrame,
    inside: np.ndarray,
    worth: Sequence[float],
    columns: Sequence[str] = NEAR,
) -> tuple[float, ...]:
    r"""Return exposure per opened seat: at the establishment and in the département by default.

    .. math:: \frac{\sum_{j \in J} X_j + w \sum_{j \notin J} X_j}{\sum_i S_i}

    It turns coefficients, estimated on the rows ``inside`` J, into a change per opened seat: below
    1 when seats have no untreated neighbour, a little off 1 when neighbours' courses last longer or
    shorter. ``worth`` is `level`.
    """
    seats = frame["dose"].sum()
    if seats == 0:
        return tuple(float((frame[name] != 0).any()) for name in columns)
    return tuple(
        (frame[name] * np.where(inside, 1.0, w)).sum() / seats
        for name, w in zip(columns, worth, strict=True)
    )


def level(frame: Sample, inside: np.ndarray, columns: Sequence[str] = NEAR) -> tuple[float, ...]:
    r"""Return w, what a student is worth of the outcome outside J over inside, by exposure.

    .. math:: w = \frac{\sum_{j \notin J} X_j \bar y_j / n_j \,/ \sum_{j \notin J} X_j}
                     {\sum_{j \in J} X_j \bar y_j / n_j \,/ \sum_{j \in J} X_j}

    with :math:`\bar y_j` the mean outcome of an exposed cell over rows that no seat has moved yet
    and :math:`n_j` its size. It is 1 for students themselves (`ALIKE`), where every neighbour is
    in J, and where no such row is known. It is taken as known in errors: a ratio of means over
    all exposed cells.
    """
    if frame.outcome in ALIKE or inside.all():
        return (1.0,) * len(columns)
    cell, near = frame["cell"].to_numpy(), frame[list(columns)]
    calm = (frame["dose"] == 0) & (near == 0).all(axis=1) & (frame["size"] > 0)
    each = (frame["y"] / frame["size"]).where(calm).groupby(cell).mean()
    read = pd.Series(inside, index=cell).groupby(level=0).any()
    weights = near.abs().groupby(cell).sum()
    return tuple(_ratio(each, weights[name], read) for name in columns)


def _ratio(each: pd.Series, weight: pd.Series, read: pd.Series) -> float:
    """Return the weighted mean of cells that are not read over that of those read, 1 if unknown."""
    known = each.notna() & (weight > 0)
    if not (known & read).any() or not (known & ~read).any():
        return 1.0
    out, inside = (np.average(each[k], weights=weight[k]) for k in (known & ~read, known & read))
    return float(out / inside) if inside > 0 else 1.0


def alone(frame: Sample) -> Sample:
    """Return the sample without the rows where another budget opened seats, counted as dropped.

    They are neither treated by the programme alone nor untouched: every model without these seats
    as a second dose leaves them out.
    """
    other = (frame["other_dose"] != 0).to_numpy()
    if not other.any():
        return frame
    reason = ("observation aux places ouvertes sur un autre budget", int(other.sum()))
    return frame.of(frame.frame[~other], reason)


def with_covariates(frame: Sample, panel: pd.DataFrame, names: Sequence[str]) -> Sample:
    """Return the frame with each cell's mean of columns of the panel before any opening.

    A covariate may be moved by seats years before the outcome is: entrants before graduates.
    """
    if not names:
        return frame
    for name in set(names) & (set(frame) - set(IDENTIFIERS)):
        raise FpiError("les estimateurs se servent de ce nom : renommez-la.", colonne=name)
    early = panel["rentree"] < panel.loc[panel["seats"] != 0, "rentree"].min()
    columns = {name: coding.numbers(panel, name) for name in names}
    before = pd.DataFrame(columns)[early.to_numpy()]
    cell = panel.loc[early, "cell"].to_numpy()
    table = frame.frame.drop(columns=[c for c in names if c in frame])
    table = table.join(before.groupby(cell).mean(), on="cell")
    known = table.dropna(subset=list(names))
    if known.empty:
        raise FpiError(
            "aucune valeur connue avant la première ouverture.", colonne=" », « ".join(names)
        )
    return frame.of(known, ("observation de covariable inconnue", len(table) - len(known)))


def described(
    method: str,
    covariates: Sequence[str] = (),
    *,
    proportional: bool = True,
    rings: Iterable[str] = (),
) -> str:
    """Return a method as it was run: scaled or not, its groups of neighbours, its covariates."""
    said = method
    if not proportional:
        for words, instead in UNSCALED.items():
            said = said.replace(words, instead)
    if names := [f"« {ring} »" for ring in rings]:
        groups = f"un groupe de cellules après l'autre : {text.liste(names)}"
        said = said.replace(NEAR_TEXT, groups).replace(MOVED_TEXT, "somme des autres")
    if not covariates:
        return said
    return (
        f"{said} Covariables ({text.liste(covariates)}) : la moyenne de chacune par cellule, aux "
        "rentrées d'avant la première ouverture de toutes, a une pente propre à chaque session."
    )


def paths(frame: pd.DataFrame, covariates: Sequence[str]) -> dict[str, np.ndarray]:
    """Return covariates by session, the first left out: each has a slope of its own there."""
    return {
        f"{name}, {t}": frame[name].to_numpy(float) * (frame["time"] == t).to_numpy()
        for name in covariates
        for t in np.unique(frame["time"])[1:]
    }


def effects(frame: pd.DataFrame, *, region: bool = True) -> list[np.ndarray]:
    """Return fixed effects: cell, course × session and, by default, region × session."""
    found = [frame["cell"].to_numpy(), interaction(frame["course"], frame["time"])]
    return [*found, interaction(frame["code_region"], frame["time"])] if region else found


def final(cell: pd.Series | np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return each cell's largest value, or its lowest if it never rises above 0, (n_obs,)."""
    codes, n = compact(cell)
    most, least = np.full((2, n), np.nan)
    np.fmax.at(most, codes, values)
    np.fmin.at(least, codes, values)
    return np.where(most > 0, most, least)[codes]


def scale(frame: pd.DataFrame, *, proportional: bool = True) -> np.ndarray:
    """Return what outcomes are divided by, then weighted by: the cell's size, or 1.

    Shocks to a course or a region move a large class by more students than a small one. Divided
    by its size before the programme, a cell follows the effects it shares with others whatever
    its size; weighted by it, every seat and every student weigh what they weighed.
    """
    return frame["size"].to_numpy(float) if proportional else np.ones(len(frame))
