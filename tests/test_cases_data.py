"""Small files as they reach us: each invented, in the shape of one that was once misread."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from small_files import APPRENTISSAGE, PARCOURSUP

from fpi_eval import escapes
from fpi_eval.errors import FpiError
from fpi_eval.language import speaking
from fpi_eval.panel.capacites import capacites
from fpi_eval.panel.doubts import filieres_in_doubt, left_out
from fpi_eval.panel.identity import identity_of, with_levels
from fpi_eval.programme import load_programme
from fpi_eval.report.runner import translated
from fpi_eval.sources.affelnet import AFFELNET, read_affelnet
from fpi_eval.sources.constat import CONSTAT, read_constat
from fpi_eval.sources.declared_filieres import read_filieres
from fpi_eval.sources.inserjeunes_region import read_inserjeunes_region
from fpi_eval.sources.nomenclatures import read_nomenclatures
from fpi_eval.sources.parcoursup import read_parcoursup
from fpi_eval.sources.parcoursup_apprentissage import read_parcoursup_apprentissage
from fpi_eval.sources.parcoursup_bts import PARCOURSUP_BTS, read_parcoursup_bts
from fpi_eval.sources.reading import ColumnSchema, TableSchema
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import read_table

AURA = load_programme(Path(__file__).parents[1] / "data" / "fpi_aura")
SHORT = "Académie;ID_ETAB;CO_MEFSTAT;CO_STA;FL_VRECENS;VAL_CARSCO\n"
EXTRACT = (
    "Etablissement d'accueil;MEF STAT 11;Voeu de recensement O/N;Statut Offre de formation;"
    "Capacité carte scolaire;Demandes vœux 1;Famille de métiers;nb_apparitions_uai_mefstat;"
    "mef_stat_terminale\n"
)
EXPORT = (
    "Etablissement d'accueil;Libellé de l'établissement d'accueil;MEF STAT 11;"
    "Libellé du MEF national de rattachement;Type de MEF;Secteur ;Voeu de recensement O/N;"
    "Statut Offre de formation;Capacité carte scolaire;Capacité d'affectation;"
    "Taux de pression (Total demandes vœux 1 / Capacité carte scolaire);Demandes vœux 1;"
    "Demandes tous vœux;Affectés voeu 1;Affectés tous vœux\n"
)
BTS_2024 = "UAI;LIBELLÉFORMATION;MEFSTAT11;NB_VOEUX_CONFIRMES;STATUT;CAPACITEPSUP\n"


def put(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# ── what the nomenclature says, not the characters of a code ────────────────────────────────────

MEF = pd.DataFrame(
    [
        ("32211023205", "32023205", 2, 1),
        ("32212031202", "32331202", 2, 1),  # agricultural: 323, which no slice of the MEF says
        ("44210099901", "48199901", 1, 1),
    ],
    columns=["mefstat11", "cfd", "duree", "annee"],
)
DIPLOMES = pd.DataFrame(
    [
        ("32023205", "320", "232", "05"),
        ("32331202", "323", "312", "05"),
        ("48199901", "481", "999", "04"),
        ("32031202", "320", "312", "05"),  # what the slice used to invent: another, real, diploma
    ],
    columns=["cfd", "niveau_diplome", "groupe_nsf", "niveau_rncp"],
)


def places(readings, identity=None):
    codes = SimpleNamespace(
        mef=MEF,
        niveaux=pd.DataFrame({"niveau_diplome": ["481"], "libelle": ["FCIL DE NIVEAU 4"]}),
        familles=pd.DataFrame({"cfd": [], "mefstat11_commun": []}, dtype="str"),
        departements=pd.DataFrame(
            [("069", "10", "84"), ("057", "12", "44")],
            columns=["code_departement", "code_academie", "code_region"],
        ),
    )
    donnees = SimpleNamespace(
        a=lambda name: name == "parcoursup_bts",
        table=lambda name: readings,
        nomenclatures=codes,
        changements_uai=pd.DataFrame(columns=["ancien_uai", "nouveau_uai"]),
    )
    none = pd.DataFrame({"cfd": [], "course": [], "famille": []}, dtype="str")
    known = with_levels(none, DIPLOMES)
    filieres = pd.DataFrame({"code": ["232"], "filiere": ["energie"]})
    return capacites(donnees, known, filieres)


def test_what_is_no_bts_is_set_aside_counted_and_named(tmp_path):
    text = BTS_2024 + (
        "0690001A;Certificat de Spécialisation - Techn. en énergies;23K00022702;22;Scolaire;12\n"
        "0690001A;FCIL - Formation locale;44210099901;20;Scolaire;15\n"
        "0570001B;BTS - Production - Enveloppe des bâtiments;32211023205;89;Scolaire;15\n"
        "0570001B;BTSA - Technico-commercial;32212031202;30;Apprentissage;10\n"
    )
    reading = read_parcoursup_bts(put(tmp_path, "BTS_attractivite_capacite_2024.csv", text), 2024)
    found = places(reading.table)
    assert found.table[["cfd", "places", "duree", "niveau"]].to_numpy().tolist() == [
        ["32023205", 15, 2, "superieur"],
        ["32331202", 10, 2, "superieur"],
    ]
    aside = found.ecartees.set_index("raison")["places"].to_dict()
    assert aside == {
        "code de formation absent de la nomenclature : Certificat de Spécialisation": 12,
        "pas un BTS : fcil de niveau 4": 15,
    }


# ── exports of 2025 and older short names ───────────────────────────────────────────────────────


def test_a_constat_without_year_takes_that_of_its_name(tmp_path):
    text = "UAI,Mef Bcp 11,Nombre d'élèves : Total,Nombre d'élèves : Filles\n"
    path = put(tmp_path, "constat_2025.csv", text + "0010001W,23210025524,12,0\n")
    reading = read_constat(path, 2025)
    assert reading.table[["rentree", "effectif"]].to_numpy().tolist() == [[2025, 12]]
    with pytest.raises(FpiError, match=r"constat_2025\.csv"):
        read_constat(path)


def test_a_constat_of_another_year_than_its_name_is_refused(tmp_path):
    text = "Rentrée scolaire;UAI;Mef Bcp 11;Nombre d'élèves : Total\n2020;0010001W;23210025524;12\n"
    with pytest.raises(FpiError, match="rentrée 2020 dans un fichier nommé 2021"):
        read_constat(put(tmp_path, "constat_2021.csv", text), 2021)


@pytest.mark.parametrize(
    ("read", "small"),
    [(read_parcoursup, PARCOURSUP), (read_parcoursup_apprentissage, APPRENTISSAGE)],
)
def test_another_session_under_a_years_name_is_refused(tmp_path, read, small):
    header, first, *_ = small.text.splitlines()
    year = int(first.partition(";")[0])
    path = put(tmp_path, small.fichier, f"{header}\n{first}\n")
    assert read(path, year).table["rentree"].tolist() == [year]
    with pytest.raises(FpiError, match=f"rentrée {year} dans un fichier nommé {year - 1}"):
        read(path, year - 1)


def test_affelnet_of_2025_is_read_without_the_column_that_nothing_uses(tmp_path):
    text = EXPORT + (
        "0010001W;LYCEE A;23820022707;1ERPRO;National;PUBLIC;N;ST;15;15;1,4;21;51;13;15\n"
        "0010001W;LYCEE A;23210025524;1CAP2;National;PUBLIC;N;ST;12;12;2,25;27;120;7;12\n"
        "0010826T;CFA B;23210022137;1CAP2;National;PRIVE;N;AP;999;999;0,02;15;32;0;0\n"
    )
    reading = read_affelnet(put(tmp_path, "attractivite_capacite_2025.csv", text), 2025)
    assert reading.table[["places", "voeux_1"]].to_numpy().tolist() == [[15, 21], [12, 27]]
    assert reading.provenance.lignes_ecartees == {"statut autre que ST ou vœu de recensement": 1}


def test_a_capacity_repeated_on_sub_rows_counts_once_and_their_wishes_add_up(tmp_path):
    text = EXPORT + (
        "0011074M;L;23811021004;X;National;PUBLIC;N;AP;999;999;0;9;9;0;0\n"
        "0011074M;L;23811021004;X;Affectation;PUBLIC;N;ST;25;7;0;7;9;0;0\n"
        "0011074M;L;23811021004;X;Affectation;PUBLIC;N;ST;25;6;0;3;9;0;0\n"
    )
    reading = read_affelnet(put(tmp_path, "attractivite_capacite_2025.csv", text), 2025)
    assert reading.table[["places", "voeux_1"]].to_numpy().tolist() == [[25, 10]]
    assert 1 in reading.provenance.lignes_ecartees.values()


def test_a_repeat_that_nothing_tells_from_a_sub_row_is_added_up(tmp_path):
    row = "0010001W;23820025007;N;ST;15;6;;2;\n"
    reading = read_affelnet(
        put(tmp_path, "attractivite_capacite_2022.csv", EXTRACT + row + row), 2022
    )
    assert reading.table["places"].sum() == 30


def test_affelnet_with_short_names_gives_places_and_unknown_wishes(tmp_path):
    text = SHORT + "Aix-Marseille;0131445A;23810033605;ST;N;24\n"
    reading = read_affelnet(put(tmp_path, "attractivite_capacite_2022.csv", text), 2022)
    assert reading.table["places"].tolist() == [24]
    assert reading.table["voeux_1"].isna().all()


def test_bts_in_commas_without_course_names_is_read(tmp_path):
    text = "UAI,NB_VOEUX_CONFIRMES,STATUT,CAPACITEPSUP,MEFSTAT11\n"
    text += "0690001A,56,Apprentissage,12,32212031202\n0570001B,146,Scolaire,12,44210099901\n"
    reading = read_parcoursup_bts(put(tmp_path, "BTS_attractivite_capacite_2025.csv", text), 2025)
    assert reading.table["places"].tolist() == [12, 12]
    assert places(reading.table).ecartees["raison"].tolist() == ["pas un BTS : fcil de niveau 4"]


def test_the_rectified_mef_is_the_one_read(tmp_path):
    text = (
        "UAI;LIBELLÉFORMATION;MEFSTAT11;NB_VOEUX_CONFIRMES;STATUT;CAPACITEPSUP;CFD;CFD rectifié;"
        "Rectif;MEFSTAT11 rectifié;;\n"
        "0570001B;BTS - Motorisations;32211025219;136;Scolaire;10;32025219;32025214;TRUE;"
        "32211025214;;\n"
    )
    reading = read_parcoursup_bts(put(tmp_path, "BTS_attractivite_capacite_2022.csv", text), 2022)
    assert reading.table.loc[0, ["mefstat11", "cfd"]].tolist() == ["32211025214", "32025214"]


def test_one_obsolete_identifier_is_counted_and_refuses_nothing(tmp_path):
    text = BTS_2024 + "".join(
        f"{uai};BTS - Services - Tourisme;32211033426;9;Scolaire;15\n"
        for uai in ("9740679V", "6200001G", "7200009X", "identifiant obsolète")
    )
    reading = read_parcoursup_bts(put(tmp_path, "BTS_attractivite_capacite_2025.csv", text), 2025)
    assert len(reading.table) == 3
    assert reading.provenance.lignes_ecartees == {"lignes sans UAI": 1}


@pytest.mark.parametrize("emptied", ["", " ", "nd"])
def test_an_emptied_establishment_is_refused_where_an_obsolete_one_is_counted(tmp_path, emptied):
    text = EXTRACT + f"0010001W;23820025007;N;ST;12;6;;1;\n{emptied};23210023446;N;ST;15;6;;1;\n"
    path = put(tmp_path, "attractivite_capacite_2022.csv", text)
    with pytest.raises(FpiError, match=r"ligne 3, colonne « Etablissement d'accueil ».*vide"):
        read_affelnet(path, 2022)


# ── damaged files ───────────────────────────────────────────────────────────────────────────────


def test_two_stray_quotation_marks_do_not_swallow_rows(tmp_path):
    rows = [f"0010001W;2382002500{i};N;ST;15;6;;1;\n" for i in range(9)]
    rows[2], rows[7] = rows[2].replace(";;", ';";'), rows[7].replace(";;", ';";')
    path = put(tmp_path, "attractivite_capacite_2022.csv", EXTRACT + "".join(rows))
    with pytest.raises(FpiError, match="guillemet") as caught:
        read_affelnet(path, 2022)
    assert (caught.value.ligne, caught.value.colonne) == (4, "Famille de métiers")


def test_a_value_of_two_lines_between_quotation_marks_is_read(tmp_path):
    text = EXTRACT + '0010001W;23820025007;N;ST;15;6;"PILOTAGE\nET MAINTENANCE";1;\n'
    reading = read_affelnet(put(tmp_path, "attractivite_capacite_2022.csv", text), 2022)
    assert reading.table["places"].tolist() == [15]


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("attractivite_capacite_2022.csv", EXTRACT, lambda p: read_affelnet(p, 2022)),
        (
            "ij_region_data.csv",
            "id;millesime;code_region_ij;code_region;voie;cfd;mefstat11;nb_annee_term;"
            "nb_en_emploi_12_mois;nb_en_emploi_18_mois;nb_en_emploi_24_mois;nb_en_emploi_6_mois;"
            "nb_poursuite_etudes;nb_sortant;taux_emploi_12_mois;taux_emploi_18_mois;"
            "taux_emploi_24_mois;taux_emploi_6_mois;taux_poursuite_etudes\n",
            read_inserjeunes_region,
        ),
    ],
)
def test_a_header_without_a_row_is_refused(tmp_path, name, text, read):
    with pytest.raises(FpiError, match="aucune ligne"):
        read(put(tmp_path, name, text))


AFFELNET_ROW = "0010001W;2382002{};N;ST;{};6;;1;\n"


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        (EXTRACT + AFFELNET_ROW.format("5007", "120000 120000"), read_affelnet, "120000 120000"),
        (EXTRACT + AFFELNET_ROW.format("٥٠٠٧", 15), read_affelnet, "MEFSTAT11"),
        (EXTRACT + AFFELNET_ROW.format("5007", 15).replace("0010001W", "٠٠١٠٠٠١W"),
         read_affelnet, "UAI"),
        (EXTRACT + "".join(AFFELNET_ROW.format(5000 + i, 15) for i in range(20)) * 2,
         read_affelnet, "20 lignes sur 40"),
        (BTS_2024 + "0690001A;BTS - MÃ©canique;32211023205;22;Scolaire;12\n",
         read_parcoursup_bts, "MÃ©canique"),
        ("Rentrée scolaire;UAI;Mef Bcp 11;Nombre d'élèves : Total\n"
         "2022;0010001W;23210025524;120 000 120 000\n", read_constat, "120 000 120 000"),
    ],
    ids=["two numbers", "digits of a MEF", "digits of an UAI", "pasted twice", "mojibake",
         "two spaced numbers"],
)  # fmt: skip
def test_values_that_look_right_and_are_not_are_refused(tmp_path, text, read, words):
    with pytest.raises(FpiError) as caught:
        read(put(tmp_path, "fichier_2022.csv", text), 2022)
    assert words in str(caught.value)


def test_rates_written_as_fractions_are_refused_and_small_rates_are_not(tmp_path):
    schema = TableSchema("essai", (ColumnSchema("taux", "taux", "pourcentage"),))
    path = put(tmp_path, "a.csv", "taux\n" + "".join(f"0,{i}5\n" for i in range(1, 8)))
    with pytest.raises(FpiError, match="ce sont des fractions"):
        read_table(path, schema)
    whole = put(tmp_path, "b.csv", "taux\n0,5\n1\n12\n45\n60\n80\n")
    assert read_table(whole, schema).table["taux"].tolist() == [0.005, 0.01, 0.12, 0.45, 0.6, 0.8]


# ── headers: all that is missing at once, and remedies that work ────────────────────────────────


def test_all_missing_columns_are_told_at_once(tmp_path):
    path = put(
        tmp_path, "attractivite_capacite_2022.csv", "Etablissement d'accueil;X\n0010001W;1\n"
    )
    with pytest.raises(FpiError, match="4 colonnes absentes") as caught:
        read_affelnet(path, 2022)
    for column in ("MEF STAT 11", "Voeu de recensement O/N", "Capacité carte scolaire"):
        assert f"« {column} »" in str(caught.value)


REMEDIES = [
    (AFFELNET, EXTRACT + "0010001W;23820025007;N;ST;15;6;;1;\n",
     lambda path, renaming: read_affelnet(path, 2022, renaming=renaming)),
    (PARCOURSUP_BTS, BTS_2024 + "0690001A;BTS - X;32211023205;22;Scolaire;12\n",
     lambda path, renaming: read_parcoursup_bts(path, 2024, renaming=renaming)),
    (CONSTAT, "UAI;Mef Bcp 11;Nombre d'élèves : Total\n0010001W;23210025524;12\n",
     lambda path, renaming: read_constat(path, 2025, renaming=renaming)),
]  # fmt: skip
COMPULSORY = [
    (schema, text, read, column)
    for schema, text, read in REMEDIES
    for column in schema.columns
    if column.required
]


@pytest.mark.parametrize(("schema", "text", "read", "column"), COMPULSORY)
def test_the_remedy_offered_for_a_renamed_column_reads_the_file(
    tmp_path, schema, text, read, column
):
    header, _, rows = text.partition("\n")
    name = next(n for n in (column.header, *column.aliases, *column.fallbacks)
                if n in header.split(";"))  # fmt: skip
    new = f"Nouveau {name}"
    changed = ";".join(new if n == name else n for n in header.split(";"))
    path = put(tmp_path, "fichier.csv", f"{changed}\n{rows}")
    with pytest.raises(FpiError) as caught:
        read(path, Renaming(where="[sources.essai.colonnes] de programme.toml"))
    assert f"« {column.name} = " in str(caught.value)
    declared = Renaming({column.name: new})
    read(path, declared)
    read(put(tmp_path, "autre.csv", text), declared)  # the other years keep the usual name


def filieres(tmp_path, content):
    shutil.copy(AURA.dossier / "programme.toml", tmp_path)
    (tmp_path / "filieres.csv").write_bytes(content)
    return load_programme(tmp_path)


HEAD = "code;libelle;filiere;motif\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_table_of_filieres_is_read_as_a_spreadsheet_saves_it(tmp_path, encoding, end):
    text = HEAD + " 201 ;Éléments;numerique ;x\n\n01025509;;numerique;\n"
    table = read_filieres(filieres(tmp_path, text.replace("\n", end).encode(encoding)))
    assert table["code"].tolist() == ["201", "01025509"]
    assert set(table["filiere"]) == {"numerique"}


@pytest.mark.parametrize(
    ("text", "ligne", "words"),
    [
        (HEAD + "201;a;numerique;x\n\n1025509;b;numerique;x\n", 4, "retire le zéro du début"),
        (HEAD + "201;a;numerik;x\n", 2, "trouvé « numerik », attendu une filière"),
        (HEAD + "201;a;numerique;x\n201;b;numerique;x\n", 3, "clé en double"),
        (HEAD + "201;a;numerique;x;\n", 2, "5 valeur(s) trouvée(s), 4 attendue(s)"),
        ("code;libelle;motif\n201;a;x\n", 1, "colonne absente"),
        ("", 1, "le fichier est vide"),
    ],
)
def test_a_wrong_table_of_filieres_is_refused_in_french_with_its_line(tmp_path, text, ligne, words):
    with pytest.raises(FpiError, match=re.escape(words)) as error:
        read_filieres(filieres(tmp_path, text.encode()))
    assert (error.value.fichier, error.value.ligne) == ("filieres.csv", ligne)


def test_a_code_of_no_nomenclature_is_told_and_those_shipped_are_known(tmp_path, donnees_reelles):
    codes = read_nomenclatures(donnees_reelles / "nomenclatures")
    identity = identity_of(codes)
    assert filieres_in_doubt(AURA, codes, identity) == ()
    text = HEAD + "201;a;numerique;x\n01025599;b;numerique;x\n098;c;numerique;x\n"
    said, empty, moved = filieres_in_doubt(filieres(tmp_path, text.encode()), codes, identity)
    assert said.startswith("filieres.csv : 2 codes d'aucun groupe ni diplôme (01025599 et 098).")
    assert "aucun code, donc aucune formation, pour « Réindustrialisation" in empty
    assert "la rénovation change la filière de 2 diplômes" in moved
    assert "(32022002 → 32020115 et 32034301 → 32020114)" in moved
    with speaking("en"):
        english = [translated.said(one.partition(" : ")[2]) for one in (said, empty, moved)]
    assert english[0].startswith("2 codes of no group and no diploma (01025599 and 098).")
    assert "no course, for “Réindustrialisation” and “Énergie" in english[1]
    assert "2 diplomas (32022002 → 32020115 and 32034301 → 32020114)." in english[2]


def test_a_departement_of_the_region_that_is_not_declared_is_told_where_it_has_schools(
    donnees_reelles,
):
    codes = read_nomenclatures(donnees_reelles / "nomenclatures")
    schools = pd.DataFrame({"uai": ["0010001W", "0380001A", "0750001B", None]})
    read = {"affelnet": {"2022": SimpleNamespace(table=schools)}}
    assert left_out(AURA, codes, read) == ()
    place = AURA.territoire
    some = tuple(one for one in place.departements if one.code not in ("038", "069"))
    fewer = AURA.model_copy(update={"territoire": place.model_copy(update={"departements": some})})
    [said] = left_out(fewer, codes, read)
    assert said.startswith("programme.toml : « departements » ne nomme pas Isère (Auvergne-")
    with speaking("en"):
        english = translated.said(said.partition(" : ")[2])
    assert english.startswith("“departements” does not name Isère (Auvergne-Rhône-Alpes). The ")


@pytest.mark.parametrize("text", ["-2+3+cmd|' /C calc'!A0", "-1@x", " =1+1", "\uff1d1+1"])
def test_a_text_that_a_spreadsheet_would_run_is_made_text_in_every_csv_cell(text):
    assert escapes.is_formula(text)
    assert escapes.csv(text) == f"'{text}"
    assert escapes.csv("BAC PRO - MELEC") == "BAC PRO - MELEC"
