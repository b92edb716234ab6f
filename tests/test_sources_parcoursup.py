import pytest
from small_files import AFFELNET, BTS, PARCOURSUP, put, write

from fpi_eval.errors import FpiError
from fpi_eval.sources.affelnet import read_affelnet
from fpi_eval.sources.parcoursup import PARCOURSUP as SCHEMA
from fpi_eval.sources.parcoursup import read_parcoursup
from fpi_eval.sources.parcoursup_bts import read_parcoursup_bts

LABELS = {column.header: column.aliases[-1] for column in SCHEMA.columns if column.aliases} | {
    "session": "Session", "cod_aff_form": "cod_aff_form",
    "lib_for_voe_ins": "Filière de formation", "select_form": "Sélectivité",
    "lib_comp_voe_ins": "Filière de formation détaillée",
}  # fmt: skip


AURA = ("001", "003", "007", "015", "026", "038", "042", "043", "063", "069", "073", "074")


def test_affelnet_places_outside_5_to_500_are_missing_and_other_statuses_set_aside(tmp_path):
    reading = read_affelnet(put(tmp_path, AFFELNET), 2022)
    assert list(reading.table["places"].fillna(-1)) == [15, 12, -1, -1]
    assert sum(reading.provenance.lignes_ecartees.values()) == 1


def test_bts_places_of_0_and_999_are_missing_and_distance_courses_are_marked(tmp_path):
    reading = read_parcoursup_bts(put(tmp_path, BTS), 2023)
    table = reading.table
    assert list(table["places"].fillna(-1)) == [17, 12, 3400, -1]
    assert list(table["a_distance"]) == [False, False, True, False]
    assert list(table["voie"]) == ["scolaire", "apprentissage", "scolaire", "apprentissage"]


def test_bts_of_2024_has_no_diploma_column_and_none_is_made_up(tmp_path):
    cells = [[row[i] for i in (0, 1, 9, 3, 4, 5)] for row in BTS.cells]
    table = read_parcoursup_bts(put(tmp_path, BTS, write(cells)), 2024).table
    assert table["cfd"].isna().all()


def test_repeated_bts_rows_are_kept(tmp_path):
    cells = BTS.cells
    table = read_parcoursup_bts(put(tmp_path, BTS, write([*cells, cells[1]])), 2023).table
    assert len(table) == 5


def test_a_diploma_that_is_not_the_mef_s_is_refused(tmp_path):
    path = put(tmp_path, BTS, BTS.text.replace("32022709;FAUX", "32022710;FAUX"))
    with pytest.raises(FpiError, match=r"ligne 2, colonne « MEFSTAT11 », « CFD rectifié »"):
        read_parcoursup_bts(path, 2023)


def test_parcoursup_codes_departements_and_unknowns(tmp_path):
    reading = read_parcoursup(put(tmp_path, PARCOURSUP))
    table = reading.table
    assert list(table["code_departement"]) == ["074", "038", "02A"]
    assert table["uai"].isna().tolist() == [False, True, False]
    assert table["places"].isna().tolist() == [False, True, False]
    assert table["a_distance"].tolist() == [False, True, False]
    assert table["rentree"].tolist() == [2024, 2024, 2025]


def test_labels_give_the_same_table_as_short_names(tmp_path):
    cells = PARCOURSUP.cells
    cells[0] = [LABELS.get(name, name) for name in cells[0]]
    assert cells[0].count("Filière de formation") == 2
    labelled = read_parcoursup(put(tmp_path, PARCOURSUP, write(cells))).table
    assert labelled.equals(read_parcoursup(put(tmp_path, PARCOURSUP)).table)
    assert labelled["formation"].iloc[0] == "BTS - Production"


def test_before_2020_the_identifier_is_in_the_link(tmp_path):
    gone = {9, 10, 12, 22}
    cells = [[c for i, c in enumerate(row) if i not in gone] for row in PARCOURSUP.cells]
    reading = read_parcoursup(put(tmp_path, PARCOURSUP, write(cells)))
    assert reading.table["cod_aff_form"].fillna("").tolist() == ["8860", "", ""]


def test_a_course_written_twice_in_a_session_is_refused(tmp_path):
    cells = PARCOURSUP.cells
    with pytest.raises(FpiError, match="8860 » est écrite deux fois pour la session « 2024 »"):
        read_parcoursup(put(tmp_path, PARCOURSUP, write([*cells, cells[1]])))


def test_selling_at_a_distance_is_a_trade(tmp_path):
    text = PARCOURSUP.text.replace("Conception;;", "Assistance Conseil Vente à distance;;", 1)
    table = read_parcoursup(put(tmp_path, PARCOURSUP, text)).table
    assert not table["a_distance"].iloc[0]


@pytest.mark.parametrize(
    ("rentree", "rows", "aura"), [(2021, 19767, 2306), (2022, 19641, 2247)]
)  # fmt: skip
def test_every_affelnet_row_is_read(donnees_reelles, rentree, rows, aura):
    path = donnees_reelles / "orion" / f"attractivite_capacite_{rentree}.csv"
    table = read_affelnet(path, rentree).table
    assert (len(table), int(table["uai"].str[:3].isin(AURA).sum())) == (rows, aura)


@pytest.mark.parametrize(
    ("rentree", "rows", "aura", "production"),
    [(2022, 11511, 1496, 3354), (2023, 12971, 1699, 3420)],
)
def test_every_bts_row_is_read_and_distance_set_apart(
    donnees_reelles, rentree, rows, aura, production
):
    path = donnees_reelles / "orion" / f"BTS_attractivite_capacite_{rentree}.csv"
    table = read_parcoursup_bts(path, rentree).table
    own = table[table["uai"].str[:3].isin(AURA)]
    assert (len(table), len(own)) == (rows, aura)
    near = own[(own["voie"] == "scolaire") & ~own["a_distance"]]
    industrial = near[near["formation"].str.startswith("BTS - Production")]
    assert industrial["places"].sum() == production


def test_both_real_sessions_are_read(donnees_reelles):
    path = donnees_reelles / "parcoursup" / "parcoursup_2018_2019_national_apinames.csv.gz"
    reading = read_parcoursup(path)
    assert reading.table["rentree"].value_counts().to_dict() == {2019: 11577, 2018: 10697}
    assert reading.table["cod_aff_form"].isna().sum() == 1441
    known = reading.table.dropna(subset=["cod_aff_form"])
    assert not known.duplicated(["rentree", "cod_aff_form"]).any()
