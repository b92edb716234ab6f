"""Employment: counts rather than rates, mixed cohorts, a change of scope."""

import numpy as np
import pandas as pd
import pytest
from invented_chain import LOST, PER_SEAT, invented_chain
from scipy import stats

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, sample
from fpi_eval.impact.j import fit_j, report
from fpi_eval.impact.jobs.graduates import seat_exits, two_cohorts
from fpi_eval.panel import align
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.partial import imbens_manski

EXACT = 1e-8
EMPLOYED = PER_SEAT["en_emploi_6_mois"]


def employed(panel, horizon=6, *, millesimes=False):
    """Return the effects per seat on the number of leavers at work."""
    frame = sample(panel, f"en_emploi_{horizon}_mois")
    frame = two_cohorts(frame) if millesimes else frame
    return report(frame, fit_j(frame))


def test_without_noise_more_leavers_at_work_are_the_truth_at_every_horizon():
    panel = _by_entry(invented_chain(1))
    for horizon in (6, 12, 18, 24):
        name = f"en_emploi_{horizon}_mois"
        found = employed(panel, horizon)
        reach = sum(sample(panel, name).reach)
        assert found[GROSS].estimate == pytest.approx(PER_SEAT[name], abs=EXACT)
        net = PER_SEAT[name] * (1 + LOST * reach)
        assert found[NET].estimate == pytest.approx(net, abs=EXACT)


def _by_entry(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel's effects on a course × session path: J reads employment by session."""
    rng = np.random.default_rng(9)
    codes = pd.factorize(panel["course"] + panel["rentree"].astype(str))[0]
    shock = rng.normal(size=codes.max() + 1)[codes]
    out = panel.copy()
    for name in (n for n in PER_SEAT if n != "entrants"):
        frame = align(panel, name)
        near = frame["exposure_etab"] + frame["exposure_dep"]
        effect = PER_SEAT[name] * (frame["dose"] + LOST * near)
        out[name] = effect + frame["size"].to_numpy() * (0.5 + 0.05 * shock)
    return out


def test_a_change_of_scope_shared_by_a_course_moves_nothing():
    panel = _by_entry(invented_chain(1))
    broken = panel.copy()
    late = (broken["rentree"] >= 2021).to_numpy()
    size = align(panel, "en_emploi_6_mois")["size"]
    broken.loc[late, "en_emploi_6_mois"] += 0.1 * size[late]
    steady, moved = (employed(p)[GROSS].estimate for p in (panel, broken))
    assert moved == pytest.approx(steady, abs=EXACT)


def test_a_millesime_answers_to_the_seats_of_its_two_cohorts():
    frame = pd.DataFrame({
        "cell": [0, 0, 0, 1, 1], "time": [2021, 2022, 2023, 2021, 2023], "y": 1.0,
        "dose": [0.0, 6, 12, 0, 8], "exposure_etab": 0.0, "exposure_dep": [1.0, 2, 3, 0, 0],
        "other_dose": 0.0, "opened": False, "cohort": np.nan,
    })  # fmt: skip
    found = two_cohorts(Sample(frame, "en_emploi_6_mois"))
    assert found["dose"].tolist() == [6, 18]
    assert found["exposure_dep"].tolist() == [3, 5]
    assert found["cohort"].tolist() == [2022, 2022]
    assert found.dropped == (("premier millésime de la cellule", 3),)


def test_without_noise_mixed_cohorts_give_the_truth_and_ignoring_the_mixture_does_not():
    panel = _by_entry(invented_chain(1))
    name = "en_emploi_6_mois"
    before = panel.groupby("cell")[name].shift()
    summed = panel.assign(**{name: panel[name] + before})
    found = employed(summed, millesimes=True)
    assert found[GROSS].estimate == pytest.approx(EMPLOYED, abs=EXACT)
    assert abs(employed(summed)[GROSS].estimate - EMPLOYED) > 0.05


def test_imbens_manski_goes_from_two_sided_to_one_sided_as_the_set_widens():
    point = imbens_manski(1.0, 1.0, 0.1, 0.1)
    assert point.ci_high - 1 == pytest.approx(0.1 * stats.norm.ppf(0.975), abs=1e-9)
    wide = imbens_manski(0.0, 10.0, 0.1, 0.1)
    assert -wide.ci_low == pytest.approx(0.1 * stats.norm.ppf(0.95), abs=1e-9)
    assert imbens_manski(0, 1, 0, 0).ci_high == 1
    with pytest.raises(FpiError, match="inversées"):
        imbens_manski(2, 1, 0.1, 0.1)
    with pytest.raises(FpiError, match="pas connue"):
        imbens_manski(1, 2, 0.1, np.nan)


def test_seat_exits_count_each_cohort_once():
    frame = pd.DataFrame(
        {"cell": [1, 1, 1, 2], "time": [2024, 2025, 2027, 2025], "dose": [0.0, 10.0, 30.0, 8.0],
         "dose_own": [0.0, 10.0, 20.0, 4.0], "dose_before": [0.0, 0.0, 10.0, 4.0]}
    )  # fmt: skip
    # Cell 1: 10 in 2025; 2026 is only in the row of 2027, which has 10 and 20. Cell 2: 4 and 4.
    assert seat_exits(frame) == 10 + 10 + 20 + 4 + 4
    with pytest.raises(FpiError, match="autant de places fermées qu'ouvertes"):
        seat_exits(frame.assign(dose_own=[0.0, 10.0, 0.0, -10.0], dose_before=0.0))
