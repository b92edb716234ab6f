"""Folders as they come: one source absent, a year copied or cut, a portal's file in its place."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_output
from portal_files import put

import fpi_eval as fpi
from fpi_eval.absent import Absent
from fpi_eval.cli import main
from fpi_eval.cli.folder import read_others
from fpi_eval.errors import FpiError
from fpi_eval.headline.of_places import places as headline_places
from fpi_eval.headline.quantity import gathered
from fpi_eval.indicators.deploiement import du_programme
from fpi_eval.indicators.filieres import places_constantes
from fpi_eval.panel import examens
from fpi_eval.panel import run_files as files
from fpi_eval.panel.loading import ESSENTIAL
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.programme import Source, load_programme
from fpi_eval.projection.outlook import outlook
from fpi_eval.report.pages import donnees, places
from fpi_eval.report.published import memory, others
from fpi_eval.report.published.book import tableaux
from fpi_eval.report.runner.chapters import Gap, Section, _missing
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.uses import USES
from fpi_eval.sources.years import BOUNDS, COPIED, HELD_ELSEWHERE, equal_share, oddities
from fpi_eval.traced import noted

PROGRAMME = load_programme(Path(__file__).parents[1] / "data" / "fpi_aura")
RENTREE, FIRST = 2024, 2019  # the last year of the first file of Parcoursup
SERVED = {
    # What each source alone gives, as `USES` names it: whether a year's tables hold it.
    "affelnet": lambda y: y.places["niveau"].eq("secondaire").any(),
    "parcoursup_bts": lambda y: y.places["niveau"].eq("superieur").any(),
    "parcoursup": lambda y: not isinstance(y.bts_matched, Absent),
    "parcoursup_portail": lambda y: (
        y.admissions["rentree"].max() > 2019
    ),  # `parcoursup` has 2018-19
    "parcoursup_apprentissage": others.apprentissage,
    "constat": lambda y: y.cells.loc[y.cells["rentree"] < RENTREE, "entrants"].notna().any(),
    "constat_portail": lambda y: y.cells.loc[y.cells["rentree"] == RENTREE, "entrants"].any(),
    "inserjeunes_region": others.ensemble,
    "inserjeunes_formation_fine": lambda y: len(y.employed_courses) > 0,
    "inserjeunes_etablissement": lambda y: len(y.employed_sites) > 0,
    "inserjeunes_apprentissage": lambda y: told(others.cfa(y), "millesime") - {"2022-2023"},
    "inserjeunes_cfa": lambda y: 0.64 in told(others.cfa(y), "emploi_median"),
    "inserjeunes_cfa_formation": lambda y: "Apprentis, par CFA" in told(others.formations(y)),
    "inserjeunes_agricole": lambda y: "Élèves des lycées agricoles" in told(others.formations(y)),
    "ouvertures": lambda y: len(y.register) > 0,
    "resultats_bac": lambda y: y.exams["maille"].eq(examens.BAC_MESH).any(),
    "resultats_bac_departement": lambda y: y.exams["maille"].eq(examens.DEPARTEMENT_MESH).any(),
    "resultats_cap": lambda y: "CAP" in set(examens.diplomes_par_specialite(y)["diplome"]),
    "resultats_lycees": others.lycees,
    "insersup": others.insersup,
    "tensions": lambda y: y.tension_note,
    "urssaf": lambda y: len(y.jobs) > 0,
}
OPTIONAL = [name for name in PROGRAMME.sources if name != "nomenclatures"]


def told(sheet, column="public"):
    """Return the values of a sheet's column, none where the sheet is absent."""
    return set(sheet.frame[column]) if sheet else set()


