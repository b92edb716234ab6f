import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import UAI, ColumnSchema, TableSchema, check

PLACES = TableSchema(
    "essai",
    (
        ColumnSchema("uai", "UAI", "code", pattern=UAI, nullable=False),
        ColumnSchema("places", "Capacité", "effectif", high=900),
        ColumnSchema("taux", "Taux", "pourcentage", required=False),
        ColumnSchema("filiere", "Filière", "code", required=False, choices=("unique",)),
    ),
    key=("uai",),
)


def table(**columns):
    return pd.DataFrame({"uai": ["0010001W", "0010006B"], "places": [15.0, 12.0]} | columns)


def test_a_table_that_obeys_comes_back_unchanged():
    pd.testing.assert_frame_equal(check(table(), PLACES), table())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (table(uai=["0010001W", "banane"]), ["ligne 3", "« UAI »", "« banane »", "code UAI"]),
        (table(places=[15.0, -1.0]), ["ligne 3", "« Capacité »", "« -1 »"]),
        (table(places=[999.0, 12.0]), ["ligne 2", "« 999 »", "entre 0 et 900"]),
        (table(taux=[0.5, 1.4]), ["ligne 3", "« Taux »", "« 140 »", "entre 0 et 100"]),
        (table(uai=["0010001W", "0010001W"]), ["ligne 3", "en double", "ligne 2"]),
        (table(uai=["0010001W", None]), ["ligne 3", "cellule vide"]),
        (table(filiere=["unique", "autre"]), ["ligne 3", "« autre »", "attendu unique"]),
    ],
)
def test_a_fault_names_file_line_column_found_and_expected(wrong, words):
    with pytest.raises(FpiError) as error:
        check(wrong, PLACES, fichier="essai.csv")
    for word in ["essai.csv", *words]:
        assert word in str(error.value)


def test_lines_given_are_the_lines_named():
    with pytest.raises(FpiError, match="ligne 40"):
        check(table(places=[1.0, -1.0]), PLACES, lines=[30, 40])
