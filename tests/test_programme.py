import hashlib
import re
import shutil
from pathlib import Path

import pytest
from IPython.lib.pretty import pretty
from pydantic import ValidationError

from fpi_eval import load
from fpi_eval.calendar import LABELS, WITH
from fpi_eval.errors import FpiError
from fpi_eval.pinned import pinned
from fpi_eval.programme import Resultats, load_programme, parse_rentree
from fpi_eval.programme_folders import declared

FPI = Path(__file__).parents[1] / "data" / "fpi_aura"


@pytest.fixture
def edited(tmp_path):
    """Write the programme with one edit and return its folder."""

    def write(pattern: str, replacement: str) -> Path:
        raw = (FPI / "programme.toml").read_text(encoding="utf-8")
        changed, count = re.subn(pattern, replacement, raw, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        (tmp_path / "programme.toml").write_text(changed, encoding="utf-8")
        return tmp_path

    return write


def test_the_programme_states_its_published_facts():
    fpi = load_programme(FPI)
    targets = {cible.code: cible.personnes for cible in fpi.cibles}
    assert targets == {"secondaire": 2200, "superieur": 1500, "2030": 9000}
    assert (fpi.cout.total, fpi.cout.subvention) == (22e6, 9.5e6)
    assert (fpi.predecesseur.places, fpi.predecesseur.cout_minimum) == (129, 1.3e6)
    assert [f.code for f in fpi.filieres] == [
        "reindustrialisation", "numerique", "energie_decarbonee",
    ]  # fmt: skip
    assert (len(fpi.territoire.academies), len(fpi.territoire.departements)) == (3, 12)
    assert fpi.resultats.principal == "diplomes"
    assert fpi.code == "fpi_aura"


def test_a_notebook_shows_a_programme_in_five_lines():
    lines = pretty(load_programme(FPI)).splitlines()
    assert len(lines) == 5
    assert lines[0] == "Programme « FPI AURA » : Formation Pro Industrie, Auvergne-Rhône-Alpes"
    assert "rentrée 2024" in lines[1]
    assert lines[2].endswith("Numérique ; Énergie décarbonée et industrie verte")


def test_every_outcome_of_the_calendar_can_be_announced():
    for name in (*LABELS, *WITH):
        assert Resultats(principal=name, secondaires=(name,)).principal == name


def test_a_programme_cannot_be_changed():
    with pytest.raises(ValidationError):
        load_programme(FPI).nom = "autre"


@pytest.mark.parametrize(
    ("pattern", "replacement", "words"),
    [
        (r"^graine = \d+", 'graine = "x"', ["« graine »", "ligne 7", "nombre entier"]),
        (r"^graine = \d+", "grain = 1", ["« graine »", "clé absente"]),
        (r"^graine = \d+", "graine = 1\ncouleur = 2", ["« couleur »", "ligne 8", "clé inconnue"]),
        (r'code = "numerique"', 'code = "Num"', ["filieres.1.code", "forme attendue"]),
        (r'code = "numerique"', 'code = "autre"', ["filieres.1.code", "aucune filière"]),
        (r'code = "numerique"', 'code = "energie_decarbonee"', ["filieres", "deux fois"]),
        (r'^code = "superieur"', 'code = "secondaire"', ["secondaire : deux fois dans [[cibles]]"]),
        (r'^niveau = "superieur"\npersonnes', 'niveau = "secondaire"\npersonnes',
         ["cibles", "secondaire, entrants, 2026 : deux cibles", "Réunissez-les"]),
        (r'^libelle = "Lent : ', 'libelle = "Plan\u00a0: ', ["scenarios", "double : Plan"]),
        (r'^code = "lent"', 'code = "plan"', ["plan : deux fois dans [[scenarios]]"]),
        (r'^lien = "retention"', 'lien = "remplissage"', ["remplissage (secondaire) : deux fois"]),
        (r"personnes = 2200", "personnes = -2", ["cibles.0.personnes", "trop petit"]),
        (r"personnes = 2200", 'personnes = "2 200"', ["cibles.0.personnes", "sans guillemets"]),
        (r"total = 22_000_000", "total = 1", ["cout", "subvention dépasse"]),
        (r'nom = "FPI AURA"', r'nom = "\\u001b[31mFPI"', ["« nom »", "caractère de commande"]),
        (r'code = "001"', 'code = "1"', ["departements.0.code"]),
        (r'academie = "10"', 'academie = "99"', ["001", "académie absente"]),
        (r"^\[secret\]", "[secret", ["TOML", "ligne", "(colonne 8)", "crochets"]),
        (r"^graine = \d+", "graine = 1\ngraine = 2", ["TOML", "ligne 8", "écrite deux fois"]),
        (r"^perte_marginale = .*", "perte_marginale = 0.5", ["moins de 0.5"]),
        (r'"orion/attr.*"', r'"/abs/affelnet_{rentree}.csv"', ["affelnet.fichier", "sort du"]),
        (r'"orion/attr.*"', r"'raw\\affelnet_{rentree}.csv'", ["sort du dossier", "« / »"]),
        (r'"orion/attr.*"', r'"C:/affelnet.csv"', ["sort du dossier"]),
        (r'"orion/attr.*"', r'"a_{annee}.csv"', ["accolades", "{rentree} ou {millesime}"]),
        (r'"orion/attr.*"', r'"a_{rentree}_{rentree}.csv"', ["accolades", "une seule fois"]),
        (r"^horizon = 2030", "horizon = 2029", ["« projection »", "ligne 2", "horizon = 2030"]),
        (r"^echeance = 2030", "echeance = 2031", ["échéance 2031 de la cible", "horizon 2030"]),
        (r"^echeance = 2026", "echeance = 2023", ["l'échéance 2023", "avant rentree_debut (2024)"]),
        (r"rentree = 2024, s", "rentree = 2004, s", ["« scenarios »", "2004 du scénario « Plan"]),
        (r"rentree = 2029", "rentree = 2031", ["avant la rentrée 2031 du sc", "horizon = 2031"]),
        (r"^rentree = 2022", "rentree = 2024", ["« predecesseur »", "pas avant rentree_debut"]),
        (r'^nom = "ATCF"', 'nom = "fpi"', ["« predecesseur »", "aussi le nom"]),
        (r"^rentree_debut = 2024", "rentree_debut = 2024-09-01", ["attendu, et non 2024-09-01."]),
        (r"^graine = \d+", "graine = -1", ["« graine »", "au moins 0"]),
        (r"effectif_minimum = 5 ", "effectif_minimum = true ", ["« true » n'est ni un nombre"]),
        (r"total = 22_000_000", "total = inf", ["cout.total", "nombre fini"]),
        (r'^nom = "FPI AURA"', 'nom = " "', ["ligne 4, « nom » : le texte est vide"]),
        (r"^montee_en_charge = .*", "montee_en_charge = []", ["ligne 241", "liste est vide"]),
        (r'principal = "diplomes"', 'principal = "diplome"', ["n'a pas la forme", "terminale"]),
        (r'code_region = "84"', "code_region = 84", ["ligne 11", "texte entre guillemets"]),
        (r'code_region = "84"', 'code_region = ["84", "84"]', ["territoire", "84", "en double"]),
        (r'code = "003"', 'code = "001"', ["« territoire »", "code(s) en double : 001"]),
        (r'code = "numerique"', 'code = "numérique"', ["minuscules sans accent", "« libelle »"]),
        (r"personnes = 2200", f"personnes = {'9' * 5000}", ["ligne 52", "démesuré"]),
        (r"^graine = \d+", f"graine = {'[' * 3000}1{']' * 3000}", ["ligne 7", "emboîtés"]),
        (r"^graine = \d+", f"graine.{'a.' * 900}a = 1", ["ligne 7", "emboîtés"]),
        (r"^graine = \d+", "graine" + """ .'b'."\\"\"""" * 50_000 + "=1", ["ligne 7", "emboîtés"]),
        (r'libelle = "Numérique"', 'libelle = "Autres formations"', ["filieres", "en double"]),
    ],
)  # fmt: skip
def test_every_wrong_or_missing_key_says_where_and_what_to_write(
    edited, pattern, replacement, words
):
    with pytest.raises(FpiError) as error:
        load_programme(edited(pattern, replacement))
    message = str(error.value)
    assert "programme.toml" in message
    for word in words:
        assert word in message


def test_a_file_of_notepad_is_read_and_one_that_is_not_utf8_is_told_with_its_line(edited):
    path = edited(r"^graine = \d+", "graine = 1") / "programme.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8-sig")
    assert load_programme(path.parent).graine == 1
    path.write_bytes(text.encode() + "# été\n".encode("cp1252"))
    with pytest.raises(FpiError, match="pas en UTF-8") as error:
        load_programme(path.parent)
    assert error.value.ligne == text.count("\n") + 1


