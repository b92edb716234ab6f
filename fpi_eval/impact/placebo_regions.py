"""Placebo regions: what the estimator finds where the programme did not go."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from fpi_eval import plots, text
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.few_treated import Placement, paths_of, slopes
from fpi_eval.impact.frame import alone, effects, sample, scale, with_covariates
from fpi_eval.impact.uncertainty import Candidate, Clusters
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.linear import COLLINEAR
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes
from fpi_eval.results import Result

MINIMUM = 5  # placebo regions from which their spread can be read
COPIES = 8  # in each region: one draw of establishments would double an error, or not, by luck
AT_ONCE = 16  # programmes whose effects are held in memory together
METHOD = (
    "Régions placebo : les ouvertures de la région, doses et dates, recopiées dans des "
    "établissements de chaque région qui n'a rien ouvert, tirés au sort huit fois ; l'effet par "
    "place qu'on y trouve dit de combien l'estimateur s'écarte de zéro sans programme (Abadie, "
    "Diamond et Hainmueller, 2010)."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PlaceboRegions(Result):
    """Effects "found" where nothing was opened.

    ``table`` has code_region, copy, estimate, std_error (by establishment), a row a draw of
    establishments; ``std_error`` is the root mean square of the estimates, with ``df`` degrees of
    freedom: the regions, whatever the copies. ``sites`` are the establishments copied.
    """

    outcome: str
    table: pd.DataFrame
    std_error: float
    df: int
    sites: int
    caption = "Régions placebo"
    methode = METHOD

    def summary(self) -> str:
        """Return one French sentence: how far from zero the estimator is where nothing was done."""
        return (
            f"Dans {text.pluriel(self.df, 'région')} sans ouverture, les mêmes ouvertures "
            f"recopiées donnent des effets par place sur « {self.outcome} » dont l'écart "
            f"quadratique moyen à zéro est de {text.nombre(self.std_error, 3)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per region, the median of its copies, with its own Student interval."""
        table = self.table.groupby("code_region", as_index=False)[["estimate", "std_error"]]
        table = table.median()
        half = stats.t.ppf(0.975, self.sites - 1) * table["std_error"]
        value = table["estimate"]
        return table.assign(ci_low=value - half, ci_high=value + half)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect found in each region and its interval."""
        rows = self.to_frame()
        return plots.estimates(rows.assign(label="Région " + rows["code_region"].astype(str)), ax)


@any_table
def placebo_regions(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    region_effects: bool = True,
    covariates: Sequence[str] = (),
    seed: int = 0,
) -> PlaceboRegions:
    """Return the effect per seat "found" in each untreated region, doses and dates copied there.

    The treated regions' rows leave the sample; their openings are put in establishments of the
    placebo region drawn at random among those with enough courses, `COPIES` times. With 12 regions
    no p-value goes below 1/13. ``covariates`` are those of `j`.
    """
    frame = with_covariates(sample(panel, y, niveau=niveau), panel, covariates)
    table = copied(frame, region_effects=region_effects, covariates=covariates, seed=seed)
    if table.empty:
        raise FpiError("toutes les régions ouvrent des places : il n'y a pas de région placebo.")
    squares = _mean_squares(table, table["estimate"])
    error = float(np.sqrt(squares.mean())) if len(squares) else np.nan
    return PlaceboRegions(y, table, error, len(squares), Clusters.of(alone(frame)).n_treated_etab)


def _mean_squares(table: pd.DataFrame, values: pd.Series) -> np.ndarray:
    """Return the mean square of values over each region's copies; regions without any are out."""
    found = (values**2).where(np.isfinite(values)).groupby(table["code_region"]).mean()
    return found.dropna().to_numpy()


def copied(
    frame: Sample,
    *,
    region_effects: bool = True,
    proportional: bool = True,
    covariates: Sequence[str] = (),
    seed: int = 0,
) -> pd.DataFrame:
    """Return the table of `placebo_regions` of a sample; empty if every region opens seats."""
    treated = frame.loc[frame["dose"] != 0, "code_region"].unique()
    frame = alone(frame)
    paths = paths_of(frame)
    calm = ~frame["code_region"].isin(treated)
    texts = dict.fromkeys(("uai", "course", "code_region"), "category")  # coded: less to copy
    rest = frame[[*texts, "cell", "time", "size", "y", *covariates]].astype(texts)[calm]
    rest = rest.assign(**{name: rest[name].cat.remove_unused_categories() for name in texts})
    regions = rest["code_region"].cat.categories
    if len(regions) == 0:
        return pd.DataFrame({"code_region": [], "estimate": [], "std_error": []})
    doses = _placed(rest, paths, seed)
    n = scale(rest, proportional=proportional)
    absorber = Absorber(effects(rest, region=region_effects), n)
    own = slopes(rest, absorber, n, covariates)
    y = absorber.residualize(rest["y"].to_numpy() / n)
    y = n * (y - own @ (own.T @ (n * y)))
    table = pd.DataFrame(
        {"code_region": np.repeat(regions, COPIES), "copy": np.tile(range(COPIES), len(regions))}
    )
    uai, _ = codes(pd.Categorical(rest["uai"]))
    del rest  # as large as the panel: placebo programmes need the room
    table[["estimate", "std_error"]] = _walds(y, doses, absorber, uai, own)
    return table


