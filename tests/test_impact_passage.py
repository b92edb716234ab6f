import numpy as np
import pandas as pd
import pyfixest as pf
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.impact.jobs.passage import passage


def table(seed=5, regions=17, courses=12, noise=1.0):
    rng = np.random.default_rng(seed)
    cells = pd.MultiIndex.from_product(
        [[f"{r:02}" for r in range(regions)], [f"s{k}" for k in range(courses)]],
        names=["code_region", "specialite"],
    ).to_frame(index=False)
    cells["places_2018"] = rng.integers(12, 120, len(cells)).astype(float)
    cells["places_2019"] = cells["places_2018"] + rng.integers(-6, 18, len(cells))
    rows = []
    for name, entry in (
        ("2019_2020", 2 * cells["places_2018"]),
        ("2020_2021", cells["places_2018"] + cells["places_2019"]),
        ("2021_2022", 2 * cells["places_2019"]),
    ):
        y = 0.7 * entry + noise * rng.normal(0, 3, len(cells))
        rows.append(cells.assign(millesime=name, terminale=y))
    return pd.concat(rows, ignore_index=True)


def test_without_noise_the_share_that_passes_is_found_exactly():
    across, over_time = passage(table(noise=0.0))
    assert across.estimate == pytest.approx(0.7, abs=1e-9)
    assert over_time.estimate == pytest.approx(1.4, abs=1e-9)  # both cohorts follow the places


def test_points_agree_with_an_independent_package():
    data = table()
    across, over_time = passage(data)
    cross = data[data["millesime"] == "2020_2021"].assign(
        dose=lambda t: t["places_2018"] + t["places_2019"]
    )
    theirs = pf.feols(
        "terminale ~ dose | code_region + specialite", cross, vcov={"CRV1": "code_region"},
        ssc=pf.ssc(k_adj=False, G_adj=True), fixef_tol=1e-12,
    )  # fmt: skip
    assert across.estimate == pytest.approx(theirs.coef().iloc[0], abs=1e-8)
    k = 13  # the places, the constant, eleven courses: regions lie in their own cluster
    before_k = across.std_error * np.sqrt((across.n_obs - k) / (across.n_obs - 1))
    assert before_k == pytest.approx(theirs.se().iloc[0], rel=1e-6)
    sides = data[data["millesime"] != "2020_2021"].copy()
    sides["dose"] = np.where(
        sides["millesime"] == "2019_2020", sides["places_2018"], sides["places_2019"]
    )
    sides["cell"] = sides["code_region"] + sides["specialite"]
    sides["sm"] = sides["specialite"] + sides["millesime"]
    theirs = pf.feols("terminale ~ dose | cell + sm", sides, fixef_tol=1e-12)
    assert over_time.estimate == pytest.approx(theirs.coef().iloc[0], abs=1e-8)
    assert over_time.ci_low < over_time.estimate < over_time.ci_high


def test_a_reading_whose_millesime_is_still_to_come_leaves_the_other():
    data = table()
    (only,) = passage(data[data["millesime"] != "2021_2022"])
    assert only.estimate == passage(data)[0].estimate
    assert only.label == "Entre cellules"


def test_too_few_matched_cells_is_said_and_not_estimated():
    with pytest.raises(FpiError, match=r"cellules? où places.*30 au moins.*taux d'appariement"):
        passage(table(regions=5, courses=5))
    with pytest.raises(FpiError, match=r"^0 cellule où places"):
        passage(table().drop(columns="places_2018"))
    with pytest.raises(FpiError, match="4 régions, 5 au moins"):
        passage(table(regions=4))