@pytest.fixture(scope="module")
def every_source(tmp_path_factory):
    """The simulated folder, and the portals' small files for what the twin does not write.

    The last constat is the portal's alone: that is the year for which it is needed.
    """
    here = tmp_path_factory.mktemp("tout") / "donnees"
    whole = simulated_folder(PROGRAMME, RENTREE, first=FIRST)
    shutil.copytree(whole, here, copy_function=os.link)
    missing = [name for name in OPTIONAL if not files.matching(here, PROGRAMME.sources[name])]
    put(here, PROGRAMME, RENTREE, [*missing, "resultats_cap"])  # the twin's begins later
    (here / PROGRAMME.sources["constat"].fichier.format(rentree=RENTREE)).unlink()
    return here


def folder_without(tmp_path, *names, whole=None):
    """Return a copy of the simulated folder (links, nothing is written twice) without sources."""
    whole = whole or simulated_folder(PROGRAMME, RENTREE, first=FIRST)
    here = tmp_path / "donnees"
    shutil.copytree(whole, here, copy_function=os.link)
    gone = []
    for name in names:
        for path in files.matching(here, PROGRAMME.sources[name]).values():
            path.unlink()
            gone.append(path)
    return here, gone


@pytest.fixture(scope="module")
def read_by(year):
    """The files that each table is made of: without another, it is made as it was."""
    found = {}
    for table in ("cells", "regional", "places", "register", "jobs"):
        with noted() as used:
            assert isinstance(getattr(fpi.Year(year.donnees), table), pd.DataFrame)
        found[table] = set(used)
    assert all(found.values())
    return found


@pytest.mark.parametrize("name", OPTIONAL)
def test_any_single_source_absent_still_gives_every_table_and_says_so(
    tmp_path, every_source, read_by, name
):
    here, gone = folder_without(tmp_path, name, whole=every_source)
    assert gone
    year = fpi.load(PROGRAMME, RENTREE, here)
    assert name in year.donnees.absentes or files.PORTAL_OF.get(name) in SERVED
    assert not SERVED[name](year), USES[name].sections
    lost = {path.relative_to(here).as_posix() for path in gone}
    for table in (table for table, used in read_by.items() if used & lost):
        assert isinstance(getattr(year, table), pd.DataFrame)
    if name in (*ESSENTIAL, "ouvertures"):  # the sheets read no other source
        assert all(len(sheet.frame) for sheet in tableaux(year))


@pytest.fixture(scope="module")
def year(every_source):
    return fpi.load(PROGRAMME, RENTREE, every_source)


def test_what_a_source_serves_is_there_while_it_is_and_is_declared_for_each(year):
    assert set(SERVED) == set(USES) == set(OPTIONAL)
    assert year.donnees.absentes == {}
    assert [name for name in USES if not SERVED[name](year)] == []


def test_each_source_says_how_far_a_year_may_move_in_columns_that_it_has(year):
    assert {*BOUNDS, *HELD_ELSEWHERE} == set(USES)
    assert not {*BOUNDS} & {*HELD_ELSEWHERE}
    for name, readings in year.donnees.lectures.items():
        bounds = BOUNDS.get(name)
        table = next(iter(readings.values())).table
        asked = {bounds.count, *bounds.same} | ({bounds.year} - {""}) if bounds else set()
        assert asked <= set(table), name
    bounds = BOUNDS["urssaf"]
    assert {bounds.count, *bounds.same, bounds.year} <= set(year.jobs)


def test_without_any_essential_source_the_folder_is_refused_with_what_is_missing(tmp_path):
    here, _ = folder_without(tmp_path, *ESSENTIAL)
    with pytest.raises(FpiError, match="affelnet, parcoursup_bts, inserjeunes_region et constat"):
        fpi.load(PROGRAMME, RENTREE, here)


def test_a_year_that_stops_early_is_told(tmp_path):
    here, _ = folder_without(tmp_path)
    (here / PROGRAMME.sources["affelnet"].fichier.format(rentree=RENTREE)).unlink()
    year = fpi.load(PROGRAMME, RENTREE, here)
    assert year.donnees.retards["affelnet"] == "rentrée 2024 absente, dernière lue : 2023"


