"""Doses that go up, down and back: equal to the definition, cell by cell and year by year."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from invented import invented_panel

from fpi_eval import impact
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import sample
from fpi_eval.impact.imputation import unexposed
from fpi_eval.panel import align

EXACT = 1e-9


def up_and_down(seed, noise):
    """A panel where half of the opened cells close two years later, some doubling first."""
    panel = invented_panel(seed, noise=noise, etabs=20, opened=24)
    first = panel["rentree"].where(panel["seats"] > 0).groupby(panel["cell"]).transform("min")
    age = panel["rentree"] - first
    kind = panel["cell"] % 3
    seats = panel["seats"].mask((kind == 0) & (age >= 2), 0.0)
    return panel.assign(seats=seats.mask((kind == 1) & (age == 1), 2 * seats))


def by_definition(panel, outcome, seats):
    """The sum over switchers and years, with loops and nothing else.

    ``seats`` is the panel before outcomes were lost, where every dose can be read.
    """
    cells, known = [], align(seats, outcome).frame.sort_values("time", kind="stable")
    doses = {cell: part.set_index("time")["dose"] for cell, part in known.groupby("cell")}
    for cell, part in unexposed(sample(panel, outcome)).frame.groupby("cell"):
        y, dose = dict(zip(part["time"], part["y"], strict=True)), doses[cell]
        base = dose.iloc[0]
        first = next((time for time in dose.index if dose[time] != base), np.inf)
        cells.append((y, dose, part["course"].iloc[0], base, first))
    up = down = 0.0
    for y, dose, course, base, first in cells:
        if first - 1 not in y:
            continue
        sign = np.sign(dose[first] - base)
        for time in (time for time in y if time >= first):
            others = [
                other[time] - other[first - 1]
                for other, _, c, b, f in cells
                if c == course and b == base and f > time and {time, first - 1} <= set(other)
            ]
            if others:
                up += sign * (y[time] - y[first - 1] - np.mean(others))
                down += sign * (dose[time] - base)
    return up / down


@pytest.mark.parametrize(("seed", "lost"), [(3, 0.0), (4, 0.0), (4, 0.3)])
def test_it_is_the_definition(seed, lost):
    seats = up_and_down(seed, 1.0)
    gone = np.random.default_rng(seed).random(len(seats)) < lost
    panel = seats.assign(diplomes=seats["diplomes"].mask(gone))
    found = impact.intertemporal(panel, "diplomes")
    assert found.estimate == pytest.approx(by_definition(panel, "diplomes", seats), abs=EXACT)
    assert 0 < found.std_error < 1


def test_shocks_of_regions_are_those_of_a_regression_on_cells_that_have_not_moved():
    panel = up_and_down(3, 1.0)
    frame = unexposed(sample(panel, "diplomes")).frame
    y, dose = (frame.pivot_table(name, "cell", "time") for name in ("y", "dose"))
    dose = dose.ffill(axis=1).bfill(axis=1)
    moved = dose.ne(dose[dose.columns[0]], axis=0)
    first = moved.idxmax(axis=1).where(moved.any(axis=1), np.inf)
    cells = frame.groupby("cell")[["course", "code_region"]].first().astype(str)
    cells["base"] = dose[dose.columns[0]].astype(str)
    up = down = 0.0
    for year in sorted(set(first[first < np.inf]) - {y.columns[0]}):
        for time in y.columns[y.columns >= year]:
            rows = cells.assign(change=y[time] - y[year - 1]).dropna(subset="change")
            still = rows[first[rows.index] > time]
            seen = (rows["course"] + rows["base"]).isin(still["course"] + still["base"])
            seen &= rows["code_region"].isin(still["code_region"])
            own = rows[(first[rows.index] == year) & seen]
            if own.empty:
                continue
            fit = smf.ols("change ~ C(course + base) + C(code_region)", still).fit()
            since = dose.loc[own.index].sub(dose.loc[own.index, dose.columns[0]], axis=0)
            sign = np.sign(since[year])
            up += (sign * (own["change"] - fit.predict(own))).sum()
            down += (sign * since[time]).sum()
    found = impact.intertemporal(panel, "diplomes", region_effects=True)
    assert found.estimate == pytest.approx(up / down, abs=EXACT)
    assert abs(found.estimate - impact.intertemporal(panel, "diplomes").estimate) > 1e-3


def test_closed_years_are_years_without_seats():
    rng = np.random.default_rng(1)
    n, years = 40, np.arange(2010, 2025)
    seats = np.where((np.arange(n)[:, None] < 14) & (years >= 2016), 12.0, 0.0)
    seats[:7] *= years < 2020
    seats[7:10, 8:] *= 2
    y = 30 + 0.5 * seats + rng.normal(size=(n, 1)) + rng.normal(size=len(years))
    table = pd.DataFrame({
        "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
        "seats": seats.ravel(), "entrants": 30.0, "reussis": y.ravel(),
    })  # fmt: skip
    absent = dict.fromkeys(("course", "region", "cluster", "departement"))
    found = impact.intertemporal(table, "reussis", **absent)
    assert found.estimate == pytest.approx(0.5, abs=EXACT)


@pytest.mark.parametrize("shocks", [False, True])
def test_its_interval_holds_the_truth_nineteen_times_in_twenty(shocks):
    n, years, held, reps = 120, np.arange(2010, 2020), 0, 150
    absent = dict.fromkeys(("course", "departement"))
    region = np.where(np.arange(n) < 60, 0, 1 + np.arange(n) % 3)
    for seed in range(reps):
        rng = np.random.default_rng(seed)
        seats = np.where((np.arange(n)[:, None] < 40) & (years >= 2015), 12.0, 0.0)
        seats[:20] *= years < 2018
        y = 50 + 0.5 * seats + np.cumsum(rng.normal(size=(n, len(years))), axis=1)
        y += shocks * np.cumsum(rng.normal(size=(4, len(years))), axis=1)[region]
        table = pd.DataFrame({
            "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
            "seats": seats.ravel(), "entrants": 30.0, "reussis": y.ravel(),
            "code_region": np.repeat(region, len(years)),
        })  # fmt: skip
        named = {"cluster": "cell", "region_effects": shocks, **absent}
        found = impact.intertemporal(table, "reussis", **named)
        held += found.ci_low <= 0.5 <= found.ci_high
    assert 0.91 <= held / reps <= 0.99  # Monte Carlo error .018


def seen_some_years(every: int, shift) -> pd.DataFrame:
    """Return a table whose units open in odd or even years and are seen one year in ``every``."""
    rng = np.random.default_rng(1)
    n, years = 40, np.arange(2010, 2022)
    cell = np.arange(n)[:, None]
    seats = np.where((cell < 14) & (years >= 2015 + cell % 4), 12.0, 0.0)
    y = 30 + 0.5 * seats + rng.normal(size=(n, 1)) + rng.normal(size=len(years))
    table = pd.DataFrame({
        "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
        "seats": seats.ravel(), "entrants": 30.0, "reussis": y.ravel(),
    })  # fmt: skip
    return table[(table["rentree"] + shift(table["cell"])) % every == 0]


def test_years_are_those_of_the_table():
    absent = dict.fromkeys(("course", "cluster", "departement"))
    table = seen_some_years(2, lambda cell: 0)
    table["code_region"] = np.where(table["cell"] < 20, "84", "76")
    found = impact.intertemporal(table, "reussis", **absent)
    assert found.estimate == pytest.approx(0.5, abs=EXACT)
    assert found.n_treated_clusters == 14
    ranked = table.assign(rentree=table["rentree"].rank(method="dense"))
    again = impact.intertemporal(ranked, "reussis", **absent)
    assert (again.estimate, again.std_error) == (found.estimate, found.std_error)
    with pytest.raises(FpiError, match=r"n'a de témoin l'année d'avant.*rank\(method"):
        impact.stacked(table, "reussis", **absent)
    impact.stacked(ranked, "reussis", **absent)


def test_nothing_to_compare_says_what_is_missing():
    absent = dict.fromkeys(("region", "cluster", "departement"))
    table = seen_some_years(2, lambda cell: cell % 2)
    with pytest.raises(FpiError, match="n'a de résultat connu l'année d'avant"):
        impact.intertemporal(table, "reussis", course=None, **absent)
    table = seen_some_years(1, lambda cell: 0)
    table = table[(table["cell"] % 4 == 0) | (table["cell"] >= 14)]  # one year of opening
    table["course"] = np.where(table["cell"] < 14, "ouverte partout", "autre")
    with pytest.raises(FpiError, match=r"n'a de comparaison.*course=None"):
        impact.intertemporal(table, "reussis", **absent)


def test_an_independent_package_finds_the_same_effects():
    """diff-diff gives the mean change after so many years, weighted here by cells over seats."""
    package = pytest.importorskip("diff_diff", reason="paquet de test diff-diff absent")
    rng = np.random.default_rng(1)
    n, years = 40, np.arange(2010, 2022)
    seats = np.where((np.arange(n)[:, None] < 14) & (years >= 2016), 12.0, 0.0)
    seats[4:8] = np.where(years >= 2018, 6.0, 0.0)
    seats[:4] *= years < 2019
    seats[8:10, 8:] *= 2
    y = 30 + 0.5 * seats + rng.normal(size=(n, 1)) + rng.normal(size=seats.shape)
    table = pd.DataFrame({
        "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
        "seats": seats.ravel(), "entrants": 30.0, "reussis": y.ravel(),
    })  # fmt: skip
    absent = dict.fromkeys(("course", "region", "cluster", "departement"))
    other = package.ChaisemartinDHaultfoeuille(drop_larger_lower=False, twfe_diagnostic=False)
    names = {"outcome": "reussis", "group": "cell", "time": "rentree", "treatment": "seats"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        effects = other.fit(table, **names, L_max=6).event_study_effects
    moved = sum(e["n_obs"] * e["effect"] for e in effects.values())
    found = impact.intertemporal(table, "reussis", **absent)
    assert found.estimate == pytest.approx(moved / seats.sum(), abs=EXACT)


def test_openings_without_a_comparison_are_not_counted_among_those_it_rests_on():
    rng = np.random.default_rng(1)
    n, years = 40, np.arange(2010, 2025)
    seats = np.where((np.arange(n)[:, None] < 14) & (years >= 2016), 12.0, 0.0)
    table = pd.DataFrame({
        "cell": np.repeat(np.arange(n), len(years)), "rentree": np.tile(years, n),
        "seats": seats.ravel(), "entrants": 30.0, "reussis": rng.normal(size=seats.size),
    })  # fmt: skip
    table["course"] = np.where(table["cell"] < 5, "ouverte partout", "autre")
    absent = dict.fromkeys(("region", "cluster", "departement"))
    found = impact.intertemporal(table, "reussis", **absent)
    assert found.openings == found.n_treated_clusters == 9
