"""What the scoreboard judges: one simulated programme, and every estimator's answer on it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.impact import poisson
from fpi_eval.impact.frame import sample
from fpi_eval.impact.imputation import imputation
from fpi_eval.impact.intertemporal import intertemporal
from fpi_eval.impact.j_and_bjs2_t import j_and_bjs2_t
from fpi_eval.impact.stacked import pooled, stack
from fpi_eval.regression import interval
from fpi_eval.results import Estimate
from fpi_eval.twin import TwinParameters
from fpi_eval.twin.applied import Applied
from fpi_eval.twin.draw import observed, seen, simulate
from fpi_eval.twin.truth import Truth, measure
from fpi_eval.twin.world import BURN_IN, YEARS

#: Estimate, standard error, interval, p-value of zero.
Result = tuple[float, float, float, float, float]
MISSING: Result = (np.nan,) * 5

CODED = ("uai", "course", "famille", "code_departement", "code_region")


def light_draw(
    p: TwinParameters, seed: int, *outcomes: str, area: str = "code_departement"
) -> tuple[pd.DataFrame, Truth]:
    """Return what some outcomes need of `fpi_eval.twin.draw`: the cells that count, and the truth.

    Codes are integers in the order of the names, and courses outside the targeted filières stay
    only where they have opened neighbours: the estimators give the same numbers three times faster.
    """
    programme, _ = simulate(p, seed)
    kept = np.flatnonzero(_matters(programme, area))
    cells, years = programme.world.cells.iloc[kept], YEARS[BURN_IN:]
    row = np.repeat(np.arange(len(kept)), len(years))
    table = {name: cells[name].to_numpy()[row] for name in ("cell", "duree")}
    table["filiere"] = pd.Categorical(cells["filiere"])[row]
    table |= {name: pd.factorize(cells[name], sort=True)[0][row] for name in CODED}
    if area not in CODED:
        table["voisinage"] = pd.factorize(cells[area], sort=True)[0][row]
    table["rentree"] = np.tile(years, len(kept))
    counts = observed(programme)
    arrays = {name: counts[name] for name in dict.fromkeys(("entrants", "terminale", *outcomes))}
    arrays |= {"seats": programme.declared, "autres_places": programme.world.autres_places}
    table |= {name: values[kept, BURN_IN:].ravel() for name, values in arrays.items()}
    table["nouvelle"] = programme.nouvelle[kept][row]
    return seen(pd.DataFrame(table), p), measure(programme)


def _matters(programme: Applied, area: str) -> np.ndarray:
    """Return the cells that an estimator reads: targeted, or beside an opening, (n_cells,)."""
    cells = programme.world.cells
    moved = (programme.declared != 0).any(axis=1)
    zone = cells[area] + cells["famille"]
    near = [cells["uai"].isin(cells["uai"][moved]), zone.isin(zone[moved])]
    return ((cells["filiere"] != "autre") | near[0] | near[1]).to_numpy()


def truths(panel: pd.DataFrame, truth: Truth, outcome: str) -> dict[str, float]:
    """Return what each estimator aims at, per seat.

    ``theta`` of all seats opened, less those closed; ``theta_suivies`` of the targeted courses that
    existed before (courses created have no past, the library counts them apart), each seat opened
    or closed weighing the same, as in the estimators; ``kappa`` displaced; ``net``, their sum.
    """
    new = panel.loc[panel["nouvelle"], "cell"].unique()
    rows = truth.cells[truth.cells["outcome"] == outcome]
    followed = rows[~rows["cell"].isin(new) & (rows["filiere"] != "autre")]
    opened = np.sign(followed["seats"])
    theta = _share((opened * followed["own"]).sum(), followed["seats"].abs().sum())
    kappa = _share(rows["displaced"].sum(), rows["seats"].abs().sum())
    return {
        "theta": truth.per_seat(outcome)["theta"],
        "theta_suivies": theta,
        "kappa": kappa,
        "net": theta + kappa,
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def lagged(panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the targeted courses with the outcome ``y`` and the seats that can move it, ``dose``.

    Final-year outcomes of rentrée y depend on the seats in force at y − duree + 1.
    """
    table = panel[panel["filiere"] != "autre"].reset_index(drop=True)
    years = table["rentree"].nunique()
    seats = table["seats"].to_numpy().reshape(-1, years)
    duree = table["duree"].to_numpy().reshape(-1, years)[:, 0]
    dose = seats.copy()
    if outcome not in ("entrants", "voeux_1", "places"):
        for d in np.unique(duree[duree > 1]):
            rows = duree == d
            dose[rows] = np.pad(seats[rows], ((0, 0), (d - 1, 0)))[:, :years]
    return table.assign(y=table[outcome], dose=dose.ravel(), time=table["rentree"])


