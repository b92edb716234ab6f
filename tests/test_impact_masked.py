"""Hidden counts: bounds against every corner, the likelihood against EM on dense dummies."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from dense import columns_of_j, dummies, full_rank, rank
from invented import invented_panel
from scipy.stats import truncnorm

from fpi_eval import checks
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET, sample
from fpi_eval.impact.j import j
from fpi_eval.impact.masked import masked
from fpi_eval.panel import CellPanel
from fpi_eval.programme import load_programme
from fpi_eval.report.pages import diplomes

EXACT, CLOSE = 1e-8, 2e-5


def panels(threshold: int, seed: int = 5, noise: float = 3.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a panel whose small counts are hidden, and the same with nothing hidden."""
    whole = invented_panel(
        seed, regions=3, etabs=8, years=range(2016, 2027), opened=9, noise=noise, start=2020
    )
    whole["terminale"] = whole.pop("diplomes") + 12
    hidden = whole["terminale"].where(whole["terminale"] >= threshold)
    return whole.assign(terminale=hidden), whole


def test_bounds_are_the_least_and_the_greatest_j_over_all_corners():
    panel, _ = panels(threshold=0)
    threshold = int(np.ceil(panel["terminale"].nsmallest(5).max()))
    shown = panel.index[panel["terminale"] < threshold]
    assert 5 <= len(shown) <= 7
    panel.loc[shown, "terminale"] = np.nan
    corners = []
    for values in product((0.0, threshold - 1.0), repeat=len(shown)):
        filled = panel.copy()
        filled.loc[shown, "terminale"] = values
        corners.append({one.label: one.estimate for one in j(filled, "terminale")})
    table = masked(panel, "terminale", threshold=threshold).bounds.set_index("label")
    for label in (GROSS, NET):
        found = [corner[label] for corner in corners]
        assert table.loc[label, "low"] == pytest.approx(min(found), abs=EXACT)
        assert table.loc[label, "high"] == pytest.approx(max(found), abs=EXACT)
        assert table.loc[label, "ci_low"] < min(found) < max(found) < table.loc[label, "ci_high"]


def by_em(panel: pd.DataFrame, threshold: int) -> np.ndarray:
    """Return J's coefficients by expectation and maximisation: dense least squares, scipy's law."""
    gone = panel["terminale"].isna()
    frame = sample(panel.assign(terminale=panel["terminale"].fillna(0.0)), "terminale")
    hidden = gone.loc[frame.index].to_numpy()
    seen = pd.Series(~hidden).groupby(frame["cell"].to_numpy()).transform("any").to_numpy()
    frame, hidden = frame[seen], hidden[seen]
    n = frame["size"].to_numpy()
    x, z, _ = columns_of_j(frame)
    x, z = x / n[:, None], np.column_stack([z[:, 0], z[:, 1:] / n[:, None]])
    session = [frame[c].astype(str) + "|" + frame["time"].astype(str)
               for c in ("course", "code_region")]  # fmt: skip
    effects = [frame["cell"].to_numpy(), *(s.to_numpy() for s in session)]
    root = np.sqrt(n)[:, None]
    d = full_rank(dummies(effects) * root)
    first = np.hstack([z * root, d])
    second = np.hstack([first @ np.linalg.lstsq(first, x * root, rcond=None)[0], d])
    inverse, design = np.linalg.pinv(second), np.hstack([x * root, d])
    alike = pd.qcut(n, 5, labels=False)
    freedom = len(n) / (len(n) - rank(effects))
    y = frame["y"].to_numpy(float)
    limit, sd = threshold - 0.5, np.full(len(y), 5.0)
    value, square = np.where(hidden, limit - 3, y), np.zeros(len(y))
    for _ in range(4000):
        beta = inverse @ (value / n * root[:, 0])
        mean = (design @ beta) / root[:, 0] * n
        law = truncnorm(-np.inf, (limit - mean[hidden]) / sd[hidden], mean[hidden], sd[hidden])
        square[~hidden] = (y - mean)[~hidden] ** 2 * freedom
        square[hidden] = law.var() + (law.mean() - mean[hidden]) ** 2
        sd = np.sqrt(pd.Series(square / n).groupby(alike).transform("mean").to_numpy() * n)
        new = y.copy()
        new[hidden] = law.mean()
        if np.abs(new - value).max() < 1e-7:
            break
        value = new
    return beta[:3]


