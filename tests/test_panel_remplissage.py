"""Fill and retention, on a cell panel of a few rows worked by hand."""

import pandas as pd
import pytest

from fpi_eval.indicators import remplissage


def cell(cell_id: int, course: str, duree: int, rows: list[tuple]) -> pd.DataFrame:
    names = ["rentree", "places", "entrants", "terminale"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(cell=cell_id, course=course, duree=duree, niveau="superieur")


@pytest.fixture
def cells(monkeypatch):
    nan = float("nan")
    panel = pd.concat(
        [
            cell(1, "a", 2, [(2020, 20, 15, 9), (2021, 20, 18, 12), (2022, nan, 16, 14)]),
            cell(2, "a", 2, [(2020, 10, 10, 8), (2021, 10, nan, 9), (2022, 10, 10, 7)]),
            cell(3, "b", 1, [(2020, 12, 6, 6)]),
        ],
        ignore_index=True,
    )
    monkeypatch.setattr(remplissage, "cellules", lambda p: panel)


def test_fill_counts_cells_whose_places_and_entrants_are_both_known(cells):
    table = remplissage.remplissage(None).set_index(["course", "annee"])
    assert table.loc[("a", 2020), ["n", "k"]].tolist() == [30, 25]
    assert table.loc[("a", 2021), ["n", "k"]].tolist() == [20, 18]
    assert table.loc[("a", 2022), ["n", "k"]].tolist() == [10, 10]
    assert table.loc[("b", 2020), ["n", "k"]].tolist() == [12, 6]


def test_retention_follows_the_same_pupils_and_leaves_one_year_courses_out(cells):
    table = remplissage.retention(None).set_index(["course", "annee"])
    assert table.loc[("a", 2021), ["n", "k"]].tolist() == [15 + 10, 12 + 9]
    assert table.loc[("a", 2022), ["n", "k"]].tolist() == [18, 14]  # cell 2: entrants unknown
    assert ("b", 2020) not in table.index
