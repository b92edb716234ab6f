"""One rule for small counts: declared once, applied in one folder, by a type nobody else makes."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fpi_eval
from fpi_eval.disclosure import MARK, Gate, Thresholds, public, share_told, show_alone
from fpi_eval.disclosure.gate import FEW
from fpi_eval.disclosure.shown import COUNTS
from fpi_eval.errors import FpiError
from fpi_eval.programme import Secret, load_programme

FOLDER = Path(fpi_eval.__file__).parent
ELSEWHERE = [path for path in sorted(FOLDER.rglob("*.py")) if path.parent.name != "disclosure"]
DECLARED = {"effectif_minimum", "denominateur_minimum"}
NAMED = {*COUNTS, "numerator", "denominator", "women", "men", "women_before", "men_before"}
#: A literal that could be a threshold of secrecy; 0 and 1 only tell whether there is anybody.
LOWEST, HIGHEST = 2, 30


def words(node: ast.AST) -> set[str]:
    """Return the names, attributes and strings of an expression."""
    found = set()
    for part in ast.walk(node):
        found |= {getattr(part, key) for key in ("id", "attr") if hasattr(part, key)}
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found.add(part.value)
    return found


def literal(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return type(value) in (int, float) and LOWEST <= value <= HIGHEST


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(FOLDER)}, ligne {getattr(node, 'lineno', 0)}"


def test_no_other_module_applies_the_rule_or_makes_what_may_be_shown():
    nodes = ((path, node) for path in ELSEWHERE for node in ast.walk(ast.parse(path.read_bytes())))
    for path, node in nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            said = set().union(*map(words, sides))
            assert not said & DECLARED, f"{where(path, node)} : seuil comparé hors de disclosure"
            counted = said & NAMED and any(map(literal, sides))
            assert not counted, f"{where(path, node)} : effectif comparé à un nombre écrit"
        if isinstance(node, ast.ImportFrom) and "disclosure" in (node.module or ""):
            private = {alias.name for alias in node.names if alias.name.startswith("_")}
            assert not private, f"{where(path, node)} : {private}"


def test_thresholds_are_those_the_programme_declares():
    assert Thresholds.of(Secret(effectif_minimum=11)).effectif_minimum == 11
    assert Thresholds() == Thresholds.of(load_programme("fpi_aura").secret)
    assert Thresholds().largest_hidden == 19


def test_a_share_is_not_told_over_few_people_nor_where_one_side_is_few_or_nobody():
    told = [share_told(*pair, Thresholds()) for pair in ((10, 10), (4, 40), (0, 40), (9, 10))]
    assert told == [True, False, False, False]


def test_what_rests_on_few_openings_is_not_told_and_a_programme_says_how_few():
    assert [Gate.of(Secret()).told(n) for n in (1, 4, 5)] == [False, False, True]
    gate = Gate.of(Secret(effectif_minimum=10))
    table = pd.DataFrame({"ouvertes": [0.5, 0.7], "n_ouvertes": [9, 10]})
    assert gate.passed(table)["ouvertes"].isna().tolist() == [True, False]
    rows = pd.DataFrame({"estimate": [0.5, 0.7, 0.1], "n_openings": [9, 10, np.nan]})
    assert gate.passed(rows)["estimate"].tolist() == [0.7, 0.1]
    why = gate.passed(rows.assign(raison=""))
    assert why["raison"].tolist() == [FEW, "", ""]
    assert why["estimate"].isna().tolist() == [True, False, False]


def test_a_count_of_people_is_hidden_with_what_gives_it_back_and_another_row():
    frame = pd.DataFrame({"observed": [3.0, 80.0, 40.0], "expected": [5.0, 70.0, 41.0]})
    shown = show_alone(frame, Thresholds())
    assert shown.marked["observed"].tolist() == [MARK, 80.0, MARK]
    assert shown.frame["expected"].tolist()[1] == 70.0
    assert shown.frame["expected"].isna().tolist() == [True, False, True]


def test_rows_chosen_keep_their_marks_and_no_hidden_value_comes_back():
    frame = pd.DataFrame({"observed": [3.0, 80.0, 40.0]})
    shown = show_alone(frame, Thresholds())
    assert shown.derived(shown.frame.iloc[::2]).marked["observed"].tolist() == [MARK, MARK]
    with pytest.raises(FpiError, match="valeur masquée"):
        shown.derived(frame)


def test_a_row_of_nobody_hides_no_other_and_unknown_counts_are_no_fault():
    frame = pd.DataFrame({"observed": [3.0, 0.0, 40.0, np.nan]})
    shown = show_alone(frame, Thresholds())
    assert shown.hidden["observed"].tolist() == [True, False, True, False]
    alone = show_alone(frame.iloc[[0, 3]], Thresholds())
    assert alone.hidden["observed"].tolist() == [True, False]


def test_two_small_counts_whose_sum_would_tell_both_take_a_third_with_them():
    frame = pd.DataFrame({"observed": [1.0, 1.0, 60.0, 40.0, 50.0]})
    shown = show_alone(frame, Thresholds())  # a known total would leave 2 to the first two: 1 each
    assert shown.hidden["observed"].tolist() == [True, True, False, True, False]
    leavers = pd.DataFrame({"leavers": [30.0, 25.0, 60.0], "employed": [1.0, 1.0, 40.0]})
    assert show_alone(leavers, Thresholds()).hidden["leavers"].all()


def test_each_year_hides_two_rows_and_the_same_ones_once_more_years_are_there():
    """Of all years together, one alone would be hidden in each: its year's total gives it back."""
    frame = pd.DataFrame({"session": [2021] * 3 + [2022] * 3, "leavers": [50.0, 152, 910] * 2})
    frame["employed"] = [48.0, 129, 824, 46, 129, 824]  # two and four without
    both = show_alone(frame, Thresholds(), year="session").hidden["leavers"]
    assert both.tolist() == [True, True, False] * 2
    for year, rows in frame.groupby("session"):
        alone = show_alone(rows, Thresholds(), year="session").hidden["leavers"]
        assert alone.equals(both[frame["session"] == year])


def test_rows_that_count_nobody_are_shown_as_they_are():
    frame = pd.DataFrame({"places": [3, 1]})
    pd.testing.assert_frame_equal(public(frame).marked, frame)
    with pytest.raises(FpiError, match="compte des personnes"):
        public(frame).derived(frame.assign(entrants=[3, 1]))