def _session(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby(["course", "time"]).ngroup()


def naive_before_after(frame: pd.DataFrame) -> Result:
    """Return the rise per seat of the opened cells, after minus before, no comparison."""
    ever = frame.groupby("cell")["dose"].transform("max") > 0
    rows = frame[ever]
    opened = rows["dose"] > 0
    before = rows["y"].where(~opened).groupby(rows["cell"]).transform("mean")
    gain = (rows["y"] - before)[opened]
    sums = pd.DataFrame({"gain": gain, "seats": rows["dose"][opened], "uai": rows["uai"][opened]})
    by_site = sums.groupby("uai").sum()
    theta = by_site["gain"].sum() / by_site["seats"].sum()
    score = by_site["gain"] - theta * by_site["seats"]
    count = len(by_site)
    spread = np.sqrt((score**2).sum() * count / max(count - 1, 1)) / by_site["seats"].sum()
    return _interval(theta, spread, count - 1)


def twfe_dose(frame: pd.DataFrame) -> Result:
    """Return the coefficient of seats with cell and rentrée effects (weights large openings)."""
    return _within(frame, frame["time"], "dose")


def twfe_binary(frame: pd.DataFrame) -> Result:
    """Return the coefficient of "has opened seats" with cell and rentrée effects, per seat."""
    mean = frame["dose"][frame["dose"] > 0].mean()
    found = _within(frame, frame["time"], "opened")
    return (*(value / mean for value in found[:4]), found[4])


def dose_course_session(frame: pd.DataFrame) -> Result:
    """Return the coefficient of seats with cell and course × rentrée effects."""
    return _within(frame, _session(frame), "dose")


def wald_course_session(frame: pd.DataFrame) -> Result:
    """Return seats instrumented by "has opened seats": every seat weighs the same."""
    return _within(frame, _session(frame), "dose", "opened")


def _within(frame: pd.DataFrame, period: pd.Series, x: str, z: str | None = None) -> Result:
    """Return the (instrumented) slope after absorbing cells and periods, clustered by UAI.

    The panel is balanced within each course, so that one pass of means absorbs both exactly.
    """
    frame = frame.assign(opened=(frame["dose"] > 0).astype(float))
    rows = frame.loc[:, ["y", x, *([z] if z and z != x else [])]]
    cell, time = frame["cell"].to_numpy(), pd.factorize(period)[0]
    # Courses balance separately: the grand mean is that of the rows sharing the same periods.
    if period.nunique() == frame["time"].nunique():
        block = np.zeros(len(frame), dtype=int)
    else:
        block = pd.factorize(frame["course"])[0]
    clean = rows - rows.groupby(cell).transform("mean") - rows.groupby(time).transform("mean")
    clean = clean + rows.groupby(block).transform("mean")
    instrument = clean[z or x].to_numpy()
    bread = instrument @ clean[x].to_numpy()
    slope = instrument @ clean["y"].to_numpy() / bread
    error = clean["y"].to_numpy() - slope * clean[x].to_numpy()
    score = pd.Series(instrument * error).groupby(frame["uai"].to_numpy()).sum()
    groups = len(score)
    # Cell effects are nested in the cluster and not counted; period effects are.
    size, used = len(frame), time.max() + 1
    factor = groups / (groups - 1) * (size - 1) / (size - used - 1)
    return _interval(slope, np.sqrt(factor * (score**2).sum()) / abs(bread), groups - 1)


def _interval(estimate: float, std_error: float, degrees: int) -> Result:
    low, high, p_value = interval(estimate, std_error, max(degrees, 1))
    return float(estimate), float(std_error), low, high, p_value


def from_estimate(found: Estimate) -> Result:
    """Return the five numbers of an estimate of the library."""
    return found.estimate, found.std_error, found.ci_low, found.ci_high, found.p_value


#: Estimators written here, on the table of `lagged`: answers that are common and often wrong.
NAIVE: dict[str, Callable[[pd.DataFrame], Result]] = {
    "avant/après naïf": naive_before_after,
    "deux effets fixes, dose": twfe_dose,
    "deux effets fixes, oui/non": twfe_binary,
    "dose, formation × session": dose_course_session,
    "Wald, formation × session": wald_course_session,
}
#: The library's, on the cell panel: name → estimand.
LIBRARY: dict[str, str] = {
    "J, effet brut": "theta_suivies",
    "BJS2-T": "theta_suivies",
    "J, effet net": "net",
    "J, déplacement": "kappa",
    "imputation par place": "theta_suivies",
    "imputation de Poisson": "theta_suivies",
    "empilement": "theta_suivies",
    "intertemporel": "theta_suivies",
}
ESTIMATORS = {**LIBRARY, **dict.fromkeys(NAIVE, "theta")}


def answers(panel: pd.DataFrame, outcome: str) -> dict[str, Result]:
    """Return every estimator's answer on one draw; no answer is five missing numbers."""
    frame = lagged(panel, outcome)
    found = dict.fromkeys(ESTIMATORS, MISSING)
    found |= {name: estimator(frame) for name, estimator in NAIVE.items()}
    for names, compute in FITS:
        try:
            items = compute(panel, outcome)
        except FpiError:
            continue
        found |= {name: from_estimate(item) for name, item in zip(names, items, strict=False)}
    return found


#: Rows given by one fit, and the fit: `j_and_bjs2_t` gives four rows, and their gap.
FITS = (
    (("J, effet brut", "J, déplacement", "J, effet net", "BJS2-T"), j_and_bjs2_t),
    (("imputation par place",), lambda panel, y: [imputation(panel, y)]),
    (("imputation de Poisson",), lambda panel, y: [poisson.poisson_imputation(panel, y)]),
    (("empilement",), lambda panel, y: [pooled(stack(sample(panel, y)))]),
    (("intertemporel",), lambda panel, y: [intertemporal(panel, y)]),
)