def test_the_likelihood_is_that_of_expectation_and_maximisation():
    panel, _ = panels(threshold=20)
    found = masked(panel, "terminale")
    theta, near, far = by_em(panel, 20)
    reach = sample(panel, "terminale").reach
    assert 0.05 < found.share < 0.4
    assert found.effects[GROSS].estimate == pytest.approx(theta, abs=CLOSE)
    net = theta + near * reach[0] + far * reach[1]
    assert found.effects[NET].estimate == pytest.approx(net, abs=CLOSE)


def test_an_outcome_hidden_with_its_count_moves_by_what_the_count_is_worth():
    panel, _ = panels(threshold=20)
    part = panel.assign(diplomes=0.8 * panel["terminale"] + 1.0)
    alone, both = masked(panel, "terminale"), masked(part, "diplomes")
    for label in (GROSS, NET):
        one, other = alone.effects[label], both.effects[label]
        assert other.estimate == pytest.approx(0.8 * one.estimate, abs=EXACT)
        assert other.std_error == pytest.approx(0.8 * one.std_error, abs=EXACT)
    named = panel.rename(columns={"cell": "classe", "terminale": "inscrits"})
    own = masked(named, "inscrits", unit="classe", lag="duree")
    assert own.effects[GROSS].estimate == pytest.approx(alone.effects[GROSS].estimate, abs=EXACT)


def test_knowing_that_hidden_counts_are_small_takes_the_bias_off():
    off, kept = [], []
    for seed in range(5):
        panel, whole = panels(threshold=24, seed=seed, noise=5.0)
        truth = j(whole, "terminale")[GROSS].estimate
        off.append(j(panel, "terminale")[GROSS].estimate - truth)
        kept.append(masked(panel, "terminale", threshold=24).effects[GROSS].estimate - truth)
    # What is left is that of cell effects known from eleven years: a ninth over forty-one.
    assert np.mean(off) < -0.04
    assert abs(np.mean(kept)) < abs(np.mean(off)) / 2


def test_the_limits_of_the_page_say_it_where_counts_are_hidden_and_only_there():
    programme = load_programme("fpi_aura")
    context = SimpleNamespace(programme=programme)
    for panel, hidden in zip(panels(threshold=20), (True, False), strict=True):
        found = checks.evaluate(panel, "terminale", programme, draws=0)
        assert bool(found.masked) == hidden
        said = diplomes.limites(context, "terminale", CellPanel(panel), found)
        assert ("des observations sont masquées" in said) == hidden
        assert not hidden or found.masked.summary() in said


def test_what_is_missing_without_being_small_is_refused():
    panel, whole = panels(threshold=20)
    with pytest.raises(FpiError, match="aucun effectif n'est masqué"):
        masked(whole, "terminale")
    with pytest.raises(FpiError, match="sans être masqués"):
        masked(whole.assign(terminale=whole["terminale"].where(whole.index % 9 > 0)), "terminale")
    gone = panel.assign(terminale=panel["terminale"].mask(panel["rentree"] == 2018))
    rows = sample(gone, "terminale")
    assert masked(gone, "terminale").effects[GROSS].n_obs > len(rows)


@pytest.mark.parametrize(
    ("options", "said"), [({"threshold": 0}, "au moins 1"), ({"gone": True}, "tous les effectifs")]
)
def test_a_threshold_of_nothing_and_a_panel_of_nothing_are_refused(options, said):
    panel, _ = panels(threshold=20)
    if options.pop("gone", False):
        panel["terminale"] = np.nan
    with pytest.raises(FpiError, match=said):
        masked(panel, "terminale", **options)


def test_a_cell_that_nothing_compares_moves_nothing():
    panel, _ = panels(threshold=20)
    alone = panel[panel["cell"] == panel["cell"].iloc[-1]].assign(
        cell=-1, uai="zz", course="zz", famille="zz", seats=0.0, terminale=500.0, entrants=500.0
    )
    found = masked(panel, "terminale").to_frame()
    again = masked(pd.concat([panel, alone], ignore_index=True), "terminale").to_frame()
    for column in ("estimate", "std_error", "low", "high"):
        assert again[column].tolist() == pytest.approx(found[column].tolist(), abs=EXACT)


def test_a_table_without_sizes_has_one_class_of_size():
    panel, _ = panels(threshold=20)
    found = masked(panel, "terminale", size=None)
    assert np.isfinite(found.effects[GROSS].estimate)
    assert found.bounds["low"].lt(found.bounds["high"]).all()
