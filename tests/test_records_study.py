"""From `fpi-eval individus` to the words of a page, on simulated files."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from records_csv import as_csv

import fpi_eval as fpi
from fpi_eval import twin
from fpi_eval.absent import Absent
from fpi_eval.cli import main
from fpi_eval.cli.folder import individual_files
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import NET
from fpi_eval.report.pages import diplomes
from fpi_eval.report.pages import individus as page

pytest.importorskip("ibis", reason="l'extra « individus » n'est pas installé")

from fpi_eval import checks, costs, headline, impact, records
from fpi_eval.records import counted
from fpi_eval.records.panel import KEYS, with_counts

HORIZONS = (6, 12, 18, 24)


@pytest.fixture(scope="module")
def annee() -> fpi.Year:
    return fpi.load("fpi_aura", 2030)


@pytest.fixture(scope="module")
def compte(annee):
    return records.count(annee)


@pytest.fixture(scope="module")
def evaluation(annee, compte):
    return checks.evaluate(compte.panel, records.INDUSTRY_JOBS, annee.programme, draws=40)


@pytest.fixture(scope="module")
def petits(tmp_path_factory):
    """Individual files of a small twin, for one session; no test changes them."""
    folder = tmp_path_factory.mktemp("petits")
    twin.write_records(twin.draw(twin.SMALL, 4), folder, years=[2024])
    return folder


def test_estimators_run_unchanged_on_the_panel_of_individual_files(annee, compte):
    table = compte.panel.table
    assert len(table) == len(annee.cells)
    assert not table.duplicated(["cell", "rentree"]).any()
    effet = impact.j(table, records.INDUSTRY_JOBS)
    assert effet[0].ci_low < effet[0].estimate < effet[0].ci_high
    trend = impact.bjs2_t(table, records.INDUSTRY_JOBS)
    assert trend.to_frame()["estimate"].notna().all()
    chain = impact.chain(table)
    assert chain.to_frame()["outcome"].iloc[-1] == records.INDUSTRY_JOBS
    assert chain.table["per_100"].iloc[-1] < chain.table["per_100"].iloc[0]


def test_leavers_by_filiere_are_those_of_the_region_whoever_open_files_know(annee):
    """Cells that files bring a year later would add their earlier leavers: two tables tell them."""
    told = {"sortants": 40.0, "en_emploi_6_mois": 30.0, records.INDUSTRY_JOBS: 20.0}
    found = {"uai": ["0380000X", "0190000X"], "mefstat11": None, "cfd": annee.cells["course"][0]}
    rows = pd.DataFrame(found | {"voie": "apprentissage", "rentree": 2026} | told)
    assert not set(rows["uai"]) & set(annee.cells["uai"])
    assert set(counted._by_filiere(annee, rows).frame["sortants"]) == {40}


def test_nothing_is_shown_before_it_could_be_published(annee, compte):
    """Seen in January 2031: leavers of 2029 at 6 months, 2028 at 12 and 18, 2027 at 24."""
    rows = compte.panel.table
    last = {k: rows.loc[rows[f"en_emploi_{k}_mois"].notna(), "rentree"].max() + 1 for k in HORIZONS}
    assert last == {6: 2029, 12: 2028, 18: 2028, 24: 2027}


def test_a_diploma_counts_in_the_cell_and_session_of_its_pupils(annee, compte):
    """Final-year pupils of the constat and of individual files are the same people."""
    rows = compte.panel.table
    told = annee.cells["terminale"].to_numpy()
    both = rows["terminale"].notna().to_numpy() & ~pd.isna(told)
    here = both & rows["rentree"].between(2019, 2027).to_numpy()
    same = rows["terminale"].to_numpy()[here] == told[here]
    assert same.mean() > 0.95


def test_the_page_and_the_first_page_say_the_same_number(annee, compte, evaluation):
    chiffres = headline.emploi(annee, Absent("hors sujet"), evaluation)
    found = chiffres["industrie_100"]
    words = page.reponse(evaluation, chiffres)
    assert words.startswith(found.phrase)
    assert "suivie ici" in page.lecture(compte)
    assert evaluation.verdict.niveau in words
    shown = page.effets(evaluation, chiffres, annee.context).frame
    seats = diplomes.effets(evaluation.estimates, "").frame.drop_duplicates("label")
    apart = shown.set_index("effet")["estime"] - 100 * seats.set_index("label")["estimate"]
    assert apart[shown["effet"]].abs().max() <= 2.5  # half the step that its width calls for
    assert (
        "peut différer un peu de la somme" in page.effets(evaluation, chiffres, annee.context).note
    )
    net = shown.iloc[-1]
    assert list(net[1:]) == [found.rounded, *found.ends]
    assert (
        evaluation.estimates[0].estimate
        == impact.j(compte.panel.table, records.INDUSTRY_JOBS)[0].estimate
    )


def test_the_effect_on_the_regions_industry_is_found(annee, compte, evaluation):
    """The interval holds what the twin's truth adds per seat, and leaves zero out."""
    truth = twin.draw(twin.SMALL, annee.programme.graine, programme=annee.programme).truth
    net = evaluation.estimates[NET]
    assert 0 < net.ci_low < truth.per_seat("industrie")["net"] < net.ci_high


