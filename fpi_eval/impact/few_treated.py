"""J with few treated establishments: bootstrap from 5 to 19, permutation below, placebo for one."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import SEATS, alone, effects, paths, scale
from fpi_eval.impact.uncertainty import ChosenInterval, Clusters, error
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import choose, randomization
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.choice import RULES
from fpi_eval.regression.counterfactual import inverse_root
from fpi_eval.regression.linear import LinearFit
from fpi_eval.regression.randomization import RandomizationTest, assignments
from fpi_eval.regression.sandwich import codes
from fpi_eval.regression.wild import DRAWS, WildDesign, WildTest, affordable_draws

BATCH = 50
MOVES = 399


def interval_of_gross(
    frame: Sample,
    fit: LinearFit,
    clusters: Clusters,
    by_etab: np.ndarray,
    covariates: Sequence[str] = (),
) -> ChosenInterval | None:
    """Return the interval the rule of `choose` gives to the gross effect; None from 20 on.

    ``by_etab`` are influences of the coefficients by establishment, (G, k).
    """
    rule, at = choose(clusters.n_treated_etab), fit.position(SEATS)
    std_error = error(by_etab[:, at])
    if rule.key in ("cr1", "wild"):
        return wild_interval(fit, at, clusters, std_error)
    value = float(fit.coefficients[at])
    test = moved_openings(
        frame,
        value,
        std_error,
        with_interval=rule.has_interval,
        proportional=fit.weights is not None,
        covariates=covariates,
    )
    name = f"{rule.name} ({len(test.placebos)} déplacements, p ne peut descendre sous "
    name += f"{test.floor:.3f})".replace(".", ",")
    return ChosenInterval(std_error, test.ci_low, test.ci_high, test.p_value, name)


def wild_design(fit: LinearFit, j: int, clusters: Clusters, *, draws: int = DRAWS) -> WildDesign:
    """Return the wild bootstrap of one coefficient of a fit (Anderson-Rubin form).

    The tested value b leaves ``Y - b S``, which under the null no opening explains; exposures
    enter as they are. Clusters are départements when enough of them are treated. It holds no
    outcome: the same serves all those regressed on the same variables.
    """
    cluster = clusters.dep if clusters.wide else clusters.etab
    others = np.delete(fit.endogenous, j, axis=1)
    return WildDesign(
        fit.instruments[:, j],
        others,
        cluster,
        endogenous=fit.endogenous[:, j],
        n_parameters=fit.n_parameters(cluster),
        effects=fit.absorber,
        weights=fit.weights,
        draws=min(draws, affordable_draws(np.unique(cluster).size)),
    )


def wild_interval(
    fit: LinearFit, j: int, clusters: Clusters, std_error: float
) -> ChosenInterval | None:
    """Return the wild bootstrap interval of a group with few opened establishments, else None."""
    if choose(clusters.n_treated_etab).key != "wild":
        return None
    return said(wild_design(fit, j, clusters).test(fit.y), std_error, clusters)


def said(test: WildTest, std_error: float, clusters: Clusters) -> ChosenInterval:
    """Return the interval of a bootstrap; its rule says its clusters, which the error's may not be.

    The error beside it, that calibration and ratios take, is always by establishment.
    """
    level, n = clusters.narrow, clusters.n_treated_etab
    if clusters.wide:
        level, n = "département", clusters.n_treated_dep
    rule = next(rule.name for rule in RULES if rule.key == "wild")
    rule = rule.replace("par groupe", f"par {level} ({text.pluriel(n, 'traité')})")
    return ChosenInterval(std_error, test.ci_low, test.ci_high, test.p_value, rule)


def moved_openings(
    frame: Sample,
    observed: float,
    std_error: float,
    *,
    with_interval: bool = True,
    proportional: bool = True,
    covariates: Sequence[str] = (),
) -> RandomizationTest:
    """Return the permutation test that moves each treated establishment's openings elsewhere.

    An opening goes to the same course where the new establishment teaches it, to another of its
    courses otherwise; doses and dates follow. Eligible: establishments of the sample, all
    regions, untouched by the seats opened around them or treated, with enough courses. Where a
    treated one has too few, no move is the actual placement, which is then added to them. Each
    covariate has its slope by session, in every placement as in J.
    """
    touched = (frame["dose"] == 0) & (frame[["exposure_etab", "exposure_dep"]] != 0).any(axis=1)
    frame = alone(frame[~touched])
    n = scale(frame, proportional=proportional)
    openings = paths_of(frame)
    homes = _homes(frame, max((len(p) for p in openings), default=0))
    absorber = Absorber(effects(frame), n)
    outcomes = np.column_stack([frame["y"], frame["dose"]]) / n[:, None]
    net = absorber.residualize(outcomes) * n[:, None]
    own_paths = slopes(frame, absorber, n, covariates)
    net -= n[:, None] * (own_paths @ (own_paths.T @ net))
    moves, exact = assignments(len(homes), len(openings), MOVES, seed=0)
    found, place = [], Placement(frame)
    while batch := [place(openings, [homes[h] for h in m]) for m in islice(moves, BATCH)]:
        found.append(moved_walds(batch, net, absorber, n, own_paths))
    placebos, shifts = np.vstack(found).T
    keep = np.isfinite(placebos) & np.isfinite(shifts)
    dose = frame["dose"].to_numpy()
    rows = np.flatnonzero(dose)
    here = [dict(zip(rows.tolist(), dose[rows].tolist(), strict=True))]
    own = moved_walds(here, net, absorber, n, own_paths)[0, 0]
    return randomization(
        own if np.isfinite(own) else observed,
        placebos[keep],
        shifts=shifts[keep] if with_interval else None,
        exact=exact and bool(keep.all()) and set(frame["uai"].to_numpy()[rows]) <= set(homes),
        std_error=std_error,
    )


def slopes(
    frame: pd.DataFrame, absorber: Absorber, n: np.ndarray, covariates: Sequence[str]
) -> np.ndarray:
    """Return covariates' paths net of effects, orthonormal under the weights n; (rows, 0) if none.

    Paths that effects or other paths already hold are left out.
    """
    own = np.column_stack([np.empty((len(frame), 0)), *paths(frame, covariates).values()])
    root, net = np.sqrt(n)[:, None], absorber.residualize(own)
    return net @ inverse_root(root * net, root * own)[0]


def moved_walds(
    doses: list[dict[int, float]],
    net: np.ndarray,
    absorber: Absorber,
    n: np.ndarray,
    own_paths: np.ndarray,
):
    """Return (placebo, shift) of each moved dose: seat-weighted Wald of outcome, of actual dose.

    Moved doses are nearly all zero: sums by level use their rows alone. ``net`` and seats are net
    of ``own_paths`` (`slopes`) too.
    """
    out = np.empty((len(doses), 2))
    at = [np.fromiter(d, dtype=np.int64) for d in doses]
    seats = [np.fromiter(d.values(), dtype=float) for d in doses]
    first, others = absorber.few(at, seats)
    for m, (rows, s) in enumerate(zip(at, seats, strict=True)):
        fitted = absorber.spread(first[:, [m]], others[:, [m]], rows)[:, 0]
        d = np.sign(s)
        near = own_paths[rows]
        length = d @ (s - n[rows] * fitted) - ((n[rows] * d) @ near) @ (near.T @ s)
        out[m] = d @ net[rows] / length if len(rows) and length > 0 else np.nan
    return out


def paths_of(frame: pd.DataFrame) -> list[list[tuple[str, dict[int, float]]]]:
    """Return, by treated establishment, its opened cells: course, and dose by session."""
    paths: dict[str, dict[int, tuple[str, dict[int, float]]]] = {}
    named = ["uai", "cell", "course", "time", "dose"]
    for row in frame.loc[frame["dose"] != 0, named].itertuples():
        openings = paths.setdefault(row.uai, {})
        openings.setdefault(row.cell, (row.course, {}))[1][row.time] = row.dose
    return [list(openings.values()) for openings in paths.values()]


def _homes(frame: pd.DataFrame, need: int) -> list[str]:
    cells = frame.drop_duplicates("cell").groupby("uai").size()
    homes = list(cells.index[cells >= need])
    if len(homes) < 5:
        raise FpiError("trop peu d'établissements de comparaison pour un test de permutation.")
    return homes


Cells = dict[int, tuple[str, dict[int, int]]]


class Placement:
    """Put openings in the cells of other establishments."""

    def __init__(self, frame: pd.DataFrame) -> None:
        uai, self.names = codes(pd.Categorical(frame["uai"]))
        self.order = np.argsort(uai, kind="stable")
        self.starts = np.searchsorted(uai[self.order], np.arange(len(self.names) + 1))
        course, taught = pd.factorize(frame["course"])
        self.columns = frame["cell"].to_numpy(), course, frame["time"].to_numpy()
        self.taught = taught.tolist()
        self.known: dict[str, Cells] = {}

    def cells(self, uai: str) -> Cells:
        """Return the cells of an establishment: the course taught, and its row by session."""
        if uai in self.known:
            return self.known[uai]
        found = self.known[uai] = {}
        at = self.names.get_loc(uai)
        rows = self.order[self.starts[at] : self.starts[at + 1]]
        columns = (column[rows].tolist() for column in self.columns)
        for row, cell, course, time in zip(rows.tolist(), *columns, strict=True):
            found.setdefault(cell, (self.taught[course], {}))[1][time] = row
        return found

    def __call__(self, paths, homes: list[str]) -> dict[int, float]:
        """Return rows and doses of the openings, put in the given establishments."""
        dose: dict[int, float] = {}
        for openings, home in zip(paths, homes, strict=True):
            free = dict(self.cells(home))
            for course, path in openings[: len(free)]:
                same = [cell for cell, (taught, _) in free.items() if taught == course]
                _, rows = free.pop(same[0] if same else next(iter(free)))
                dose.update({rows[t]: s for t, s in path.items() if t in rows})
        return dose