def test_a_default_that_is_no_toml_is_told_with_its_line(tmp_path):
    path = tmp_path / "defaut.toml"
    path.write_text('# programme\nprogramme = fpi_aura"\n', encoding="utf-8-sig")
    with pytest.raises(FpiError, match="TOML valide") as error:
        declared(path)
    assert (error.value.fichier, error.value.ligne) == (str(path), 2)
    path.write_text('programme = "fpi_aura"', encoding="utf-8-sig")
    assert declared(path) == "fpi_aura"


def test_an_absent_programme_says_which_ones_exist(monkeypatch):
    monkeypatch.chdir(FPI.parents[1])
    with pytest.raises(FpiError, match=r"« ailleurs » introuvable.*fpi_aura"):
        load_programme("ailleurs")


def test_elsewhere_an_absent_programme_says_which_ones_come_with_the_library(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FpiError, match=r"« fpi_ora » introuvable.*Livrés avec l'outil : .*fpi_aura"
    ):
        load_programme("fpi_ora")


def test_a_path_that_leads_nowhere_is_no_other_programme_of_that_name(tmp_path):
    with pytest.raises(FpiError, match="introuvable"):
        load_programme(tmp_path / "fpi_aura")


def test_a_list_whose_only_item_is_refused_is_not_said_empty(edited):
    with pytest.raises(FpiError, match=r"code_region\.0") as error:
        load_programme(edited(r'code_region = "84"', 'code_region = ["8"]'))
    assert "vide" not in str(error.value)