def test_a_year_without_individual_files_says_how_to_get_them(annee, tmp_path):
    real = SimpleNamespace(
        donnees=SimpleNamespace(simulees=False, dossier=tmp_path), programme=annee.programme
    )
    found = records.count.__wrapped__(real)
    assert isinstance(found, Absent)
    assert "habilitation" in found.holder
    assert page.reponse(found, headline.Headline(())) == page.lecture(found) == ""
    assert page.effets(found, headline.Headline(()), annee.context) is found


def test_the_command_writes_protected_tables_and_their_log(
    tmp_path, capsys, monkeypatch, compte, evaluation
):
    monkeypatch.setattr(records, "count", lambda *_: compte)
    monkeypatch.setattr("fpi_eval.checks.evaluated", lambda *_: evaluation)
    main(["individus", "2030", "--sortie", str(tmp_path), "--a-blanc"])
    planned = capsys.readouterr().out
    assert f"serait écrit : {tmp_path}/secteurs.csv" in planned
    assert f"serait écrit : {tmp_path}/journal_exports.csv" in planned
    assert not list(tmp_path.iterdir())
    main(["individus", "2030", "--sortie", str(tmp_path)])
    said = capsys.readouterr().out
    assert "Pour 100 places ouvertes" in said
    log = pd.read_csv(tmp_path / "journal_exports.csv", sep=";")
    assert set(log["fichier"]) == {"sortants_par_filiere.csv", "secteurs.csv", "salaires.csv"}
    without = replace(compte, tables=compte.tables | {"secteurs": Absent("trop peu.")})
    monkeypatch.setattr(records, "count", lambda *_: without)
    main(["individus", "2030", "--sortie", str(tmp_path)])
    assert "\nSans secteurs.csv : trop peu.\n" in capsys.readouterr().out


def test_the_composition_of_the_additional_graduates_is_that_of_the_others(compte):
    """The twin draws sex at random: 30 % women before, and among the graduates that seats add."""
    groups = ["femmes", "adultes", "sans_diplome", "residents", "inconnu"]
    found = impact.marginal(compte.panel, groups)
    rows = found.to_frame().set_index("label")
    assert set(rows.index) == set(groups) - {"inconnu"}
    assert rows.loc["femmes", "avant"] == pytest.approx(0.30, abs=0.03)
    assert rows.loc["femmes", "ci_low"] < rows.loc["femmes", "estimate"]
    assert (rows["ci_low"] <= 0.10).all()
    assert len(found.summary().splitlines()) == len(rows)
    assert found.plot().get_figure() is not None