def test_a_table_whose_file_stops_early_is_absent_with_the_last_year_and_not_empty():
    frame = pd.DataFrame({"territoire": ["Ici"], "departement": ["Ensemble"], "rentree": [2022]})
    sheet = SimpleNamespace(frame=frame, title="Vœux, par territoire")
    found = places.pression(sheet, SimpleNamespace(region="Ici", rentree=RENTREE))
    assert found == Absent("Vœux : les fichiers s'arrêtent à la rentrée 2022.", holder=found.holder)
    sheet.frame = frame.assign(territoire="Ailleurs", rentree=RENTREE)
    found = places.pression(sheet, SimpleNamespace(region="Ici", rentree=RENTREE))
    assert "n'ont pas de telle formation dans la région" in found.reason
    assert not found.lacking


def test_check_says_how_to_go_on_without_a_source(tmp_path, capsys):
    here, _ = folder_without(tmp_path, "constat")
    main(["check", str(RENTREE), "--donnees", str(here), "--programme", str(PROGRAMME.dossier)])
    said = " ".join(capsys.readouterr().out.split())
    assert "Absente (facultative) : constat" in said
    assert "Sans elle, vide : 02 (remplissage, personnes formées)" in said
    assert "« obligatoire = true » sous [sources.<nom>]" in said


def test_a_register_of_the_predecessor_alone_is_not_an_absent_one(tmp_path):
    here, _ = folder_without(tmp_path)
    register = here / PROGRAMME.sources["ouvertures"].fichier
    rows = pd.read_csv(register, sep=";", dtype="str")
    register.unlink()  # a link to the shared folder: not written through
    before = rows["projet"] == PROGRAMME.predecesseur.nom.upper()
    rows[before].to_csv(register, sep=";", index=False)
    year = fpi.load(PROGRAMME, RENTREE, here)
    assert len(year.register) == before.sum() > 0
    assert not year.panel.seats_derived
    own, same = du_programme(year), places_constantes(year)
    said = [
        places.reponse(headline_places(year), pd.DataFrame(), same, year.context),
        places.limites(own, year.context),
        str(places.cibles(own, pd.DataFrame(), year.context)),
        str(outlook(year)),
    ]
    unknown = gathered([headline_places(year)])  # two targets, neither of them known
    said += [one.reason for one in unknown if one.key.startswith("entrees")]
    assert len(said) > 4
    for words in said:
        assert "aucune ouverture du programme FPI AURA jusqu'à la rentrée 2024" in words
        assert "ne contient pas le registre" not in words


def test_a_file_of_the_source_under_another_name_is_named_and_the_remedy_reads_it(tmp_path):
    here, _ = folder_without(tmp_path)
    asked = PROGRAMME.sources["resultats_lycees"]
    old = here / "resultats/fr-en-indicateurs-de-resultat-des-lycees-denseignement-pro.csv"
    (here / asked.fichier).rename(old)
    name = old.relative_to(here).as_posix()
    there = catalogue.discover(here, PROGRAMME).files
    reason = files.no_file(PROGRAMME, "resultats_lycees", RENTREE, here, there)
    assert f"pour lire « {name} »" in reason
    assert "{rentree}" not in files.no_file(PROGRAMME, "constat_portail", RENTREE, here, there)
    found = fpi.load(PROGRAMME, RENTREE, here).donnees
    assert name in found.absentes["resultats_lycees"]
    assert not read_others(found, there)  # told absent: not among what is read
    followed = asked.model_copy(update={"fichier": name})
    assert files.matching(here, followed) == {"": old}
    assert len(catalogue.source("resultats_lycees").read(old).table)


