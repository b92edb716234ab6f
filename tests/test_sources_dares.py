"""Dares: levels and codes with their blanks and decimals put right."""

from fpi_eval.sources.dares import read_tensions

TENSIONS = (
    "fap,Emploi moyen,Tension ,Catégorie Tension,Intensité d'embauches,Lien formation-emploi,"
    "Manque de main-d'œuvre disponible,Non-durabilité de l'emploi,"
    "Conditions de travail contraignantes,Inadéquation géographique,Année,niveau_geo,niveau_fap,"
    "reg,dep\n"
    "D1Z40,63100,-0.25,3.0,5.0,3.0,2.0,5.0,4.0,5.0,2019,nat,fap 225,,\n"
    "D1Z40,4500,0.5,5.0,5.0,3.0,2.0,5.0,4.0,5.0,2019,reg,fap 225,84.0,\n"
    "D1Z,500,,,,,,,,,2019,reg ,fap 87,1.0,\n"
    "D1Z40,0,,,,,,,,,2019,dep,fap 225,,01\n"
)


def test_levels_lose_their_blanks_and_codes_their_decimals(tmp_path):
    path = tmp_path / "tensions.csv"
    path.write_text(TENSIONS, encoding="utf-8")
    table = read_tensions(path).table
    assert table["niveau_geo"].tolist() == ["nat", "reg", "reg", "dep"]
    assert table["code_region"].dropna().tolist() == ["84", "01"]
    assert table["code_departement"].dropna().tolist() == ["001"]
    assert table["tension"].tolist()[:2] == [-0.25, 0.5]
    assert table["tension"].isna().sum() == 2


def test_the_real_tension_file_has_263_rows_for_aura(donnees_reelles):
    table = read_tensions(donnees_reelles / "dares" / "tensions.csv").table
    assert len(table) == 31_034
    assert (table["code_region"] == "84").sum() == 263
