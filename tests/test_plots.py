"""Figures: what a French reader sees on the axes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fpi_eval import plots


def labels(axis):
    axis.get_figure().canvas.draw()
    return [tick.get_text() for tick in axis.get_majorticklabels() if tick.get_text()]


def test_axes_have_the_decimal_comma_and_years_stay_whole():
    years = np.arange(-3, 4)
    table = pd.DataFrame({"rel_time": years, "estimate": 0.1 * years})
    table["ci_low"], table["ci_high"] = table["estimate"] - 0.05, table["estimate"] + 0.05
    ax = plots.event_study(table)
    assert not any("." in label for label in labels(ax.yaxis))
    assert any("," in label for label in labels(ax.yaxis))
    assert not any("," in label for label in labels(ax.xaxis))
    plt.close(ax.figure)


def test_names_on_an_axis_are_left_alone():
    table = pd.DataFrame({"label": ["U.A.I.", "b"], "estimate": [0.25, 0.5]})
    ax = plots.estimates(table.assign(ci_low=0.1, ci_high=0.75))
    assert labels(ax.yaxis) == ["U.A.I.", "b"]
    assert any("," in label for label in labels(ax.xaxis))
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("values", "said"), [((8.0, np.nan), ["+8"]), ((0.4, 2.0), ["+0,40", "+2,00"])]
)
def test_effects_that_are_whole_have_no_decimals(values, said):
    table = pd.DataFrame({"label": ["a", "b"], "estimate": values, "ci_low": 0.0, "ci_high": 9.0})
    ax = plots.estimates(table)
    assert [words.get_text() for words in ax.texts] == said
    plt.close(ax.figure)


def test_a_tick_says_where_it_is():
    table = pd.DataFrame({"rentree": [2022, 2023], "taux": [0.22, 0.38], "voie": "CAP"})
    ax = plots.range_lines(
        table.assign(ic_bas=table["taux"], ic_haut=table["taux"]),
        x="rentree", y="taux", hue="voie", ylabel="",
    )  # fmt: skip
    ax.set_yticks([0.22, 0.225, 0.25])
    assert [one.replace("\u00a0", " ") for one in labels(ax.yaxis)] == ["22 %", "22,5 %", "25 %"]
    plt.close(ax.figure)