def test_a_yearly_file_under_another_name_is_named_with_its_year_left_open(tmp_path):
    here, _ = folder_without(tmp_path)
    asked = PROGRAMME.sources["affelnet"]
    elsewhere = asked.model_copy(update={"fichier": "raw/affelnet_{rentree}.csv"})
    programme = PROGRAMME.model_copy(
        update={"sources": {**PROGRAMME.sources, "affelnet": elsewhere}}
    )
    there = catalogue.discover(here, programme).files
    reason = files.no_file(programme, "affelnet", RENTREE, here, there)
    assert f"écrivez « {asked.fichier} » sous [sources.affelnet]" in reason
    same = files.no_file(PROGRAMME, "affelnet", RENTREE, here, there)
    assert "écrivez" not in same  # those that lie there are of other years
    one = asked.model_copy(update={"fichier": asked.fichier.format(rentree=RENTREE)})
    wrong = PROGRAMME.model_copy(update={"sources": {**PROGRAMME.sources, "affelnet": one}})
    said = r"affelnet » ne dit pas son année\. Indiquez « \{rentree\} » dans le nom"
    with pytest.raises(FpiError, match=said):
        fpi.load(wrong, RENTREE, here)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parcousup_bts", r"« parcousup_bts » inconnue.*dire « parcoursup_bts »"),
        ("mef", "« mef » inconnue"),  # read in the folder of nomenclatures, whatever a section says
        ("changements_uai", "« changements_uai » inconnue"),
    ],
)
def test_a_section_of_no_source_is_refused_with_the_nearest_name(tmp_path, name, words):
    typed = {**PROGRAMME.sources, name: PROGRAMME.sources["parcoursup_bts"]}
    wrong = PROGRAMME.model_copy(update={"sources": typed})
    with pytest.raises(FpiError, match=words):
        files.paths_of(wrong, RENTREE, tmp_path)


def test_a_file_named_by_its_millesime_is_brought_found_and_not_told_late(tmp_path):
    here, _ = folder_without(tmp_path)
    name = "inserjeunes_formation_fine"
    asked = PROGRAMME.sources[name]
    new = asked.model_copy(update={"fichier": asked.fichier.replace("rentree", "millesime")})
    programme = PROGRAMME.model_copy(update={"sources": {**PROGRAMME.sources, name: new}})
    [*_, last] = files.matching(here, asked).values()
    named = here / files.wanted(programme, name, RENTREE)
    assert named.name.endswith(f"_{RENTREE - 2}_{RENTREE - 1}.csv")
    last.rename(named)
    assert files.paths_of(programme, RENTREE, here)[name] == {f"{RENTREE - 2}_{RENTREE - 1}": named}
    read = fpi.load(programme, RENTREE, here).donnees
    assert read.a(name)
    assert name not in read.retards


def test_a_yearly_file_whose_name_holds_its_year_twice_is_to_be_named_anew(tmp_path):
    here, _ = folder_without(tmp_path)
    asked = PROGRAMME.sources["constat_portail"].fichier.format(rentree=RENTREE - 1)
    twice = here / asked.replace(".csv", f"_vu_en_{RENTREE - 1}.csv")
    twice.parent.mkdir(exist_ok=True)
    twice.touch()
    there = catalogue.discover(here, PROGRAMME).files
    reason = files.no_file(PROGRAMME, "constat_portail", RENTREE, here, there)
    assert reason.endswith(f"_vu_en_{RENTREE - 1}.csv », de la même source, nommez-le « {asked} »")
    twice.rename(here / asked)
    assert files.matching(here, PROGRAMME.sources["constat_portail"])[str(RENTREE - 1)]


def test_individual_files_may_lie_outside_the_folder_and_no_name_says_where(tmp_path):
    here, _ = folder_without(tmp_path)
    held = tmp_path / "ailleurs" / "personnes.csv"
    held.parent.mkdir()
    held.touch()
    elsewhere = PROGRAMME.individus.model_copy(update={"dossier": str(held.parent)})
    programme = PROGRAMME.model_copy(update={"individus": elsewhere})
    found = files.files_of(programme, RENTREE, here)
    assert found["individus/personnes.csv"] == held
    assert not [name for name in found if str(tmp_path) in name]


