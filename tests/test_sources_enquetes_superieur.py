"""Older surveys of graduates: two header styles, one table."""

import pytest

from fpi_eval.sources.enquetes_superieur import ENQUETES, read_enquetes_superieur

LABELS = [column.header.replace("'", "\u2019") for column in ENQUETES.columns]
NAMES = [column.aliases[0] if column.aliases else column.header.lower().replace("ô", "o")
         .replace("é", "e") for column in ENQUETES.columns]  # fmt: skip
ROW = ["2013", "LICENCE PRO", "0699001J", "Lyon", "A10", "STS", "disc12",
       "Ensemble sciences, technologies et santé", "18 mois après le diplôme", "85", "74", "90",
       "77", "99", "1760", "21"]  # fmt: skip
NATIONAL = ["2013", "LICENCE PRO", "UNIV", "Toutes", "", *ROW[5:]]
HIDDEN = [*ROW[:8], "30 mois après le diplôme", "8", "77", "ns", "nd", ".", "1 710", "ns"]


def write(folder, header, *rows):
    path = folder / "enquete.csv"
    path.write_text("\n".join(";".join(row) for row in (header, *rows)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("header", [LABELS, NAMES], ids=["libellés", "noms courts"])
def test_both_header_styles_give_the_same_table(tmp_path, header):
    reading = read_enquetes_superieur(write(tmp_path, header, ROW, NATIONAL, HIDDEN))
    first, second = reading.table.to_dict("records")
    assert (first["mois"], first["code_academie"], first["ensemble"]) == (18, "10", True)
    assert first["taux_insertion"] == pytest.approx(0.90)
    assert second["mois"] == 30
    assert second["salaire_net_median"] == 1710
    assert reading.table[["taux_insertion", "part_stable"]].isna().to_numpy().tolist() == [
        [False, False], [True, True],
    ]  # fmt: skip
    assert reading.provenance.lignes_ecartees == {"ensemble des universités": 1}


@pytest.mark.parametrize(
    ("name", "rows", "national"), [("lp", 6_038, 136), ("master", 11_873, 217)]
)
def test_the_real_surveys_lose_only_their_national_rows(donnees_reelles, name, rows, national):
    path = donnees_reelles / "insersup" / f"fr-esr-insertion_professionnelle-{name}.csv"
    reading = read_enquetes_superieur(path)
    assert reading.provenance.lignes == rows
    assert reading.provenance.lignes_ecartees == {"ensemble des universités": national}
    assert len(reading.table) == rows - national
