"""Rows set aside are counted; what remains is checked at its line in the file."""

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import ColumnSchema, TableSchema
from fpi_eval.sources.reading.reading import read_table
from fpi_eval.sources.reading.tidy import (
    choose,
    set_aside,
    strict,
    verify,
    without_blank_rows,
    without_repeats,
)

SCHEMA = TableSchema(
    "essai", (ColumnSchema("code", "code", "code"), ColumnSchema("nombre", "nombre", "effectif"))
)
OTHER = TableSchema(
    "autre", (ColumnSchema("code", "code"), ColumnSchema("valeur", "valeur", "nombre"))
)


@pytest.fixture
def reading(tmp_path):
    path = tmp_path / "essai.csv"
    path.write_text("code;nombre\na;1\n;\na;1\nb;2\n;3\n", encoding="utf-8")
    return read_table(path, SCHEMA)


def test_rows_go_by_reason_and_are_counted(reading):
    kept = without_repeats(without_blank_rows(reading))
    assert kept.provenance.lignes_ecartees == {"ligne vide": 1, "ligne répétée à l'identique": 1}
    assert len(kept.table) + sum(kept.provenance.lignes_ecartees.values()) == 5


def test_the_same_reason_twice_adds_up(reading):
    once = set_aside(reading, reading.table["nombre"] != 2, "essai")
    twice = set_aside(once, once.table["nombre"] != 3, "essai")
    assert twice.provenance.lignes_ecartees == {"essai": 2}
    assert set_aside(twice, pd.Series(True, index=twice.table.index), "rien") is twice


def test_a_row_left_empty_is_refused_at_its_line_in_the_file(reading):
    kept = without_repeats(without_blank_rows(reading))
    with pytest.raises(FpiError, match="cellule vide") as error:
        verify(kept, strict(SCHEMA, filled=("code",)))
    assert error.value.ligne == 6


def test_rows_are_numbered_again_once_verified(reading):
    unique = without_repeats(without_blank_rows(reading))
    kept = set_aside(unique, unique.table["code"].notna(), "sans code")
    assert verify(kept, strict(SCHEMA, key=("code",))).table.index.tolist() == [0, 1]


def test_the_header_chooses_the_table(tmp_path, reading):
    path = tmp_path / "essai.csv"
    assert choose(path, (OTHER, SCHEMA)) is SCHEMA
    parquet = tmp_path / "essai.parquet"
    pd.DataFrame({"code": ["a"], "valeur": [1.5]}).to_parquet(parquet)
    assert choose(parquet, (SCHEMA, OTHER)) is OTHER