def test_rows_of_another_year_in_a_file_of_the_portal_are_refused(tmp_path):
    here, _ = folder_without(tmp_path)
    portal = here / PROGRAMME.sources["constat_portail"].fichier.format(rentree=RENTREE)
    portal.parent.mkdir(exist_ok=True)
    head = "rentree_scolaire;numero_d_etablissement;mef_bcp_11;nombre_d_eleves_total\n"
    rows = f"{RENTREE};0010001W;23210025524;12\n{RENTREE - 1};0010001W;23210025524;13\n"
    portal.write_text(head + rows, encoding="utf-8")
    with pytest.raises(FpiError, match=f"rentrée {RENTREE - 1} dans un fichier nommé {RENTREE}"):
        fpi.load(PROGRAMME, RENTREE, here)
    assert catalogue.source("constat_portail").arguments(portal, str(RENTREE)) == (RENTREE,)
    with pytest.raises(FpiError, match=r"ne dit pas son année\. Indiquez « {rentree} »"):
        catalogue.source("constat_portail").arguments(portal, None)


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("affelnet", "voeux1", "Vouliez-vous dire « voeux_1 » ?"),
        ("ouvertures", "place_prevue", "Vouliez-vous dire « places_prevues » ?"),
        ("resultats_lycees", "presents_total", "Noms possibles : uai, annee"),
        ("nomenclatures", "mef", "Noms possibles : aucun"),
    ],
)
def test_a_renamed_column_that_nothing_reads_is_refused(tmp_path, source, column, words):
    renamed = PROGRAMME.sources[source].model_copy(update={"colonnes": {column: "Autre nom"}})
    programme = PROGRAMME.model_copy(update={"sources": {**PROGRAMME.sources, source: renamed}})
    with pytest.raises(FpiError) as caught:
        files.paths_of(programme, RENTREE, tmp_path)
    assert f"colonne « {column} » inconnue de la source « {source} »" in str(caught.value)
    assert words in str(caught.value)


def test_check_reads_a_file_that_no_run_needs_with_its_declared_columns(tmp_path):
    here, _ = folder_without(tmp_path)
    asked = PROGRAMME.sources["affelnet"]
    renamed = asked.model_copy(update={"colonnes": {"places": "Places, dites autrement"}})
    programme = PROGRAMME.model_copy(update={"sources": {**PROGRAMME.sources, "affelnet": renamed}})
    later = here / asked.fichier.format(rentree=RENTREE + 1)
    last = here / asked.fichier.format(rentree=RENTREE)
    usual = catalogue.source("affelnet").schemas()[0].column("places")
    text = last.read_text(encoding="utf-8-sig")
    [head] = [n for n in (usual.header, *usual.aliases) if n in text.partition("\n")[0].split(";")]
    later.write_text(text.replace(head, "Places, dites autrement", 1), encoding="utf-8")
    shutil.copytree(here / "nomenclatures", here / "codes")  # the folder declared; one is left
    programme.sources["nomenclatures"] = Source(fichier="codes")
    there = catalogue.discover(here, programme).files
    read = read_others(fpi.load(programme, RENTREE, here).donnees, there)
    assert {("affelnet", str(RENTREE + 1)), ("mef", "")} <= {(one[0], one[1]) for one in read}


