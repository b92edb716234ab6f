"""All that two reports show, attacked together by an adversary written apart."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import adversary
import adversary_estimates
import adversary_texts
import numpy as np
import openpyxl
import pandas as pd
import pytest

from fpi_eval import checks, store
from fpi_eval.checks import outcome
from fpi_eval.disclosure import Gate
from fpi_eval.errors import FpiError
from fpi_eval.impact import exam_effects, heterogeneity, j, stacked, study_family
from fpi_eval.indicators import wilson
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.examens import BAC_MESH
from fpi_eval.panel.year import Year
from fpi_eval.programme import Secret, load_programme
from fpi_eval.report import edition
from fpi_eval.report.published import counts, memory, others, people
from fpi_eval.report.published.shown_quantities import shown_quantities, write_quantities
from fpi_eval.report.published.shown_tables import executed
from fpi_eval.report.runner import yearly
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.report.runner.manifest import Basis
from fpi_eval.twin import SCENARIOS, draw

ROOT = Path(__file__).parents[1]
PROGRAMME = load_programme(ROOT / "data" / "fpi_aura")
EXAMPLE = ROOT / "reports" / "exemple"


def test_two_reports_of_a_twin_held_together_give_no_hidden_count_back(deux_rapports):
    p, folders = deux_rapports
    found = adversary.attack(folders, p)
    assert [said for _, narrow in found.values() for said in narrow] == []
    assert found["entrants"][0] > 20
    assert found["devenir"][0] > 100
    assert all(len(safe.known) == 2 for safe in (counts.entrants(p), counts.formes(p)))


def test_every_earlier_report_on_disk_is_known_whatever_its_year(deux_rapports, tmp_path):
    written = adversary.kept_publication(deux_rapports[0].donnees, 2025)
    p, folders = adversary.published(tmp_path, PROGRAMME, (1999, 2025, 2026))
    for folder in folders.values():
        folder.mkdir(parents=True)
        (folder / written.name).write_bytes(written.read_bytes())
    kept = edition.kept_earlier(p.programme, 2026, edition.PUBLICATION, simulated=True)
    assert [path.parent.name for path in kept.values()] == ["1999", "2025"]


def keep(folder, safe):
    """Write what a report keeps as published, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [one.table.publication for one in safe]
    (folder / "publication_simule.json").write_bytes(memory.write(kept))


@pytest.fixture(scope="module")
def last_alone(tmp_path_factory):
    """Where the last report is kept and no other; a test that writes there copies it."""
    root = tmp_path_factory.mktemp("seul")
    p, folders = adversary.published(root, PROGRAMME, (2026,))
    keep(folders[2026], counts.all_systems(p).values())
    return root


def test_a_year_made_after_the_next_one_and_before_it_is_made_again_gives_nothing_back(
    last_alone, tmp_path
):
    shutil.copytree(last_alone, tmp_path, symlinks=True, dirs_exist_ok=True)
    adversary.publish(tmp_path, PROGRAMME, (2025,))
    p, folders = adversary.published(tmp_path, PROGRAMME, (2025,))
    assert [len(safe.known) for safe in (counts.entrants(p), counts.devenir(p))] == [1, 1]
    p, made_again = adversary.publish(tmp_path, PROGRAMME, (2026,))
    assert [len(safe.known) for safe in (counts.entrants(p), counts.devenir(p))] == [2, 1]
    found = adversary.attack(made_again | folders, p)
    assert [said for _, narrow in found.values() for said in narrow] == []
    assert found["entrants"][0] > 20