def test_groups_of_a_total_add_up(compte):
    table = compte.panel.table.dropna(subset=["diplomes"])
    assert (table["diplomes_femmes"] <= table["diplomes"]).all()
    assert 0.9 < table["diplomes_residents"].sum() / table["diplomes"].sum() < 0.96


def test_persons_of_no_known_establishment_are_refused(annee, petits, tmp_path):
    shutil.copytree(petits, folder := tmp_path / "individus")
    for path in folder.glob("personnes_*"):
        pd.read_parquet(path).assign(uai="0019999Z").to_parquet(path)
    with pytest.raises(FpiError, match="aucune personne"):
        records.count(annee, folder)


def test_contracts_that_were_not_delivered_leave_their_voie_unknown(annee, tmp_path):
    drawn = twin.draw(twin.DELIVERED, annee.programme.graine, programme=annee.programme)
    for path in twin.write_records(drawn, tmp_path, years=[2024]):
        if path.name.startswith("contrats_6") and "apprentissage" in path.name:
            path.unlink()
    rows = records.count(annee, tmp_path).panel.table
    rows = rows[(rows["rentree"] == 2024) & rows["terminale"].notna()].groupby("voie")
    known = rows[["en_emploi_6_mois", "en_emploi_12_mois", records.INDUSTRY_JOBS]].count()
    assert known.loc["apprentissage"].gt(0).tolist() == [False, True, False]
    assert known.loc["scolaire"].gt(0).all()
    for path in tmp_path.glob("contrats_6*"):
        path.unlink()
    found = records.count(annee, tmp_path)
    assert not any(found.tables.values())  # each says why it has no line
    assert found.panel.table["en_emploi_12_mois"].notna().any()


def test_names_declared_for_the_real_files_are_not_asked_of_the_simulated_ones(annee, monkeypatch):
    def few(*args, years, seen):
        paths = twin.write_records(*args, years=[2024])
        for path in paths:
            table = pd.read_parquet(path)
            table.drop(columns="fin", errors="ignore").to_parquet(path)
        return paths

    monkeypatch.setattr(counted, "write_records", few)
    names = {"personnes": "P", "colonnes_contrats": {"id_personne": "ID", "salaire": "SAL"}}
    theirs = annee.programme.individus.model_copy(update=names)
    programme = annee.programme.model_copy(update={"individus": theirs})
    found = counted.counted(replace(annee, donnees=replace(annee.donnees, programme=programme)))
    assert found.matched > 0.5
    assert "« fin », un contrat commencé est tenu pour" in page.lecture(found)


def test_students_of_an_unknown_course_leave_their_establishment_unknown(annee):
    """Whom no nomenclature places may be in any of its courses: those not seen are not empty."""
    cells = annee.cells[annee.cells["rentree"] == 2024]
    sizes = cells.groupby(["uai", "voie"])["cell"].transform("size")
    one, other = (cells[(sizes > 1) & (cells["uai"] == uai)].iloc[0] for uai in
                  cells.loc[sizes > 1, "uai"].drop_duplicates().iloc[:2])  # fmt: skip
    rows = [(one, one["course"], 6.0), (one, None, 4.0), (other, other["course"], 10.0)]
    counted = pd.DataFrame(
        [(cell["uai"], None if cfd else "9" * 11, cfd, cell["voie"], 2024, n, n)
         for cell, cfd, n in rows], columns=[*KEYS, "terminale", "diplomes"],
    )  # fmt: skip
    found = with_counts(annee, counted)
    assert found.matched == pytest.approx(16 / 20)
    table = found.panel.table[found.panel.table["rentree"] == 2024]
    for cell, missing in ((one, True), (other, False)):
        rest = table[table["uai"].eq(cell["uai"]) & table["voie"].eq(cell["voie"])]
        rest = rest[rest["course"] != cell["course"]]
        assert rest["diplomes"].isna().all() == missing
        assert missing or rest["diplomes"].eq(0).all()