def test_what_is_absent_late_or_doubtful_is_told_with_what_is_empty_without_it(tmp_path):
    here, _ = folder_without(tmp_path, "tensions")
    (here / PROGRAMME.sources["affelnet"].fichier.format(rentree=RENTREE)).unlink()
    shutil.copy(
        here / PROGRAMME.sources["parcoursup_bts"].fichier.format(rentree=RENTREE - 1),
        here / "copie.csv",
    )
    (here / PROGRAMME.sources["parcoursup_bts"].fichier.format(rentree=RENTREE)).unlink()
    (here / "copie.csv").rename(
        here / PROGRAMME.sources["parcoursup_bts"].fichier.format(rentree=RENTREE)
    )
    last = here / PROGRAMME.sources["affelnet"].fichier.format(rentree=RENTREE - 1)
    pd.read_csv(last, sep=";", dtype="str").drop(columns="Demandes vœux 1").to_csv(
        last, sep=";", index=False
    )
    year = fpi.load(PROGRAMME, RENTREE, here)
    rows = year.donnees.alertes().set_index(["constat", "source"])
    said = rows.loc[("Colonne disparue", "affelnet")]
    assert f"« Demandes vœux 1 », dans le fichier de {RENTREE - 2}, pas de" in said["detail"]
    assert said["sections"] == USES["affelnet"].sections
    assert rows.loc[("Absente", "tensions"), "sections"] == USES["tensions"].sections
    assert rows.loc[("En retard", "affelnet"), "sections"] == USES["affelnet"].sections
    assert "identiques" in rows.loc[("À vérifier", "parcoursup_bts"), "detail"]
    shown = donnees.alertes(year.donnees.alertes(), year.context)
    assert set(rows.index.get_level_values(0)) == set(shown.frame["constat"])
    assert "Ce que disait une colonne disparue est inconnu" in shown.note


def test_a_column_gone_from_a_file_of_all_years_is_told_by_the_last_report(tmp_path, capsys):
    here, _ = folder_without(tmp_path)
    own = tmp_path / "data" / PROGRAMME.code
    shutil.copytree(PROGRAMME.dossier, own)
    programme = PROGRAMME.model_copy(update={"dossier": own})
    before = fpi.load(programme, RENTREE, here).donnees
    name, head = "inserjeunes_region", "id"
    assert head in before.colonnes[name]
    last = tmp_path / "reports" / PROGRAMME.code / str(RENTREE - 1) / "publication.json"
    last.parent.mkdir(parents=True)
    last.write_bytes(memory.write([], before.colonnes))
    assert memory.lost_columns(before) == []
    [path] = files.matching(here, programme.sources[name]).values()
    table = pd.read_csv(path, sep=";", dtype="str")
    path.unlink()  # a link to the whole folder's
    table.drop(columns=head).to_csv(path, sep=";", index=False)
    with noted() as used:
        lost = memory.lost_columns(fpi.load(programme, RENTREE, here).donnees)
    assert lost == [(name, f"« {head} », là au rapport de {RENTREE - 1}")]
    assert f"{RENTREE - 1}/publication.json" in used
    main(["check", str(RENTREE), "--programme", str(own), "--donnees", str(here)])
    assert f"Colonne disparue : {name}, « {head} »" in capsys.readouterr().out
    last.write_text("[1]")
    with pytest.raises(FpiError, match="illisible"):
        memory.lost_columns(before)


def test_naming_what_is_kept_uses_no_file_and_reading_a_table_uses_its_own(annee_simulee):
    with noted() as used:
        assert annee_simulee.donnees.empreinte
        annee_simulee.donnees.table("affelnet")
    assert {name.partition("/")[0] for name in used} == {"orion"}


def test_enrolment_of_the_portal_completes_the_constat_and_never_replaces_it(tmp_path):
    here, _ = folder_without(tmp_path)
    constat = PROGRAMME.sources["constat"].fichier
    (here / constat.format(rentree=RENTREE)).unlink()
    portal = here / PROGRAMME.sources["constat_portail"].fichier.format(rentree=RENTREE)
    portal.parent.mkdir(exist_ok=True)
    head = "rentree_scolaire;numero_d_etablissement;mef_bcp_11;nombre_d_eleves_total\n"
    portal.write_text(head + f"{RENTREE};0010001W;23210025524;12\n", encoding="utf-8")
    before = here / PROGRAMME.sources["constat_portail"].fichier.format(rentree=RENTREE - 1)
    before.write_text(head + f"{RENTREE - 1};0010001W;23210025524;999\n", encoding="utf-8")
    year = fpi.load(PROGRAMME, RENTREE, here)
    rows = year.donnees.table("constat")
    assert rows.loc[rows["rentree"] == RENTREE, "effectif"].tolist() == [12]
    assert 999 not in set(rows["effectif"])
    assert "constat_portail" not in year.donnees.absentes


