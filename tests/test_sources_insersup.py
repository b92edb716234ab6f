"""InserSup: only the totals are read out of all crossings; nd is missing."""

import pandas as pd
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.insersup import INSERSUP, read_insersup

NAMES = [column.header for column in INSERSUP.columns]
ROW = dict.fromkeys(NAMES, "nd") | {
    "promo": "2024", "etablissement": "0691774D", "reg_id": "R84", "aca_id": "A10",
    "type_diplome": "Licence professionnelle", "dom": "STS", "discipli": "disc12",
    "sectdis": "sectdis39", "diplome": "2500001", "genre": "ensemble", "nationalite": "ensemble",
    "regime_inscription": "ensemble", "obtention_diplome": "diplômé", "nb_sortants": "40",
    "nb_sortants_en_emploi_sal_fr_6": "30",
}  # fmt: skip


def write(folder, *changes, names=NAMES):
    rows = [{**ROW, **change} for change in changes]
    path = folder / "fr-esr-insersup.csv"
    pd.DataFrame(rows)[names].to_csv(path, sep=";", index=False, encoding="utf-8-sig")
    return path


def test_only_totals_of_graduates_are_kept_and_the_rest_is_counted(tmp_path):
    path = write(tmp_path, {}, {"genre": "femme"}, {"obtention_diplome": "ensemble"})
    reading = read_insersup(path)
    row = reading.table.iloc[0]
    assert (len(reading.table), row["sortants"], row["en_emploi_6_mois"]) == (1, 40, 30)
    assert pd.isna(row["en_emploi_30_mois"])
    assert list(reading.provenance.lignes_ecartees.values()) == [2]
    assert reading.provenance.lignes == 3


def test_pooled_promotions_are_marked_whatever_their_order(tmp_path):
    table = read_insersup(write(tmp_path, {}, {"promo": "2024,2023"})).table
    assert table["millesime"].tolist() == ["2024", "2023_2024"]
    assert table["promotions"].tolist() == [1, 2]


def test_a_parquet_export_with_lists_is_the_same_table(tmp_path):
    path = write(tmp_path, {}, {"promo": "2023,2024"})
    frame = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    frame["promo"] = frame["promo"].str.split(",")
    frame["nb_sortants"] = frame["nb_sortants"].astype(int)
    parquet = tmp_path / "fr-esr-insersup.parquet"
    frame.to_parquet(parquet)
    pd.testing.assert_frame_equal(read_insersup(parquet).table, read_insersup(path).table)


def test_more_employed_than_leavers_is_refused_with_the_line_in_the_whole_file(tmp_path):
    path = write(tmp_path, {"genre": "femme"}, {}, {"nb_sortants_en_emploi_sal_fr_6": "41"})
    with pytest.raises(FpiError, match="« 41 » sortants en emploi parmi « 40 »") as error:
        read_insersup(path)
    assert error.value.ligne == 4


def test_a_file_without_any_total_says_what_was_looked_for(tmp_path):
    with pytest.raises(FpiError, match="genre = ensemble"):
        read_insersup(write(tmp_path, {"genre": "femme"}))


def test_a_column_dropped_by_the_portal_is_named(tmp_path):
    names = [name for name in NAMES if name != "regime_inscription"]
    with pytest.raises(FpiError, match="regime_inscription"):
        read_insersup(write(tmp_path, {}, names=names))
