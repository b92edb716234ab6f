import pandas as pd
import pytest
from small_files import MEFS, put

from fpi_eval.errors import FpiError
from fpi_eval.sources.nomenclatures import FICHIERS, read_nomenclature, read_nomenclatures
from fpi_eval.sources.reading.cache import cached

ROWS = {
    "mef": 10067, "diplomes": 4023, "diplomes_ensemble": 11261, "niveaux": 212,
    "groupes_nsf": 115, "familles": 90, "options_bts": 17, "intitules": 577, "departements": 122,
}  # fmt: skip


def test_a_mef_must_be_made_of_its_parts(tmp_path):
    table = read_nomenclature(put(tmp_path, MEFS), "mef").table
    assert table["date_ouverture"].iloc[2] == pd.Timestamp("2021-09-01")
    text = MEFS.text.replace("2472500731", "2472500741")
    with pytest.raises(FpiError, match=r"ligne 2, colonne « MEF », « DISPOSITIF_FORMATION »"):
        read_nomenclature(put(tmp_path, MEFS, text), "mef")
    text = MEFS.text.replace("23830025007", "23830025008")
    with pytest.raises(FpiError, match=r"ligne 3, colonne « MEF_STAT_11 », « FORMATION_DIPLOME »"):
        read_nomenclature(put(tmp_path, MEFS, text), "mef")


def test_an_absent_folder_and_an_absent_file_are_said(tmp_path):
    with pytest.raises(FpiError, match="dossier des nomenclatures absent"):
        read_nomenclatures(tmp_path / "rien")
    with pytest.raises(FpiError, match=r"nMef\.csv : fichier absent"):
        read_nomenclatures(tmp_path)


@pytest.mark.parametrize("name", FICHIERS)
def test_every_row_of_a_real_nomenclature_is_read_or_counted(donnees_reelles, name):
    reading = read_nomenclature(donnees_reelles / "nomenclatures" / FICHIERS[name][0], name)
    aside = sum(reading.provenance.lignes_ecartees.values())
    assert len(reading.table) + aside == reading.provenance.lignes == ROWS[name]


def test_the_real_folder_reads_the_same_through_the_cache(donnees_reelles, tmp_path):
    folder = donnees_reelles / "nomenclatures"
    direct = read_nomenclatures(folder)
    for _ in range(2):
        kept = read_nomenclatures(
            folder, through=lambda reader, *a: cached(reader, *a, cache=tmp_path)
        )
        for name in FICHIERS:
            pd.testing.assert_frame_equal(getattr(direct, name), getattr(kept, name))
    assert direct.tous_diplomes["cfd"].is_unique