def test_a_portal_is_missed_only_where_the_source_that_it_completes_lacks_the_year(tmp_path):
    here, _ = folder_without(tmp_path)
    assert "constat_portail" not in fpi.load(PROGRAMME, RENTREE, here).donnees.absentes
    (here / PROGRAMME.sources["constat"].fichier.format(rentree=RENTREE)).unlink()
    assert "constat_portail" in fpi.load(PROGRAMME, RENTREE, here).donnees.absentes


def test_an_older_file_of_the_portal_is_not_late_beside_the_constat_of_the_year(tmp_path):
    here, _ = folder_without(tmp_path)
    before = here / PROGRAMME.sources["constat_portail"].fichier.format(rentree=RENTREE - 1)
    before.parent.mkdir(exist_ok=True)
    head = "rentree_scolaire;numero_d_etablissement;mef_bcp_11;nombre_d_eleves_total\n"
    before.write_text(head + f"{RENTREE - 1};0010001W;23210025524;999\n", encoding="utf-8")
    found = fpi.load(PROGRAMME, RENTREE, here).donnees
    assert not {"constat", "constat_portail"} & set(found.retards)
    assert repr(found).startswith("Lu : ")
    assert "0010001W" not in repr(found)  # says which files, shows no count


@pytest.mark.parametrize("suffix", [".xlsx", ".XLSX", ".tsv"])
def test_the_register_is_found_under_the_name_that_new_gives_it(tmp_path, suffix):
    here, _ = folder_without(tmp_path, "ouvertures")
    rows = pd.read_csv(_register(), sep=";", dtype="str")
    if suffix == ".tsv":  # as a spreadsheet saves text
        rows.to_csv(here / "ouvertures.tsv", sep="\t", index=False)
    else:
        rows.to_excel(here / "ouvertures.xlsx", sheet_name="Ouvertures", index=False)
        (here / "ouvertures.xlsx").rename(here / f"ouvertures{suffix}")
    year = fpi.load(PROGRAMME, RENTREE, here)
    assert len(year.register) > 0
    assert "ouvertures" not in year.donnees.absentes


def _register():
    return (
        simulated_folder(PROGRAMME, RENTREE, first=FIRST) / PROGRAMME.sources["ouvertures"].fichier
    )


def test_two_registers_in_one_folder_are_refused(tmp_path):
    here, _ = folder_without(tmp_path)
    shutil.copy(_register(), here / "ouvertures.xlsx")
    with pytest.raises(FpiError, match="deux registres"):
        fpi.load(PROGRAMME, RENTREE, here)


# ── years that are not what their name says ─────────────────────────────────────────────────────


def seats(n, wishes=10):
    return pd.DataFrame({"uai": [f"069{i:04d}A" for i in range(n)], "voie": "scolaire",
                         "places": [12.0 + i % 7 for i in range(n)],
                         "voeux": [float(wishes + i) for i in range(n)]})  # fmt: skip


@pytest.mark.parametrize("source", BOUNDS)
def test_a_copied_year_and_a_shrunken_one_are_told_for_every_source(source):
    bounds = BOUNDS[source]
    columns = dict.fromkeys([*bounds.same, bounds.count])
    year = pd.DataFrame({name: [float(i + 7) for i in range(100)] for name in columns})
    other = year.assign(**{bounds.count: year[bounds.count] + 3})

    def said(one, two):
        if not bounds.year:
            return oddities(source, {"2022": one, "2023": two})
        dated = {bounds.year: "2022"}, {bounds.year: "2023"}
        return oddities(source, {"": pd.concat([one.assign(**dated[0]), two.assign(**dated[1])])})

    assert any("identiques" in sentence for sentence in said(year, year))
    assert any("100 lignes en 2022, 20 en 2023" in s for s in said(year, other[:20]))
    assert said(year, other) == []


