"""How one region's courses moved relative to the same courses elsewhere: one treated region.

With a single treated region no clustered error can be trusted (a cluster-robust t rejects a true
null 65 % of the time with one treated cluster of 20), so inference is the placebo distribution:
the same regression with each other region in the treated one's place, and no interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.absent import Absent, attempt
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.regression.absorb import Absorber, counted_rank, interaction
from fpi_eval.regression.linear import solve
from fpi_eval.regression.sandwich import cr1
from fpi_eval.results import Result

TOLERANCE, MAX_STEPS = 1e-10, 100


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients, clustered covariance and fitted values of an absorbed regression."""

    coefficients: np.ndarray
    covariance: np.ndarray
    fitted: np.ndarray = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegionalChange(Result):
    """Relative change of a region's numbers, by period, beside what the other regions show.

    ``table`` has one row per period: period, change (0.03 is 3 % more than the same courses
    elsewhere), std_error (clustered by region, shown for completeness only), observed,
    expected, difference (persons), rank, n_regions, p_value.
    """

    caption = "Écart de la région aux autres régions"

    outcome: str
    reference: str
    table: pd.DataFrame
    placebos: pd.DataFrame = field(repr=False)
    n_cells: int
    n_regions: int
    voie: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per period."""
        return self.table.assign(outcome=self.outcome, reference=self.reference)

    def summary(self) -> str:
        """Return French sentences: size, place among the regions, what it cannot say."""
        lines = [
            f"{row.period} : {text.signe(row.difference)} personnes, soit "
            f"{text.signe(100 * row.change, 1)} % par rapport aux mêmes formations des autres "
            f"régions depuis {self.reference} ; écart de rang {row.rank} sur {row.n_regions} "
            f"en taille (p = {text.nombre(row.p_value, 2)})."
            for row in self.table.itertuples()
        ]
        limit = (
            f"Une seule région est concernée : avec {self.n_regions} régions, p ne peut descendre "
            f"sous {text.nombre(1 / self.n_regions, 3)}, et aucun intervalle n'est donné. "
            "Cet écart décrit un mouvement ; il ne mesure pas l'effet d'un programme."
        )
        return "\n".join([*lines, limit])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the region's change beside those of the other regions, period by period."""
        return plots.among(self.placebos, self.table.set_index("period")["change"], ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return (
            "Régression de Poisson (pseudo-maximum de vraisemblance) avec effets région × "
            "formation et formation × millésime, sur les formations dont l'effectif est publié à "
            "tous les millésimes ; l'écart est exp(b) − 1. Inférence par placebo : la même "
            "régression est faite pour chaque autre région (MacKinnon et Webb, 2020). Plusieurs "
            "comparaisons se lisent ensemble : le plus grand écart d'une région, rapporté à "
            "l'écart ordinaire de toutes, est classé parmi ceux des autres (Westfall et Young, "
            "1993). L'erreur groupée par région est donnée pour mémoire : avec un seul groupe "
            "traité, elle n'est pas fiable. Deux millésimes qui se suivent partagent une cohorte : "
            "leurs écarts ne sont pas indépendants."
        )


def ppml(
    y: np.ndarray,
    x: np.ndarray,
    effects: list[np.ndarray],
    cluster: np.ndarray,
    *,
    start: np.ndarray | None = None,
) -> Fit:
    """Return Poisson pseudo-maximum likelihood with absorbed effects and CR1 errors.

    Iteratively reweighted least squares, each step an absorbed weighted regression (Correia,
    Guimarães, Zylkin, 2020). ``y`` must be positive somewhere in each effect's level: drop
    separated observations first. ``start``: fitted values of a regression alike, steps nearer.

    Raises
    ------
    FpiError
        If the iterations do not settle.
    """
    mu = (y + y.mean()) / 2 if start is None else start
    eta, deviance = np.log(mu), np.inf
    for _ in range(MAX_STEPS):
        working = eta + (y - mu) / mu
        absorber = Absorber(effects, mu)
        left = absorber.residualize(np.column_stack([working, x]))
        slopes = solve(left[:, 1:], left[:, 0], mu)
        eta = working - left[:, 0] + left[:, 1:] @ slopes
        mu = np.exp(eta)
        new = 2 * np.sum(np.where(y > 0, y * np.log(np.where(y > 0, y, 1) / mu), 0) - (y - mu))
        if abs(new - deviance) < TOLERANCE * (abs(new) + 0.1):
            break
        deviance = new
    else:
        raise FpiError("la régression de Poisson ne converge pas : trop peu de données.")
    absorber = Absorber(effects, mu)
    xs = absorber.residualize(x)
    bread = np.linalg.inv(xs.T @ (xs * mu[:, None]))
    k = x.shape[1] + counted_rank(absorber, effects, cluster)
    covariance = cr1(bread, xs * (y - mu)[:, None], cluster, k)
    return Fit(slopes, covariance, mu)


CELL = ("code_region", "course", "voie")


@known_options
def regional_change(
    panel: pd.DataFrame,
    outcome: str,
    *,
    region: Sequence[str],
    reference: str | None = None,
) -> RegionalChange:
    """Return how the region's numbers moved relative to the same courses in other regions.

    Parameters
    ----------
    panel : DataFrame
        One row per code_region × course × voie × millesime, with the outcome's count.
    outcome : str
        A count: ``terminale`` or ``en_emploi_6_mois``.
    region : str or sequence of str
        INSEE code of the treated region; several are taken together, against each other one.
    reference : str, optional
        Millésime that the others are compared with; the first by default.
    """
    coding.needed(panel, *CELL, "millesime")
    panel = coding.with_numbers(panel, [outcome])
    codes = tuple(map(str, region))
    if not codes:
        raise FpiError("aucune région : donnez le code de celle à comparer (region=…).")
    panel = panel.assign(code_region=coding.labels(panel, "code_region").astype(str))
    frame, region = balanced(panel, outcome, codes), "+".join(codes)
    periods = sorted(frame["millesime"].unique())
    reference = reference or next(iter(periods), "")
    later = [period for period in periods if period != reference]
    if not set(codes) <= set(frame["code_region"]) or not later:
        raise FpiError(
            "pour comparer la région aux autres, il faut au moins deux millésimes et des "
            "formations présentes à chacun d'eux dans la région et ailleurs."
        )
    if reference not in periods:
        raise FpiError(
            f"millésime de référence « {reference} » inconnu. Attendu : {text.liste(periods)}."
        )
    place = frame["code_region"].mask(frame["code_region"].isin(codes), region)
    totals = frame.groupby([place, "millesime"])[outcome].sum().unstack()  # noqa: PD010
    if none := [period for period in periods if totals.loc[region, period] == 0]:
        raise FpiError(f"aucun effectif de la région pour {text.liste(none)} : rien à comparer.")
    totals = totals[(totals > 0).all(axis=1)]  # a region that had nobody has no change
    regions = {code: list(codes) if code == region else [code] for code in sorted(totals.index)}
    fits = _fit_regions(frame, outcome, regions, later)
    changes = pd.DataFrame(
        {code: np.expm1(f.coefficients) for code, f in fits.items()}, index=later
    )
    table = pd.DataFrame(
        [
            _period_row(frame, outcome, regions[region], period, i, fits[region], changes)
            for i, period in enumerate(later)
        ]
    )
    cells = frame.groupby(["code_region", "course", "voie"]).ngroups
    return RegionalChange(outcome, reference, table, changes.T, cells, len(regions))


def balanced(panel: pd.DataFrame, outcome: str, together: Sequence[str] = ()) -> pd.DataFrame:
    """Return the cells whose outcome is known in every millésime and that can be compared.

    A course with no count at all in a millésime, or present in a single region (regions taken
    ``together`` are one), carries no information and is left out.
    """
    keys = list(CELL)
    frame = panel.dropna(subset=[outcome])
    everywhere = frame["millesime"].nunique()
    while True:
        size = len(frame)
        cell = frame.groupby(keys)[outcome]
        frame = frame[(cell.transform("size") == everywhere) & (cell.transform("sum") > 0)]
        place = frame["code_region"].mask(frame["code_region"].isin(together), "")
        course = place.groupby([frame["course"], frame["voie"]])
        frame = frame[course.transform("nunique") > 1]
        year = frame.groupby(["course", "voie", "millesime"])[outcome].transform("sum") > 0
        frame = frame[year]
        if len(frame) == size:
            break
    return frame.reset_index(drop=True)


def _fit_regions(
    frame: pd.DataFrame, outcome: str, regions: dict[str, list[str]], later: list[str]
) -> dict[str, Fit]:
    """Return the fit in which each region is the treated one, begun where the last one ended."""
    cell, course_year, clusters = _effects(frame)
    y, place = frame[outcome].to_numpy(float), frame["code_region"]
    fits, fitted = {}, None
    for name, codes in regions.items():
        treated = place.isin(codes).to_numpy()
        x = np.column_stack([treated & (frame["millesime"] == period) for period in later])
        fits[name] = ppml(y, x.astype(float), [cell, course_year], clusters, start=fitted)
        fitted = fits[name].fitted
    return fits


def _effects(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    course = interaction(frame["course"].to_numpy(), frame["voie"].to_numpy())
    return (
        interaction(course, frame["code_region"].to_numpy()),
        interaction(course, frame["millesime"].to_numpy()),
        frame["code_region"].to_numpy(),
    )


def _period_row(
    frame: pd.DataFrame,
    outcome: str,
    codes: list[str],
    period: str,
    i: int,
    fit: Fit,
    changes: pd.DataFrame,
) -> dict[str, object]:
    region = "+".join(codes)
    rows = (frame["code_region"].isin(codes) & (frame["millesime"] == period)).to_numpy()
    observed = float(frame.loc[rows, outcome].sum())
    expected = float(fit.fitted[rows].sum() / np.exp(fit.coefficients[i]))
    sizes = np.log1p(changes.loc[period]).abs()
    rank = int((sizes >= sizes[region] - 1e-12).sum())
    change = float(changes.loc[period, region])
    return {
        "period": period,
        "change": change,
        "std_error": float(np.sqrt(fit.covariance[i, i]) * (1 + change)),
        "observed": observed,
        "expected": expected,
        "difference": observed - expected,
        "rank": rank,
        "n_regions": len(sizes),
        "p_value": rank / len(sizes),
    }


@known_options
def regional_changes(
    panel: pd.DataFrame, outcomes: Sequence[str], *, region: Sequence[str]
) -> tuple[RegionalChange, ...] | Absent:
    """Return the region's change by voie and outcome, on the rows whose outcomes are published.

    A voie that cannot be compared is left out; without any, the reason is returned.
    """
    coding.needed(panel, "observe", "voie")
    rows = panel[panel["observe"]]
    found = [
        (voie, attempt(regional_change, rows[rows["voie"] == voie], one, region=region))
        for voie in text.VOIES
        for one in outcomes
    ]
    kept = tuple(replace(one, voie=voie) for voie, one in found if not isinstance(one, Absent))
    return kept or next(one for _, one in found if isinstance(one, Absent))


def joint_rank(changes: Sequence[RegionalChange]) -> tuple[int, int]:
    """Return the region's rank on all comparisons of the last period at once, and among how many.

    A region is as far apart as its largest change, each in units of the root mean square of all
    regions' (in logs). Rank over number is how often chance alone would set one so far apart in
    any comparison (joint placebo: Westfall and Young, 1993).
    """
    last = max(one.placebos.columns.max() for one in changes)
    read = [one for one in changes if last in one.placebos]
    sizes = pd.concat([np.log1p(one.placebos[last]).abs() for one in read], axis=1, join="inner")
    own = [np.log1p(float(one.table.set_index("period").loc[last, "change"])) for one in read]
    scale = np.sqrt((sizes**2).mean().to_numpy())
    largest = (sizes / scale).max(axis=1)
    return int((largest >= np.max(np.abs(own) / scale) - 1e-12).sum()), len(largest)