def _placed(rest: pd.DataFrame, paths: list, seed: int) -> list[dict[int, float]]:
    """Return by region, then by copy, the rows and doses of the openings copied there."""
    cells = rest.drop_duplicates(["code_region", "cell"])
    place, rng = Placement(rest), np.random.default_rng(seed)
    needs = [len(p) for p in paths]
    known, region = cells["uai"].cat.categories, cells["code_region"].cat.codes.to_numpy()
    pairs = region.astype(np.int64) * len(known) + cells["uai"].cat.codes.to_numpy()
    pairs, courses = np.unique(pairs, return_counts=True)
    names, region = known.to_numpy()[pairs % len(known)], pairs // len(known)
    doses: list[dict[int, float]] = []
    for own in (region == one for one in np.unique(region)):
        doses += [place(paths, _homes(names[own], courses[own], needs, rng)) for _ in range(COPIES)]
    return doses


def _walds(
    y: np.ndarray,
    doses: list[dict[int, float]],
    absorber: Absorber,
    uai: np.ndarray,
    own_paths: np.ndarray,
) -> np.ndarray:
    r"""Return seat-weighted Walds and their clustered errors, one row per placebo programme.

    With d the sign of seats, net of effects and covariates' paths :math:`\tilde d = d - D\hat b`,
    and y the weighted outcome net of them, :math:`D'y = 0`: only the rows with seats count in

    .. math:: \hat\theta = \frac{y'd}{\tilde d'S}, \qquad
              s_g = \sum_{i \in g} d_i (y_i - \hat\theta S_i)
                    - \sum_{i \in g} (D\hat b)_i y_i
                    + \hat\theta \sum_{i \in g} (D\hat b)_i S_i

    and the middle term needs y by establishment and level, one table for all regions.
    """
    weights = np.ones(len(y)) if absorber.weights is None else absorber.weights
    by_effect = [*absorber.by_group(y, uai)]
    by_path = [sum_by(uai, path * y) for path in own_paths.T]
    found = np.full((len(doses), 2), np.nan)
    for start in range(0, len(doses), AT_ONCE):
        rows = [np.fromiter(d, dtype=np.int64) for d in doses[start : start + AT_ONCE]]
        seats = [np.fromiter(d.values(), float) for d in doses[start : start + AT_ONCE]]
        signs = [np.sign(s) * weights[at] for at, s in zip(rows, seats, strict=True)]
        first, others = absorber.few(rows, signs)
        along = np.stack([own_paths[at].T @ d for at, d in zip(rows, signs, strict=True)])
        fitted_of = (first, *np.split(others, absorber.offsets[1:-1]))
        moved = sum(table @ fitted for table, fitted in zip(by_effect, fitted_of, strict=True))
        for path, slope in zip(by_path, along.T, strict=True):
            moved += np.outer(path, slope)
        for m, (at, s) in enumerate(zip(rows, seats, strict=True)):
            fitted = absorber.spread(first[:, [m]], others[:, [m]], at)[:, 0]
            fitted += own_paths[at] @ along[m]
            d = np.sign(s)
            length = (d - fitted) @ s
            if length <= COLLINEAR * (np.abs(d) @ np.abs(s)):  # the effects explain these seats
                continue
            value = d @ y[at] / length
            own = (d - fitted) * (y[at] - s * value) + fitted * y[at]
            scores = np.bincount(uai[at], own, len(moved)) - moved[:, m]
            spread = np.sqrt((scores**2).sum() * len(scores) / max(len(scores) - 1, 1))
            measured = spread > COLLINEAR * np.abs(y[at]).sum()  # not in a single establishment
            found[start + m] = value, spread / length if measured else np.nan
    return found


def candidate(
    frame: Sample,
    std_error: float,
    covariates: Sequence[str] = (),
    *,
    proportional: bool = True,
) -> list[Candidate]:
    r"""Return the clustered error as the placebo regions would correct it, if they call for it.

    A shock of a whole region is invisible to errors clustered inside it, and shows in regions
    where nothing was opened. Regions differ in size, hence each placebo is compared to its own
    clustered error: :math:`f^2 = \frac1{RC} \sum_{r,c} (\hat\theta_{rc} / s_{rc})^2`, over C =
    `COPIES` draws of establishments in each of R regions, is 1 on average without such shocks, and
    the error becomes :math:`f` times ``std_error``, with t(R). It is called for when
    :math:`R f^2` passes the 95 % point of its chi-square; nothing is returned otherwise, nor with
    fewer than `MINIMUM` regions.
    """
    table = copied(frame, proportional=proportional, covariates=covariates)
    squares = _mean_squares(table, table["estimate"] / table["std_error"])
    df, total = len(squares), float(squares.sum())
    if df < MINIMUM or total <= stats.chi2.ppf(0.95, df):
        return []
    error = std_error * np.sqrt(total / df)
    return [Candidate(f"{df} régions placebo, t à {df} degrés de liberté", error, df)]


def _homes(
    names: np.ndarray, courses: np.ndarray, needs: list[int], rng: np.random.Generator
) -> list[str]:
    """Return one establishment per source, without replacement while some are left.

    The largest sources choose first; where none is large enough the largest left is taken.
    """
    order = rng.permutation(len(names))
    sizes = courses[order]
    by_size = np.argsort(-sizes, kind="stable").tolist()
    fits: list[int] = []  # those left that are large enough, the first of them first
    homes, seen = [""] * len(needs), 0
    for j in np.argsort(needs, kind="stable")[::-1].tolist():
        if not fits and seen == len(by_size):
            seen = 0
        while seen < len(by_size) and sizes[by_size[seen]] >= needs[j]:
            heappush(fits, by_size[seen])
            seen += 1
        if fits:
            home = heappop(fits)
        else:
            home, seen = by_size[seen], seen + 1
        homes[j] = names[order[home]]
    return homes
