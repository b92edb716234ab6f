"""Effect by size of the opening: against a regression on dummies, and pooling by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dense import dummies, full_rank

from fpi_eval.errors import FpiError
from fpi_eval.impact import dose_response
from fpi_eval.impact.frame import effects, final, sample, scale
from fpi_eval.impact.groups.dose_response import _name
from fpi_eval.twin import SCENARIOS, draw


@pytest.fixture(scope="module")
def panel():
    small = replace(SCENARIOS["concavity"], n_cells_region=400, n_cells_other=200)
    return draw(replace(small, concavity=0.2), 11).panel


def by_dummies(panel, cuts):
    """Return two-stage least squares with one dummy per level of every effect, written out."""
    frame = sample(panel, "entrants")
    n, dose = scale(frame), frame["dose"].to_numpy()
    size = final(frame["cell"], dose)
    inside = np.searchsorted(cuts, size)[:, None] == np.arange(len(cuts) + 1)
    near = frame[["exposure_etab", "exposure_dep"]].to_numpy()
    reach = np.column_stack([np.where(v != 0, final(frame["cell"], v), 0.0) for v in near.T])
    x = np.column_stack([inside * dose[:, None], near]) / n[:, None]
    z = np.column_stack([inside * np.sign(dose)[:, None], reach / n[:, None]])
    w = np.sqrt(n)[:, None]
    basis = np.linalg.qr(full_rank(w * dummies(effects(frame))))[0]
    y, x, z = (
        v - basis @ (basis.T @ v) for v in (w * frame[["y"]].to_numpy() / n[:, None], w * x, w * z)
    )
    first = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    return np.linalg.lstsq(first, y, rcond=None)[0][: len(cuts) + 1, 0]


def pooled(values, weights):
    """Return the increasing sequence nearest to values: adjacent violators pooled, by hand."""
    blocks = [[v, w, 1] for v, w in zip(values, weights, strict=True)]
    at = 0
    while at < len(blocks) - 1:
        (v, w, n), (v2, w2, n2) = blocks[at], blocks[at + 1]
        if v <= v2:
            at += 1
            continue
        blocks[at : at + 2] = [[(v * w + v2 * w2) / (w + w2), w + w2, n + n2]]
        at = max(at - 1, 0)
    return np.concatenate([[v] * n for v, _, n in blocks])


def test_classes_are_those_of_a_regression_on_dummies(panel):
    found = dose_response(panel, "entrants")
    frame = sample(panel, "entrants")
    size = pd.Series(final(frame["cell"], frame["dose"].to_numpy())).groupby(
        frame["cell"].to_numpy()
    )
    opened = size.first().loc[lambda s: s > 0]
    cuts = np.unique(np.quantile(opened, [1 / 3, 2 / 3]))
    assert len(found.table) == len(cuts) + 1
    np.testing.assert_allclose(found.table["estimate"], by_dummies(panel, cuts), rtol=1e-7)
    weights = 1 / (found.table["std_error"] * found.table["seats"]) ** 2
    np.testing.assert_allclose(found.table["increasing"], pooled(found.table["whole"], weights))
    # Large openings fill less here: .2 less for 12 seats more.
    assert found.table["estimate"].iloc[0] > found.table["estimate"].iloc[-1]


def test_openings_of_one_size_have_no_dose_response(panel):
    same = panel.assign(seats=12.0 * np.sign(panel["seats"]))
    with pytest.raises(FpiError, match="même taille"):
        dose_response(same, "entrants")


def test_an_own_table_gives_what_the_cell_panel_gives(panel):
    wanted = dose_response(panel, "entrants").to_frame()
    renamed = {"cell": "classe", "rentree": "annee", "seats": "postes", "entrants": "inscrits"}
    mine = panel.assign(effectif_avant=panel["entrants"]).rename(columns=renamed)
    options = {
        "unit": "classe",
        "time": "annee",
        "dose": "postes",
        "size": "effectif_avant",
        "lag": 0,
    }
    found = dose_response(mine.sample(frac=1, random_state=1), "inscrits", **options).to_frame()
    np.testing.assert_allclose(found["estimate"], wanted["estimate"], atol=1e-8)


def test_classes_are_named_by_sizes_that_openings_have(panel):
    opened = sample(panel, "entrants").frame.query("dose > 0")["cell"].unique()
    less = opened[: (len(opened) - 1) // 3 + 1]  # a third of them, and the one across the cut
    size = panel["cell"].map(dict.fromkeys(less, 8.0)).fillna(12.0)
    found = dose_response(panel.assign(seats=size * np.sign(panel["seats"])), "entrants").table
    assert found["label"].tolist() == ["8 places au plus", "plus de 8 à 12 places"]
    assert _name(0, 1) == "1 place au plus"
    assert (len(opened) - 1) % 3  # else the cut is a size all the same