def test_a_later_report_that_revised_files_contradict_does_not_stop_the_year_it_follows(
    last_alone, tmp_path
):
    shutil.copytree(last_alone, tmp_path, symlinks=True, dirs_exist_ok=True)
    [simulated] = tmp_path.rglob("publication_simule.json")
    kept = simulated.with_name("publication.json")
    kept.write_bytes(simulated.read_bytes())
    found = replace(adversary.published(tmp_path, PROGRAMME, (2025,))[0].donnees, simulees=False)
    assert len(counts.entrants(Year(found)).known) == 1
    said = json.loads(kept.read_text(encoding="utf-8"))
    told = next(one["frame"] for one in said["publications"] if one["name"] == "entrants")
    at = next(n for n, year in enumerate(told["rentree"]) if year == 2025 and told["entrants"][n])
    told["entrants"][at] += 1000
    kept.write_text(json.dumps(said), encoding="utf-8")
    assert counts.entrants(Year(found)).known == ()
    before = adversary.kept_publication(found, 2024)
    before.parent.mkdir()
    kept.rename(before)
    with pytest.raises(FpiError, match="refaites d'abord ce rapport"):  # an earlier one does
        counts.entrants(Year(found))


def test_a_year_that_later_reports_do_not_know_is_refused_unless_they_are_made_after_it(tmp_path):
    folder = tmp_path / "data" / "essai"
    shutil.copytree(ROOT / "data" / "fpi_aura", folder)
    what = load_programme(folder)
    known = hashlib.sha256(b"{}").hexdigest()
    for year, read in ((2025, []), (2026, ["2023/publication.json", "2025/publication.json"])):
        where = edition.target_of(what, year)
        where.mkdir(parents=True)
        (where / "publication.json").write_text("{}")
        entrees = [{"fichier": name, "sha256": known} for name in read]
        (where / "manifest.json").write_text(json.dumps({"entrees": entrees}))
    yearly.in_order(what, 2025, ())  # the later one knows it
    yearly.in_order(what, 2026, ())
    yearly.in_order(what, 2024, (2024, 2025, 2026))
    yearly.in_order(what, 2023, (2023, 2024, 2025))
    with pytest.raises(FpiError, match=r"pour 2025-2026 et 2026-2027.*« fpi-eval run 2024\.\.2026"):
        yearly.in_order(what, 2024, (2024,))
    with pytest.raises(FpiError, match="rendraient des effectifs masqués"):
        yearly.yearly(folder, 2024, tmp_path)
    assert not edition.target_of(what, 2024).exists()
    held = edition.target_of(what, 2025)
    (held / "publication.json").write_text("{} ")  # made again since
    assert yearly.unaware(what, 2025) == [2026]
    assert yearly.unaware(what, 2026) == []
    with pytest.raises(FpiError, match="ce rapport est fait de vrais fichiers"):
        yearly.yearly(folder, 2025)  # simulated, it would take the place of a real one
    assert (held / "publication.json").read_text() == "{} "


def test_a_report_stays_current_when_a_later_one_is_made(tmp_path):
    p, _ = adversary.published(tmp_path, PROGRAMME, (2025,))
    before = yearly.inputs_of(p.programme, 2025)
    where = adversary.published(tmp_path, PROGRAMME, (2026,))[1][2026]
    where.mkdir(parents=True)
    (where / "publication_simule.json").write_text("{}")
    after = yearly.inputs_of(p.programme, 2025)
    assert set(after) - set(before) == {"apres/2026/publication_simule.json"}
    one, other = (
        Basis.of(
            [ROOT / "notebooks" / "02_places.ipynb"], {}, inputs=inputs, root=tmp_path,
            edition=edition.Edition.of(p.programme, 2025, simulated=True),
        )
        for inputs in (before, after)
    )  # fmt: skip
    assert one.whole() == other.whole()
    assert one.page("02_places.ipynb", []) != other.page("02_places.ipynb", [])


