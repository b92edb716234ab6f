"""Sun–Abraham in closed form: hand-worked table, published values, other packages."""

import numpy as np
import pandas as pd
import pytest
from random_panels import mpdta, random_panel

from fpi_eval.errors import FpiError
from fpi_eval.impact.callaway_santanna import callaway_santanna
from fpi_eval.impact.sun_abraham import sun_abraham

POINT, ERROR = 1e-8, 1e-6


def test_a_balanced_panel_gives_callaway_santanna_with_a_universal_base():
    frame = random_panel(1, missing=0)
    ours = sun_abraham(frame, cluster="group")
    other = callaway_santanna(frame, cluster="group", base="universal")
    assert ours.att == pytest.approx(other.att, abs=1e-12)
    ratio = ours.std_error / other.std_error
    assert np.nanstd(ratio) < 1e-12


def test_a_unit_seen_once_says_nothing():
    frame = random_panel(2, missing=0)
    lone = pd.DataFrame({"cell": [999], "time": [3], "y": [50.0], "cohort": [5.0], "group": [0]})
    one, two = sun_abraham(frame), sun_abraham(pd.concat([frame, lone]))
    assert one.att == pytest.approx(two.att, abs=1e-12)


def test_missing_years_are_filled_by_the_unit_effects():
    # Opened cell: 0 at year 1, missing at 2 (its base year is known through its twin), 9 at 3.
    rows = [(1, 1, 0), (1, 3, 9), (2, 1, 2), (2, 2, 3), (2, 3, 9), (3, 1, 0), (3, 2, 1), (3, 3, 1)]
    frame = pd.DataFrame(rows, columns=["cell", "time", "y"])
    frame["cohort"] = frame["cell"].map({1: 3.0, 2: 3.0})
    found = sun_abraham(frame).to_frame().set_index("time")
    # Least squares with dummies, worked with statsmodels: same number.
    sm = pytest.importorskip("statsmodels.api")
    dummies = pd.get_dummies(frame["cell"]).astype(float)
    for year in (2, 3):
        dummies[f"l{year}"] = (frame["time"] == year).astype(float)
    for year in (1, 3):
        dummies[f"b{year}"] = ((frame["time"] == year) & frame["cohort"].notna()).astype(float)
    fit = sm.OLS(frame["y"], dummies).fit()
    assert found.estimate[3] == pytest.approx(fit.params["b3"], abs=1e-10)
    assert found.estimate[1] == pytest.approx(fit.params["b1"], abs=1e-10)


def test_without_never_opened_cells_the_last_cohort_compares():
    frame = random_panel(3, missing=0)
    frame = frame[frame["cohort"].notna()]
    found = sun_abraham(frame)
    assert set(found.cohort) == {4.0, 5.0}
    assert found.time.max() == 6
    alike = frame.assign(cohort=frame["cohort"].where(frame["cohort"] < 7)).query("time < 7")
    assert found.att == pytest.approx(sun_abraham(alike).att, abs=1e-12)


def test_last_opened_cells_compare_only_while_nothing_moves_there():
    # No effect at all, but the last cohort moves by 5 the year before it opens.
    rows = [(c, t, 5.0 * (c > 3 and t >= 2021)) for c in range(8) for t in range(2016, 2024)]
    frame = pd.DataFrame(rows, columns=["cell", "time", "y"])
    frame["cohort"] = frame["cell"].map(lambda c: 2019.0 if c < 4 else 2022.0)
    found = sun_abraham(frame, anticipation=1)
    assert found.time.max() == 2020
    assert found.att == pytest.approx(0.0, abs=1e-12)
    assert "dernières cellules ouvertes" in found.estimator
    never = frame.assign(cohort=frame["cohort"].where(frame["cell"] < 4))
    assert "jamais ouvertes" in sun_abraham(never).estimator


def test_a_single_cohort_without_control_is_refused():
    frame = random_panel(3, cohorts=(5,))
    with pytest.raises(FpiError, match="une seule rentrée"):
        sun_abraham(frame[frame["cohort"].notna()])


def test_what_the_data_do_not_connect_is_not_estimated():
    frame = random_panel(4, missing=0)
    frame = frame[~((frame["cohort"] == 5) & (frame["time"] == 4))]
    effects = sun_abraham(frame)
    assert np.isnan(effects.att[(effects.cohort == 5) & ~effects.reference]).all()
    assert np.isfinite(effects.att[effects.cohort == 4]).all()
    assert "sans comparaison possible" in effects.notes[-1]


def test_published_values_of_county_employment():
    effects = sun_abraham(mpdta(), y="lemp", unit="countyreal", time="year")
    found = effects.aggregate("dynamic")
    after = found.label >= 0
    assert found.att[after] == pytest.approx([-0.01993, -0.05096, -0.13726, -0.10081], abs=1e-5)
    assert found.std_error[after] == pytest.approx([0.01186, 0.01687, 0.03659, 0.03450], abs=1e-5)


# pyfixest is the oracle of single effects (`test_known_agreement_cohorts.py`), not of averages: its
# aggregate() raises KeyError when the first treated year of a cohort is missing, and counts rows
# where our weights count.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(10))
def test_averages_equal_diff_diff(seed):
    package = pytest.importorskip("diff_diff")
    frame = random_panel(seed, missing=[0, 0.1][seed % 2])
    ours = sun_abraham(frame, cluster="group")
    theirs = package.SunAbraham(cluster="group").fit(
        frame.assign(g=frame["cohort"].fillna(0)),
        outcome="y", unit="cell", time="time", first_treat="g",
    )  # fmt: skip
    table = ours.aggregate("dynamic").to_frame().set_index("label")
    effects = {e: v for e, v in theirs.event_study_effects.items() if e != -1}
    assert len(effects) >= 5
    ratios = []
    for e, value in effects.items():
        assert table.estimate[e] == pytest.approx(value["effect"], abs=POINT)
        ratios.append(table.std_error[e] / value["se"])
    # One small-sample factor apart: diff_diff counts other parameters.
    assert np.std(ratios) < 1e-6
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)
