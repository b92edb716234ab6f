"""Figures: what a French reader sees on the axes."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fpi_eval import figures, plots


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


def test_names_that_take_two_lines_on_a_phone_cover_none_of_their_neighbours():
    levels = [f"{name}, {way}" for name in ("BTS", "Bac pro", "CAP", "MC")
              for way in ("apprentissage", "scolaire")]  # fmt: skip
    rows = [
        (moment, level, f"q{share}", share)
        for moment, named in {"vœux": levels[:2], "effectif": levels, "taux": levels}.items()
        for level in named
        for share in (10, 50, 90)
    ]
    table = pd.DataFrame(rows, columns=["moment", "level", "statistic", "jumeau"])
    ax = plots.moments(table, titles={name: name for name in ("vœux", "effectif", "taux")})
    figures._fold(ax.figure)
    ax.figure.canvas.draw()
    for frame in ax.figure.axes[:3]:
        boxes = [one.get_window_extent() for one in frame.get_yticklabels()]
        assert not [1 for low, high in pairwise(boxes) if low.y1 > high.y0]
    plt.close(ax.figure)


def test_the_names_in_a_drawing_do_not_hang_on_the_last_digits_of_a_position():
    told = set()
    for error in (0.0, 1e-13):
        ax = plt.figure(figsize=(3, 2)).add_axes((0.2, 0.2, 0.6 + error, 0.6))
        ax.plot([0, 1], [0, 1], "o")
        told.add(figures.Figure(ax, "Titre", "Source", "Une droite.").svg)
    assert len(told) == 1


def test_names_under_an_axis_are_folded_on_a_phone_and_no_word_is_cut():
    rows = [(f"20{y}-20{y + 1}", v, 0.5) for y in range(18, 25) for v in ("scolaire", "apprentis")]
    ax = plots.hidden_bars(pd.DataFrame(rows, columns=["millesime", "voie", "part_taux"]))
    figures._fold(ax.figure)
    ax.figure.canvas.draw()
    boxes = [one.get_window_extent() for one in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert figures._lines("Réindustrialisation verte", 18) == "Réindustrialisation\nverte"
    plt.close(ax.figure)