def test_workbook_and_parquet_hold_what_the_csv_files_hold(deux_rapports):
    folder = deux_rapports[1][2026]
    book = openpyxl.load_workbook(folder / "tableaux_simule.xlsx", read_only=True)
    paths = [path for path in (folder / "tables").glob("*.csv") if path.stem != "dictionnaire"]
    assert len(paths) > 12
    for path in paths:
        said = adversary.read(path)
        other = pd.read_parquet(path.with_suffix(".parquet"))
        sheet = book[path.stem.removesuffix("_simule")[:31]]
        rows = [
            [cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)
        ]
        marked = sum(row.count("s") for row in rows)
        assert marked == sum(list(row.values()).count("s") for row in said), path.name
        for name in (n for n in other if n.endswith("_secret")):
            hidden = [row[name.removesuffix("_secret")] == "s" for row in said]
            assert other[name].tolist() == hidden
            assert other.loc[hidden, name.removesuffix("_secret")].isna().all()


@pytest.fixture(scope="module")
def pages(annee_simulee, tmp_path_factory):
    """What the executed pages of the example say, beside what its report keeps as published."""
    p, folder = annee_simulee, tmp_path_factory.mktemp("pages")
    notebooks = executed(EXAMPLE)
    for name, notebook in notebooks.items():
        write_tables(folder, name, notebook, "")
    write_quantities(folder / "chiffres_simule.json", shown_quantities(notebooks.values()))
    keep(folder, counts.all_systems(p).values())
    return adversary.heard({2026: folder}, p)


def test_pages_tables_and_quantities_held_together_give_no_hidden_count_back(pages):
    worlds, said = pages
    other = "refaites l'exemple (fpi_eval.report.runner.exemple), ou un tableau est mal lu"
    assert adversary.misread(worlds, said) == [], other
    for name, some in said.items():
        assert adversary.narrow(adversary.Adversary(worlds[name], some).ends()) == [], name
    read = {one.table[:2] for some in said.values() for one in some}
    assert {"02", "04", "06", "ch", "pu"} <= read


def test_effects_known_to_the_fourth_digit_narrow_no_hidden_count(pages, annee_simulee):
    world, said = pages[0]["entrants"], pages[1]["entrants"]
    effects = list(adversary_estimates.said_of_effects(world, annee_simulee.cells))
    found = adversary_estimates.ends(world, [*said, *effects])
    assert len(found) > 20
    assert min(high - low for low, high in found.values()) >= adversary.ENOUGH
    # An effect that rests on one hidden count alone would give it back.
    one = next(o for o in said if o.hidden and o.kind == "entrants")
    share = float((one.row @ world.truth)[0]) / 100
    alone = adversary.Said(
        "effets", "", one.row / 100, share - adversary_estimates.DIGIT,
        share + adversary_estimates.DIGIT,
    )  # fmt: skip
    low, high = adversary_estimates.ends(world, [*said, alone])[f"{one.table} {one.label}"]
    assert high - low < 1


@pytest.mark.parametrize("counted", ["presents", "diplomes"])
def test_effects_on_exams_rest_on_counts_that_the_open_file_shows_and_give_none_back(
    annee_simulee, counted
):
    p = annee_simulee
    sheet = others.diplomes(p).frame
    lost = sheet[sheet["presents"].isna()]  # school rows, in effects: beside others, see below
    assert lost.groupby("session").size().min() > 1
    assert lost.groupby("session")["voie"].agg(lambda v: "Apprentissage" in set(v)).all()
    found, known = adversary_estimates.exams(p.exams, BAC_MESH, "84", counted)
    effects = exam_effects(p.exams, p.cells)
    told = next(e for e in effects if e.outcome == counted and BAC_MESH in e.label)
    far = adversary_estimates.sum_of_others(p.exams, BAC_MESH, "84", counted)
    assert known + far == pytest.approx(told.estimate, abs=1e-6)
    # Whoever knows all counts but one has the open file, and learns that one from the effect.
    assert (0.01 / found["weight"].abs().max()) < 1
    # A reader of the page, which tells sums by filière and session: any of them may be hidden.
    for _, rows in found.groupby(["filiere", "rentree"]):
        hidden = pd.Series(found.index.isin(rows.index), found.index)
        tables, also = adversary_estimates.given_back(found, known, hidden)
        assert tables >= also >= rows["y"].sum() > adversary.ENOUGH