def test_two_hidden_rows_are_no_copy_and_a_pooled_year_is_not_compared_with_a_single_one():
    bounds = BOUNDS["inserjeunes_agricole"]
    hidden = pd.DataFrame({name: [None] * 50 for name in bounds.same}).assign(uai="0690001A")
    both = pd.concat([hidden.assign(millesime="2020_2021"), hidden.assign(millesime="2021_2022")])
    assert oddities("inserjeunes_agricole", {"": both}) == []
    rows = pd.DataFrame({"sortants": range(1, 101), "uai": "0690001A"})
    pooled = pd.concat([rows[:20].assign(millesime="2022"), rows.assign(millesime="2021_2022")])
    assert oddities("insersup", {"": pooled}) == []


def test_a_copied_year_is_told_with_its_share():
    said = oddities("parcoursup_bts", {"2021": seats(100), "2022": seats(100)})
    assert len(said) == 1
    assert "2021 et 2022 ont 100\u00a0% de lignes identiques" in said[0]


def test_a_year_that_moved_as_the_source_does_is_not_told():
    assert oddities("parcoursup_bts", {"2022": seats(100), "2023": seats(113, wishes=40)}) == []
    two_years = {"2021": seats(100), "2023": seats(140, wishes=40)}  # 18 % a year
    assert oddities("parcoursup_bts", two_years) == []
    assert oddities("parcoursup_bts", {"2022": two_years["2021"], "2023": two_years["2023"]})


def test_a_year_cut_short_is_told_with_both_figures():
    said = oddities("parcoursup_bts", {"2022": seats(100), "2023": seats(30, wishes=40)})
    assert any("100 lignes en 2022, 30 en 2023 (−70\u00a0%)" in sentence for sentence in said)


def test_years_of_one_file_are_compared_too():
    rows = pd.DataFrame({"code_region": "84", "voie": "scolaire",
                         "terminale": range(50), "sortants": range(50)})  # fmt: skip
    both = pd.concat([rows.assign(millesime="2020_2021"), rows.assign(millesime="2021_2022")])
    assert len(oddities("inserjeunes_region", {"": both})) == 1


def test_a_millesime_that_stands_in_two_files_is_counted_once():
    def rows(millesime, first):
        names = BOUNDS["inserjeunes_formation_fine"].same
        values = {name: [float(i) for i in range(first, first + 100)] for name in names}
        return pd.DataFrame(values).assign(millesime=millesime)

    old, new = rows("2020_2021", 0), rows("2021_2022", 50)
    files = {"2022": old, "2023": pd.concat([old, new])}
    assert oddities("inserjeunes_formation_fine", files) == []


def test_equal_share_counts_repeats_once_each():
    a, b = pd.DataFrame({"x": [1, 1, 2]}), pd.DataFrame({"x": [1, 2, 2]})
    assert equal_share(a, b, ("x",)) == pytest.approx(2 / 3)


def test_the_real_files_are_within_the_bounds_set_from_them(donnees_reelles):
    year = fpi.load(PROGRAMME, 2023, donnees_reelles)
    assert year.donnees.vigilance == ()
    assert 0 < COPIED < 1
    assert all(b.low < 1 < b.high for b in BOUNDS.values())


def test_what_has_nothing_to_show_is_not_a_question_left_without_an_answer():
    def section(found):
        shown = new_output("display_data", data=found._repr_mimebundle_())
        return Section("Question ?", "p", (new_code_cell("", outputs=[shown]),))

    silent, lost = (
        section(Absent("Rien ne bouge.", lacking=False)),
        section(Absent("Sans fichier.")),
    )
    assert [gap.reason for gap in _missing([silent, lost])] == ["Sans fichier."]
    known = section(Absent("Sans fichier.", holder="DEPP", answers="Autre question ?"))
    (gap,) = _missing([lost, silent, known])  # one section says who holds it, for both
    assert gap == Gap("Sans fichier.", ("Question ?", "Autre question ?"), "DEPP")
