"""Results as LaTeX tables: French, titled, whole, without small counts."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from fpi_eval import twin
from fpi_eval.costs import unit_cost
from fpi_eval.disclosure import MARK
from fpi_eval.errors import FpiError
from fpi_eval.impact.j import j as j_j
from fpi_eval.paper import _effect, bundle, latex
from fpi_eval.programme import Secret
from fpi_eval.results import Result

WORDS = {"titre": "Effet par place, 50 % & plus", "source": "DEPP_2024, 100 % public"}


@dataclass(frozen=True)
class Plain(Result):
    """A result made of any table."""

    frame: pd.DataFrame

    def summary(self) -> str:
        return "Un résultat."

    def to_frame(self) -> pd.DataFrame:
        return self.frame.copy()

    def plot(self, ax: Axes | None = None) -> Axes:
        return ax

    def method(self) -> str:
        return "=1+1 n'est pas une formule (Untel, 2020)."


@pytest.fixture(scope="module")
def j():
    return j_j(twin.draw(twin.SMALL, 1).panel)


def rows(made: str) -> list[list[str]]:
    body = made.split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.split("\n") if "&" in line]
    return [[c.strip() for c in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))] for line in lines]


def assert_balanced(made: str) -> None:
    """Check what LaTeX would stop at: braces, environments, columns of every row."""
    plain = re.sub(r"\\[{}\\]", "", made)
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    opened = re.findall(r"\\begin\{(\w+\*?)\}", made)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+\*?)\}", made))
    spec = re.search(r"\\extracolsep\{\\fill\}\}([lrc]+)\}", made)[1]
    assert {len(row) for row in rows(made)} == {len(spec)}
    assert len(re.split(r"(?<!\\)&", made.split(r"\toprule")[1].split(r"\\")[0])) == len(spec)
    assert not re.search(r"(?<!\\)[%#_]", made)
    assert not re.search("[\u202f\u00a0\u2212]", made)


def test_latex_is_booktabs_escaped_balanced_and_numbered(j):
    made = latex(j, **WORDS, simulees=False)
    assert_balanced(made)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert rule in made
    assert "|" not in made
    assert r"\caption{Effet par place, 50 \% \& plus}" in made
    assert r"\label{tab:effet-par-place-50-plus}" in made
    assert r"Source : DEPP\_2024, 100 \% public" in made


def test_latex_shows_the_numbers_of_the_result_in_french(j):
    shown = rows(latex(j, **WORDS, simulees=False))
    for row, item in zip(shown, j, strict=True):
        assert row[0] == item.label
        numbers = [float(c.replace("$-$", "-").replace(",", ".")) for c in row[1:]]
        expected = [item.estimate, item.std_error, item.ci_low, item.ci_high,
                    item.n_treated_clusters]  # fmt: skip
        assert numbers == pytest.approx(expected, abs=5e-4)


def test_simulated_data_is_said_in_caption_and_note_and_real_data_is_not(j):
    made = latex(j, **WORDS, simulees=True)
    assert "(données simulées)}" in made
    assert "ne décrivent aucun établissement réel" in made
    assert "simulé" not in latex(j, **WORDS, simulees=False)


def test_whoever_exports_must_say_whether_data_is_simulated(j):
    with pytest.raises(TypeError, match="simulees"):
        latex(j, **WORDS)


def test_every_kind_of_text_is_escaped():
    bad = r"50 % & #1 $x_i ^2 ~ {a} \b"
    frame = pd.DataFrame({"label": [bad, "b"], "estimate": [1.0, -0.0], "ci_low": [0.0, -1234.5],
                          "ci_high": [2.0, np.inf]})  # fmt: skip
    made = latex(Plain(frame), **WORDS, simulees=False)
    assert_balanced(made)
    assert r"50 \% \& \#1 \$x\_i \textasciicircum{}2" in made
    assert rows(made)[1] == ["b", "0,000", r"$-$1\,235", "non borné"]


@dataclass(frozen=True)
class People(Plain):
    """A result that counts people."""

    unite = "effectif"


def people(*rows) -> People:
    names = ["niveau", "leavers", "employed", "hidden_cells", "hidden_share", "low", "high",
             "ci_low", "ci_high"]  # fmt: skip
    return People(pd.DataFrame(rows, columns=names))


LARGE = ("Secondaire", 507.0, 194.0, 8, 0.1, 194.0, 260.0, 180.0, 280.0)
ALSO = ("Supérieur", 120.0, 60.0, 0, 0.0, 60.0, 60.0, 50.0, 70.0)
THIRD = ("Autre", 900.0, 400.0, 0, 0.0, 400.0, 400.0, 380.0, 420.0)


@pytest.mark.parametrize(
    ("leavers", "employed"),
    [(60.0, 3.0), (60.0, 57.0), (12.0, 6.0), (3.0, 0.0)],
    ids=["employed", "not employed", "rate under 20", "leavers"],
)
def test_small_counts_of_people_never_appear_nor_what_gives_them_back(leavers, employed):
    tiny = ("Petit", leavers, employed, 0, 0.0, employed, employed, employed, employed)
    found = people(LARGE, tiny, ALSO, THIRD)
    made = {r[0]: r[1:] for r in rows(latex(found, **WORDS, simulees=False, secret=Secret()))}
    assert set(made["Petit"]) == {MARK}
    # A second row is hidden too: the total may be published elsewhere.
    assert set(made["Supérieur"]) == {MARK}
    assert MARK not in made["Secondaire"]
    assert MARK not in made["Autre"]
    assert made["Secondaire"][:2] == ["507", "194"]


def test_without_small_counts_nothing_is_hidden():
    assert MARK not in {
        c
        for r in rows(latex(people(LARGE, ALSO), **WORDS, simulees=True, secret=Secret()))
        for c in r
    }


def test_counts_of_people_are_hidden_under_the_thresholds_of_the_programme_that_are_told():
    found = unit_cost("diplômé", 9.5e6, 7.0)
    with pytest.raises(FpiError, match=r"compte des personnes.*secret=annee\.programme\.secret"):
        latex(found, **WORDS, simulees=False)
    for least, hidden in ((5, False), (10, True)):
        secret = Secret(effectif_minimum=least)
        made = rows(latex(found, **WORDS, simulees=False, secret=secret))
        assert (MARK in made[0]) is hidden
    shown = found._repr_mimebundle_()["text/html"]  # a notebook says which it took
    assert "moins de 5 personnes" in shown
    assert "seuils par défaut, non ceux d'un programme" in shown
    none = bundle(Plain(pd.DataFrame({"cohort": [2021]})), "t")["text/html"]
    assert "seuils par défaut" not in none


def test_a_count_of_three_people_behind_a_cost_is_hidden_with_the_cost():
    made = rows(latex(unit_cost("diplômé", 9.5e6, 3.0), **WORDS, simulees=True, secret=Secret()))
    assert made[0][2:] == [MARK] * 3


def test_a_cost_is_in_euros_and_an_open_bound_in_words():
    found = unit_cost("emploi net", 9.5e6, 60.0, 120.0)
    assert rows(latex(found, **WORDS, simulees=True, secret=Secret()))[0][2:] == [
        r"158\,333~€", r"32\,182~€", "non borné"
    ]  # fmt: skip


def test_a_blocked_number_is_not_exported(j):
    gone = replace(j[0], estimate=np.nan, std_error=np.nan, ci_low=np.nan, ci_high=np.nan)
    assert rows(latex(gone, **WORDS, simulees=True))[0][1:5] == ["n. d."] * 4


def test_an_effect_on_a_whole_programme_has_no_thousandths():
    assert _effect(1620.282).replace("\u202f", " ") == "+1 620"
    assert _effect(-0.4374) == "−0,437"