def test_an_effect_of_one_opened_site_would_give_a_count_back_and_is_not_told(monkeypatch):
    small = replace(SCENARIOS["few1"], n_cells_region=300, n_cells_other=900)
    panel = draw(small, 4).panel
    table = adversary_estimates.weights(panel, "entrants")
    opened = table["cell"].isin(panel.loc[panel["seats"] != 0, "cell"])
    last = table[opened].loc[table.loc[opened, "time"].idxmax()]
    width = 2 * 0.005 / abs(last["places"])  # all else known, the effect told to two digits
    assert width < adversary.ENOUGH
    monkeypatch.setattr(outcome, "kept", lambda make, *of: make(*of, draws=0))
    told = checks.evaluated(CellPanel.of(panel), "entrants", PROGRAMME)
    assert told == outcome.few(Secret())


def test_years_and_outcomes_that_rest_on_few_openings_are_left_out(annee_simulee):
    headed = SimpleNamespace(niveau="solide")
    judged = SimpleNamespace(blocked=False, verdict=headed, secret=Secret())
    allowed = checks.allowed.__wrapped__
    found = stacked(annee_simulee.cells, "entrants")
    assert allowed(judged, found).table.equals(found.table)
    for rows, left in ((slice(-1, None), len(found.table) - 1), (slice(None), None)):
        few = found.table.copy()
        few.loc[few.index[rows], "n_cells"] = 4
        told = allowed(judged, replace(found, table=few))
        assert told == outcome.few(Secret()) if left is None else len(told.table) == left
        assert left is None or told.covariance.shape == (left, left)
    alone = replace(found, overall=replace(found.overall, n_openings=4))  # of twelve courses
    assert allowed(judged, alone) == outcome.few(Secret())
    both = study_family(annee_simulee.cells, ("entrants", "terminale"), draws=99)
    few = both.table.assign(n_openings=[4, 5])
    told = allowed(judged, replace(both, table=few))
    assert told.table["outcome"].tolist() == ["terminale"]


def test_a_programme_that_declares_more_hides_splits_and_levels_whole(annee_simulee):
    p, more = annee_simulee, PROGRAMME.model_copy(update={"secret": Secret(effectif_minimum=10)})
    groups = heterogeneity(p.cells, "terminale")
    assert checks.told(groups, PROGRAMME).table.equals(groups.table)
    told, few = checks.told(groups, more), groups.table["n_openings"] < 10
    gone = set(groups.table.loc[few, "dimension"])
    assert gone
    assert set(told.table["dimension"]) == set(groups.table["dimension"]) - gone
    assert not gone & set(told.tests["dimension"])
    assert {"niveau", "filiere"} <= set(told.absent)
    assert told.sexes is None
    assert groups.sexes is not None
    curve = checks.specification_curve(checks.Study(p.panel, "terminale")).table
    level = curve["label"].str.endswith("seul")
    kept = Gate.of(more.secret).passed(curve)
    assert kept.loc[level, "estimate"].isna().all()
    assert level.sum() == 2
    assert kept.loc[~level, "estimate"].equals(curve.loc[~level, "estimate"])
    none = PROGRAMME.model_copy(update={"secret": Secret(effectif_minimum=50)})
    found = checks.told({"J": j(p.cells, "entrants")}, none)
    assert found == {"J": outcome.few(none.secret)}
    assert checks.evaluated(p.panel, "terminale", none) == outcome.few(none.secret)


def test_no_sentence_nor_alternative_text_tells_a_hidden_count(pages):
    told = list(adversary_texts.sentences(EXAMPLE))
    assert len(told) > 150
    assert adversary_texts.tells(*pages, told) == []
    worlds, said = pages
    one = next(o for o in said["devenir"] if o.hidden and "Réindustrialisation" in o.words)
    value = round((one.row @ worlds["devenir"].truth)[0])
    told = [("page", f"{' '.join(one.words)} : {value} sortants.")]
    assert adversary_texts.tells(worlds, said, told)