def test_a_programme_is_found_by_name_from_a_folder_below(monkeypatch):
    monkeypatch.chdir(FPI.parents[1] / "tests")
    assert load_programme("fpi_aura").dossier == FPI


def test_school_years_are_written_in_two_ways():
    assert parse_rentree("2022-2023") == parse_rentree("2022") == parse_rentree(2022) == 2022


@pytest.mark.parametrize(
    "wrong", ["22", "2022-2024", "2022/2023", "deux mille", "", "1022", "2022-23"]
)
def test_anything_else_than_a_school_year_is_a_clear_error(wrong):
    with pytest.raises(FpiError, match=r"année scolaire|entre 2000"):
        parse_rentree(wrong)


def test_the_place_to_declare_an_alias_names_the_line():
    fpi = load_programme(FPI)
    raw = (FPI / "programme.toml").read_text(encoding="utf-8").splitlines()
    line = raw.index("[sources.affelnet]") + 1
    assert fpi.where_to_alias("affelnet").endswith(f"programme.toml (ligne {line})")


def test_hires_are_declared_with_their_source_or_not_at_all(edited):
    assert load_programme(FPI).emploi.embauches_annuelles is None
    words = "[emploi]\nembauches_annuelles = 60000\n"
    with pytest.raises(FpiError, match="source"):
        load_programme(edited(r"^\[projection\]", f"{words}\n[projection]"))
    words += 'source = "Urssaf, 2023"\n'
    emploi = load_programme(edited(r"^\[projection\]", f"{words}\n[projection]")).emploi
    assert (emploi.embauches_annuelles, emploi.source) == (60_000, "Urssaf, 2023")


def test_deadweight_is_a_share(edited):
    with pytest.raises(FpiError, match="aubaine"):
        load_programme(edited(r"^aubaine = 0.0", "aubaine = 1.5"))


def test_within_a_run_programme_toml_is_the_one_it_began_with(tmp_path):
    path = shutil.copytree(FPI, tmp_path / "essai") / "programme.toml"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pinned({path: digest}):
        load_programme(path.parent)
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        with pytest.raises(FpiError, match=r"programme\.toml : ce fichier a changé"):
            load_programme(path.parent)


def test_programme_and_year_the_other_way_round_are_told_how_to_be_written():
    with pytest.raises(FpiError, match=r"non « 2022 ».*Le programme vient d'abord"):
        load(2022, "fpi_aura")
