import pandas as pd
import pytest
from small_files import MEFS, put

from fpi_eval.calendar import durees
from fpi_eval.errors import FpiError
from fpi_eval.panel.identity import identity_of
from fpi_eval.panel.register_known import known_beside
from fpi_eval.programme import load_programme
from fpi_eval.sources.formations import with_usual_years
from fpi_eval.sources.nomenclatures import FICHIERS, read_nomenclature, read_nomenclatures
from fpi_eval.sources.reading.cache import cached

NAN = float("nan")
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


def test_a_row_for_all_years_of_a_diploma_gives_it_no_length(tmp_path):
    added = (
        "4153299999;415;25032999;9;9;LICPR COMMUNICATION ET INFORMATION;;;39500032999\n"
        "5503299999;550;13532999;9;9;MASTER COMMUNICATION ET INFORMATION;;;39600032999\n"
        "2712210721;271;50322107;2;1;1CAPA2 OPERATEUR EN IAA;;;23210022107\n"
        "3202210799;320;50322107;9;9;CAPA-A OPERATEUR EN IAA;;;23I01022107\n"
        "3612210799;361;56322107;9;9;CSA5 SANS DUREE;;;23H00022107\n"
    )
    path = put(tmp_path, MEFS, MEFS.text + added)
    mef = with_usual_years(read_nomenclature(path, "mef").table)
    assert mef["duree"].iloc[3:].tolist() == pytest.approx([1, 2, 2, NAN, 1], nan_ok=True)
    assert mef["annee"].iloc[3:].tolist() == pytest.approx([1, NAN, 1, NAN, 1], nan_ok=True)
    opened = pd.DataFrame(
        {
            "mefstat11": ["", "39500032999", "", "39600032999", "", "23I01022107"],
            "cfd": ["25032999", "25032999", "13532999", "13532999", "50322107", "50322107"],
        }
    )
    assert durees(opened, mef).tolist() == [1, 1, 2, 2, 2, 2]


def test_a_licence_pro_is_registered_under_the_only_code_that_it_has(donnees_reelles):
    codes = read_nomenclatures(donnees_reelles / "nomenclatures")
    changes = pd.DataFrame(columns=["ancien_uai", "nouveau_uai", "rentree"])
    known = known_beside(load_programme("data/fpi_aura"), codes, identity_of(codes), {}, changes)
    assert known.entry_codes("25032999") == ["39500032999"]


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