def test_a_notebook_holds_no_number_that_its_page_does_not_show():
    for name, notebook in executed(EXAMPLE).items():
        assert adversary_texts.unread(notebook) == [], name


def test_a_figure_of_counts_draws_and_describes_nothing_that_its_table_does_not_show(
    annee_simulee,
):
    notebooks, sheet = executed(EXAMPLE), people.quadrants(annee_simulee).frame
    means = [(100 * mean, 0.05) for name in adversary.MEANS for mean in sheet[name].dropna()]
    for name in (one for one in notebooks if one.startswith(adversary_texts.COUNTED)):
        assert adversary_texts.undrawn(notebooks[name], means) == [], name
    bars = notebooks["02_places_simule"]
    every = [o.get("data", {}) for cell in bars.cells for o in cell.get("outputs", ())]
    data = next(one for one in every if "une par cible" in one.get("text/html", ""))
    kept = data["application/vnd.dataresource+json"]
    kept["data"] = kept["data"][:-1]  # the same bars and words, a line hidden
    found = adversary_texts.undrawn(bars)
    assert any("remplacement" in one for one in found)
    assert any("remplacement" not in one for one in found)
    page = notebooks["04_insertion_simule"]
    [data] = [o.data for c in page.cells if "quadrants(" in c.source for o in c.outputs]
    drawing = adversary_texts.BeautifulSoup(data["text/html"], "html.parser").find("svg")
    assert len(list(adversary_texts.drawn(drawing))) > 20
    kept = data["application/vnd.dataresource+json"]
    assert not any("tailles" in one for one in adversary_texts.undrawn(page))
    next(row for row in kept["data"] if row["Quadrant"] == "Q1")["Élèves"] = "s"
    assert any("tailles" in one for one in adversary_texts.undrawn(page))  # of wide and phone
    kept["data"] = [row for row in kept["data"] if row["Quadrant"] == "Hors quadrant"]
    assert adversary_texts.undrawn(page)  # the same points, their lines hidden


def test_rates_drawn_are_told_by_a_sheet_to_more_digits_than_a_drawing_has(annee_simulee):
    page, p = executed(EXAMPLE)["04_insertion_simule"], annee_simulee
    sheets = [people.emploi(p).frame, people.quadrants(p).frame]
    rates = [name for sheet in sheets for name in sheet if name.startswith(("taux", "moyenne"))]
    told = [sheet[name].dropna() for sheet in sheets for name in rates if name in sheet]
    years = [(float(year), 0.5) for year in range(2010, 2030)]
    exact = [(100 * rate, 1e-6) for column in told for rate in column] + years
    for output in (one for cell in page.cells for one in cell.get("outputs", ())):
        output.get("data", {}).pop("application/vnd.dataresource+json", None)
    found = adversary_texts.undrawn(page, exact)
    assert [one for one in found if "tailles" not in one and "écrit" not in one] == []
    moved = [(rate + 0.01, wide) for rate, wide in exact[: -len(years)]]
    assert len(adversary_texts.undrawn(page, moved + years)) > 20


def test_shades_and_numbers_of_a_map_are_those_of_its_table():
    page = executed(EXAMPLE)["02_places_simule"]
    [data] = [o.data for c in page.cells if "page.carte(" in c.source for o in c.outputs]
    drawings = adversary_texts.BeautifulSoup(data["text/html"], "html.parser").find_all("svg")
    assert [len(list(adversary_texts.shades(one))) for one in drawings] == [2, 2]
    assert adversary_texts.undrawn(page) == []
    rows = data["application/vnd.dataresource+json"]["data"]
    head = next(name for name in rows[0] if name.startswith("Places d'entrée"))
    max(rows, key=lambda row: int(row[head]))[head] = "s"
    found = adversary_texts.undrawn(page)
    assert any("teintes" in one for one in found)
    assert any("remplacement" in one for one in found)