def test_the_page_says_who_they_were_and_what_each_cost(annee, compte, evaluation):
    equal = impact.adjusted(compte.panel, records.INDUSTRY_JOBS, records.GROUPS)
    new = impact.marginal(compte.panel, records.GROUPS)
    shown = page.semblables(evaluation, equal, new, annee.context).frame
    assert list(shown["groupe"]) == list(records.GROUPS.values())
    assert (
        shown["plus"].str.fullmatch(r"\d+[ \xa0\u202f]% à \d+[ \xa0\u202f]%|" + page.UNTOLD).all()
    )
    assert shown[["autres", "ouvertes"]].notna().all(axis=None)
    without = page.semblables(evaluation, equal, Absent("Pas ici."), annee.context)
    assert list(without.frame) == ["groupe", "autres", "ouvertes"]
    assert "Pas ici." in without.note
    assert "composition égale" in page.egalise(evaluation, equal)
    _, same, *robust = equal.effects
    sure = replace(same, estimate=0.2, ci_low=0.1, ci_high=0.3)
    few = [replace(one, n_openings=3) for one in robust]  # told of nobody
    wide = [replace(one, ci_low=-2.0, ci_high=2.0) for one in robust]
    for others in (few, wide):
        effects = replace(equal.effects, items=(sure, sure, *others))
        said = page.egalise(evaluation, replace(equal, effects=effects))
        assert "+20 personnes" in said.replace("\xa0", " ")
        assert said.endswith("repose sur trop peu pour un chiffre.")
    assert page._share(0.3, np.nan, 0.1) == page.UNTOLD
    (whole, *_) = prices = costs.industry_costs(annee, compte.panel, evaluation)
    assert whole.ratio == pytest.approx(whole.cost / evaluation.total().estimate)
    assert whole.interval.low < whole.ratio < whole.interval.high
    # As on the page of costs: no amount where nothing bounds it, the effect may be nothing.
    open_ended = costs.unit_cost("personne", 1e6, 20.0, 50.0)
    rows = page.couts(evaluation, [*prices, open_ended], annee.context).frame
    assert rows["ratio"].eq(page.UNTOLD).tolist() == [False] * len(prices) + [True]
    assert "non borné" in rows["words"].iloc[-1]


def test_the_page_gives_median_wages_of_both_kinds_of_jobs(annee, compte):
    """The twin draws monthly wages around exp(7.3) euros, whatever the job."""
    shown = page.salaires(compte, annee.context).frame
    medians = shown.drop(columns="rentree").apply(pd.to_numeric, errors="coerce")
    assert medians.notna().any(axis=None)
    assert (medians.dropna() % 10 == 0).all(axis=None)
    assert medians.median().between(1_400, 1_580).all()


def test_without_individual_files_nothing_is_said_of_persons(annee):
    none = Absent("pas de fichiers")
    assert page.egalise(none, none) == ""
    assert not page.semblables(none, none, none, annee.context)
    assert not page.couts(none, none, annee.context)
    assert not page.salaires(none, annee.context)


def test_check_reads_individual_files_and_says_what_is_wrong(annee, petits, tmp_path):
    what = annee.programme
    found = SimpleNamespace(
        dossier=tmp_path, simulees=False, nomenclatures=annee.donnees.nomenclatures
    )
    assert individual_files(what, found) == ""
    folder = tmp_path / what.individus.dossier
    shutil.copytree(petits, folder)
    written = as_csv(sorted(folder.glob("*.parquet")))
    assert individual_files(what, found) == "Fichiers individuels : aucun défaut."
    persons = next(p for p in written if p.name.startswith("personnes") and "scol" in p.name)
    lines = persons.read_text(encoding="utf-8").splitlines()
    persons.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    assert "écrit deux fois, 1 ligne" in individual_files(what, found)
    persons.write_text("id_personne;autre\n1;2\n", encoding="utf-8")
    assert individual_files(what, found).startswith("Fichiers individuels non lus : ")
