"""Urssaf commune × APE to zone × sector × year, on files of the export's shape."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.urssaf import read_urssaf_commune_ape

GEOGRAPHIE = pd.DataFrame(
    {
        "code_commune": ["69123", "69381", "69382", "71270", "01004"],
        "code_zone": ["8421", "8421", "8421", "0055", "0055"],
        "code_departement": ["069", "069", "069", "071", "001"],
        "code_region": ["84", "84", "84", "27", "84"],
    }
)
NAF = pd.DataFrame(
    {
        "code_ape": ["2511Z", "2512Z", "6201Z"],
        "a88": ["25", "25", "62"],
        "a38": ["CH", "CH", "JC"],
        "a17": ["C5", "C5", "JZ"],
        "a10": ["BE", "BE", "JZ"],
    }
)
HEADER = (
    "region;departement;zone_d_emploi;commune;grand_secteur_d_activite;ape;code_region;"
    "code_departement;code_zone_d_emploi;code_commune;code_ape;nombre_d_etablissements_2022;"
    "nombre_d_etablissements_2023;effectifs_salaries_2022;effectifs_salaries_2023"
)


def line(commune, ape, *counts):
    return ";".join(["R", "D", "Z", "C", "GS1 Industrie", "APE", "84", "69", "8421", commune, ape,
                     *counts])  # fmt: skip


LINES = (
    line("69381", "2511Z", "2", "2", "10", "12"),
    line("69382", "2512Z", "1", "1", "", "5"),
    line("71270", "2511Z", "1", "", "7", ""),
    line("01004", "2511Z", "1", "1", "3", "4"),
    line("01004", "6201Z", "", "", "", "9"),
)


def write(folder, *lines, header=HEADER, name="urssaf.csv", encoding="utf-8"):
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
    return path


def summed(table, *keys):
    """Return jobs by keys, a hidden cell being no zero."""
    return table.groupby(list(keys))[["etablissements", "emplois", "masquees"]].sum(min_count=1)


def read(path, **options):
    return read_urssaf_commune_ape(path, GEOGRAPHIE, NAF, **options)


def test_arrondissements_are_summed_in_their_zone_and_a_hidden_cell_is_not_zero(tmp_path):
    table = summed(read(write(tmp_path, *LINES)).table, "code_zone", "secteur", "annee")
    lyon = table.loc[("8421", "CH")]
    assert lyon["emplois"].tolist() == [10, 17]
    assert lyon["etablissements"].tolist() == [3, 3]
    assert lyon["masquees"].tolist() == [1, 0]


def test_a_zone_across_departements_is_whole_by_zone_and_cut_by_departement(tmp_path):
    table = read(write(tmp_path, *LINES)).table
    zone = summed(table, "code_zone", "secteur", "annee").query(
        "code_zone == '0055' and secteur == 'CH'"
    )
    assert zone["emplois"].tolist() == [10, 4]
    departement = summed(table, "code_departement", "secteur", "annee").query(
        "secteur == 'CH' and annee == 2022"
    )
    assert departement.reset_index().set_index("code_departement")["emplois"].to_dict() == {
        "001": 3, "069": 10, "071": 7,
    }  # fmt: skip


def test_a_sum_without_any_cell_given_is_missing(tmp_path):
    table = read(write(tmp_path, *LINES)).table
    digital = table[table["secteur"] == "JC"]
    assert digital["annee"].tolist() == [2023]
    assert digital["etablissements"].isna().all()
    assert digital["emplois"].tolist() == [9]


def test_unknown_communes_and_activities_are_counted_with_their_codes(tmp_path):
    path = write(tmp_path, *LINES, line("99999", "2511Z", "1", "1", "8", "8"),
                 line("69381", "9999Z", "1", "1", "8", "8"),
                 line("99999", "9999Z", "1", "1", "8", "8"))  # fmt: skip
    assert read(path).provenance.lignes_ecartees == {  # a row is set aside once
        "commune absent de la nomenclature : 99999": 2,
        "code APE absent de la nomenclature : 9999Z": 1,
    }
    assert read(path).provenance.lignes == 8


@pytest.mark.parametrize(
    ("commune", "ape", "words"),
    [
        ("1004", "2511Z", "« 1004 » pour « 01004 »"),  # as a spreadsheet writes 01004
        ("01004", "2511Y", "une autre nomenclature que la NAF rév. 2"),
    ],
)
def test_too_many_rows_of_unknown_codes_are_refused(tmp_path, commune, ape, words):
    known = [line("69381", f"{i}Z", "1", "1", "8", "8") for i in range(1000, 1095)]
    naf = pd.DataFrame({"code_ape": [f"{i}Z" for i in range(1000, 1095)], "a38": "CH"})
    lost = [line(commune, ape, "1", "1", "8", "8")] * 6

    def jobs(*lines):
        return read_urssaf_commune_ape(write(tmp_path, *lines), GEOGRAPHIE, naf).table

    assert jobs(*known, *lost[:5])["emplois"].sum() == 2 * 8 * 95  # 5 of 100
    with pytest.raises(FpiError, match=f"6 lignes sur 101 .*{words}"):
        jobs(*known, *lost)


@pytest.mark.parametrize("niveau", ["a88", "a38", "a10"])
def test_totals_do_not_depend_on_the_level_of_activities(tmp_path, niveau):
    table = read(write(tmp_path, *LINES), niveau=niveau).table
    assert table["emplois"].sum() == 10 + 12 + 5 + 7 + 3 + 4 + 9


def test_csv_gzip_labels_and_parquet_give_the_same_panel(tmp_path):
    expected = read(write(tmp_path, *LINES)).table
    labels = HEADER.replace("code_commune", "Code commune").replace("code_ape", "Code APE")
    labels = labels.replace("nombre_d_etablissements_", "Nombre d'établissements ")
    labels = labels.replace("effectifs_salaries_", "Effectifs salariés ")
    compressed = tmp_path / "urssaf.csv.gz"
    compressed.write_bytes(gzip.compress(write(tmp_path, *LINES).read_bytes()))
    frame = pd.read_csv(write(tmp_path, *LINES), sep=";", dtype={"code_commune": str})
    frame = frame.astype({c: "Int64" for c in frame if c[-4:] in ("2022", "2023")})
    parquet = tmp_path / "urssaf.parquet"
    pq.write_table(pa.Table.from_pandas(frame), parquet)
    paths = [write(tmp_path, *LINES, header=labels, name="labels.csv", encoding="utf-8-sig"),
             compressed, parquet]  # fmt: skip
    for path in paths:
        pd.testing.assert_frame_equal(read(path).table, expected)


@pytest.mark.parametrize(
    ("count", "message"),
    [("-3", "trouvé « -3 »"), ("2.5", "trouvé « 2.5 »"), ("abc", "trouvé « abc »")],
)
def test_a_count_that_is_not_one_is_refused_with_its_line_and_column(tmp_path, count, message):
    path = write(tmp_path, *LINES, line("69123", "2511Z", "1", "1", count, "8"))
    with pytest.raises(FpiError, match=message) as error:
        read(path)
    assert (error.value.ligne, error.value.colonne) == (7, "effectifs_salaries_2022")


def test_a_truncated_line_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, *LINES, line("69123", "2511Z", "1", "1"))
    with pytest.raises(FpiError, match="13 valeur") as error:
        read(path)
    assert error.value.ligne == 7


def test_the_same_commune_and_activity_twice_is_refused(tmp_path):
    with pytest.raises(FpiError, match="69381 × 2511Z"):
        read(write(tmp_path, *LINES, LINES[0]))


def test_a_year_with_jobs_but_no_establishments_is_refused(tmp_path):
    header = HEADER.replace("nombre_d_etablissements_2023", "nombre_2023")
    with pytest.raises(FpiError, match="2023") as error:
        read(write(tmp_path, *LINES, header=header))
    assert error.value.colonne == "nombre_d_etablissements_AAAA"


def test_a_renamed_commune_column_is_refused_with_its_neighbour(tmp_path):
    header = HEADER.replace("code_commune", "code_commune_insee")
    with pytest.raises(FpiError, match="code_commune_insee"):
        read(write(tmp_path, *LINES, header=header))


def test_the_sums_are_those_of_a_plain_groupby_over_many_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("fpi_eval.sources.reading.large.BLOCK", 4_096)
    rng = np.random.default_rng(7)
    cells = [(c, a) for c in GEOGRAPHIE["code_commune"] for a in NAF["code_ape"]]
    extra = pd.DataFrame({"code_commune": [f"42{i:03d}" for i in range(300)],
                          "code_zone": "8433", "code_departement": "042",
                          "code_region": "84"})  # fmt: skip
    cells += [(c, a) for c in extra["code_commune"] for a in NAF["code_ape"]]
    counts = rng.integers(0, 50, (len(cells), 4))
    path = write(tmp_path, *(line(c, a, *map(str, row))
                             for (c, a), row in zip(cells, counts, strict=True)))  # fmt: skip
    everywhere = pd.concat([GEOGRAPHIE, extra], ignore_index=True)
    table = summed(
        read_urssaf_commune_ape(path, everywhere, NAF).table, "code_zone", "secteur", "annee"
    ).reset_index()
    plain = pd.DataFrame(cells, columns=["code_commune", "code_ape"]).assign(emplois=counts[:, 2])
    plain = plain.merge(everywhere).merge(NAF).groupby(["code_zone", "a38"])["emplois"].sum()
    found = table[table["annee"] == 2022].set_index(["code_zone", "secteur"])["emplois"]
    assert found.to_dict() == plain.to_dict()