def test_numbers_written_on_bars_are_those_of_their_table():
    page = executed(EXAMPLE)["02_places_simule"]
    [data] = [o.data for c in page.cells if "page.departements(" in c.source for o in c.outputs]
    rows = data["application/vnd.dataresource+json"]["data"]
    rows[0]["Réindustrialisation"] = "s"  # its bar has no tick, its number is written beside it
    assert any("remplacement" in one for one in adversary_texts.undrawn(page))


def test_the_same_adversary_recovers_people_trained_where_tables_are_protected_apart(
    tmp_path, monkeypatch
):
    apart, together = [], counts.protected

    def one_by_one(p, wanted, rows, dims, *, fine, links=()):
        found = {}
        for one in wanted:
            own = rows[rows[one.counts[0]].notna()] if len(wanted) > 1 else rows
            found |= together(p, [one], own, dims, fine=fine)
        apart.append(len(wanted))
        return found

    monkeypatch.setattr(store, "SUBFOLDER", tmp_path / "kept")  # else: what others kept
    monkeypatch.setattr(counts, "protected", one_by_one)
    p, folders = adversary.published(tmp_path, PROGRAMME, (2026,))
    keep(folders[2026], (counts.entrants(p), counts.formes(p)))
    assert apart == [2]
    worlds, said = adversary.heard(folders, p)
    assert adversary.narrow(adversary.Adversary(worlds["entrants"], said["entrants"]).ends())


def test_the_adversary_reads_a_small_report_as_worked_out_by_hand():
    # Two cells of 20 places, 10 and 20 of them the programme's. Together 12 people trained, and
    # 18 entrants: x / 2 + y = 12 and x + y = 18 give 12 and 6, to the rounding of x / 2 (11 to 13).
    rows = pd.DataFrame({"cell": ["a", "b"], "seats": [10.0, 20.0], "places": [20.0, 20.0]})
    world = adversary.entrants_world(rows)
    both, first = np.array([True, True]), np.array([True, False])
    lines = [({"n": "18"}, both, {"n": "entrants"}), ({"n": "12"}, both, {"n": "formes"}),
             ({"n": "s"}, first, {"n": "entrants"})]  # fmt: skip
    said = [
        one
        for row, inside, kinds in lines
        for one in adversary.line(world, "t", row, inside, kinds)
    ]
    [(hidden, low, high)] = adversary.Adversary(world, said).ends()
    assert (low, high) == (11, 13)
    assert len(adversary.narrow([(hidden, low, high)])) == 0  # narrow, but it cannot be small
    assert len(adversary.narrow([(hidden, 2, 4)])) == 1


def test_a_mean_of_one_course_and_the_width_of_an_interval_give_a_hidden_count_back():
    # 3 of 20 leavers employed: .150 is told as the mean of a diploma of one course, and the
    # interval of Wilson of .15 is as wide as 20 people make it.
    rows = pd.DataFrame({"diplome": ["BTS"]})
    kinds, alone = ("sortants", "en_emploi_6_mois"), np.array([True])
    world = adversary.World(rows, kinds, dict.fromkeys(kinds, ~alone))
    world.laws.append((world.row({"sortants": 1, "en_emploi_6_mois": -1}, alone), [0], [np.inf]))

    def ends(counts, *more):
        read = adversary.line(world, "t", counts, alone, {kind: kind for kind in kinds})
        return [(low, high) for _, low, high in adversary.Adversary(world, [*read, *more]).ends()]

    mean = {"diplome": "BTS", "moyenne_emploi": "0,15", "moyenne_poursuite": "s"}
    known = {"sortants": "20", "en_emploi_6_mois": "s"}
    [(low, high)] = ends(known)
    assert high - low >= 4
    assert ends(known, *adversary.means(world, mean, alone)) == [(3, 3)]
    wide = [str(round(float(end[0]), 10)) for end in wilson([3], [20])]
    told = adversary.interval(world, "t", {}, alone, [wide[0], "0,15", wide[1]], adversary.FINE)
    assert ends({"sortants": "s", "en_emploi_6_mois": "s"}, *told)[0] == (20, 20)
