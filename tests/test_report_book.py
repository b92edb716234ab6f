"""What a run publishes on the simulated set: no small count anywhere, the same bytes, audited."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import adversary
import nbformat
import openpyxl
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_output

import fpi_eval as fpi
from fpi_eval import store, tables, text
from fpi_eval.disclosure import MARK, TOTAL, Parts, Rate, audit, protect
from fpi_eval.errors import FpiError
from fpi_eval.indicators import INDICATORS, compute
from fpi_eval.indicators.catalogue import COUTS
from fpi_eval.language import speaking
from fpi_eval.panel.year import Year
from fpi_eval.programme import load_programme
from fpi_eval.report.edition import PUBLICATION, Edition, kept_earlier
from fpi_eval.report.pages import insertion, personnes, places
from fpi_eval.report.published import book as classeur
from fpi_eval.report.published import counts as proteges
from fpi_eval.report.published import make, people, protection, seats
from fpi_eval.report.published import memory as publication
from fpi_eval.report.runner import accessible, translated
from fpi_eval.report.runner.extract import write_tables
from fpi_eval.report.runner.swap import replaced
from fpi_eval.sources.register.reconcile import CONFIRMEE
from fpi_eval.text import MISSING

ROOT = Path(__file__).parents[1]
PROGRAMME = load_programme(ROOT / "data" / "fpi_aura")
# Counts of people, and of wishes; places, jobs and targets are public decisions or facts.
PEOPLE = {
    "voeux_1", "voeux", "entrants", "effectif_entree", "terminale", "poursuite", "sortants",
    "en_emploi_6_mois", "en_emploi_12_mois", "en_emploi_18_mois", "en_emploi_24_mois", "realise",
    "personnes",
}  # fmt: skip
BASES = {"taux_poursuite": "terminale", "part_en_emploi_6_mois": "terminale",
         "part_autre": "terminale", "taux_devenir_favorable": "terminale",
         **{f"taux_emploi_{m}_mois": "sortants" for m in (6, 12, 18, 24)}}  # fmt: skip
NOT_PEOPLE = {"suivi_ami_cma"}  # « réalisé » counts seats there


def views(annee: fpi.Year) -> list:
    """Return every table of people that pages show."""
    context, employed = annee.context, people.emploi(annee)
    return [
        personnes.formes(people.cibles(annee), annee.register, context),
        personnes.personnes(people.personnes(annee), annee.register, context),
        personnes.suivi(seats.suivi(annee), context),
        personnes.transformation(seats.transformation(annee), context),
        places.pression(seats.pression(annee), context),
        places.demande(seats.demande(annee), context),
        places.remplissage(seats.remplissage(annee), context),
        insertion.terminale(people.terminale(annee), context),
        insertion.taux(employed, context),
        insertion.par_filiere(employed),
        insertion.durees(employed),
        insertion.devenir(people.apres(annee)),
        insertion.quadrants(people.quadrants(annee)),
    ]


# The twin writes no file of these: their sheets are proved in test_live_path.
NOT_SIMULATED = {"fermetures", "formations", "insersup", "apprentissage"}
WRITTEN = [sheet for sheet in classeur.SHEETS if sheet.__name__ not in NOT_SIMULATED]


@pytest.fixture(scope="module")
def again(deux_rapports, tmp_path_factory):
    """The second report written once more: its folder, and the files said to be in it."""
    p, folder = deux_rapports[0], tmp_path_factory.mktemp("encore")
    with pytest.MonkeyPatch.context() as patch:  # the same tables passed the audit just above
        patch.setattr(protection, "check", lambda *_: 0)
        patch.setattr(store, "SUBFOLDER", "encore")
        classeur.audited.cache_clear()
        return folder, classeur.write(folder, p, Edition.of(p.programme, 2026, simulated=True))


@pytest.fixture(scope="module")
def pages(deux_rapports, tmp_path_factory):
    """HTML and CSV of what notebooks show in the second run."""
    p = deux_rapports[0]
    folder = tmp_path_factory.mktemp("pages")
    shown = views(p)
    outputs = [new_output("display_data", one._repr_mimebundle_()) for one in shown]
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("", outputs=outputs)])
    write_tables(folder, "page", notebook, "_simule")
    return folder, [accessible.BeautifulSoup(one.to_html(), "html.parser") for one in shown]


def test_a_gap_of_rates_is_a_share_of_one_beside_them_in_a_page_s_csv(tmp_path):
    rows = pd.DataFrame({"voie": ["app."], "avant": [0.668], "apres": [0.695], "ecart": [0.027]})
    shown = tables.table(
        rows, "Taux", labels={name: name for name in rows}, source="InserJeunes",
        formats={"avant": ("pourcent", 1), "apres": ("pourcent", 1), "ecart": text.points},
    )  # fmt: skip
    output = new_output("display_data", shown._repr_mimebundle_())
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("", outputs=[output])])
    [made] = write_tables(tmp_path, "page", notebook, "")
    line = (tmp_path / made.file).read_text("utf-8-sig").splitlines()[-1]
    assert line == "app.;0,668;0,695;0,027"


def sheets(folder):
    """Rows of every sheet, under the columns' names of the dictionary."""
    book = openpyxl.load_workbook(folder / "tableaux_simule.xlsx")
    words = rows_of(folder / "tables" / "dictionnaire.csv")
    for sheet in book.worksheets[2:]:
        names = {w["libelle"]: w["colonne"] for w in words
                 if w["tableau"] == f"{sheet.title}_simule"}  # fmt: skip
        header, *rows = sheet.iter_rows(min_row=5, values_only=True)
        yield sheet.title, [dict(zip([names[h] for h in header], row, strict=True)) for row in rows]


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def number(value):
    """Return a cell as a number, None where hidden or not available."""
    if value in (None, "", MARK, MISSING) or value != value:
        return None
    try:
        return float(re.sub(r"[\s%]", "", str(value)).replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        return None


def faults(name, rows):
    """Return what no publication may hold: a count of 1 to 4, a rate on fewer than 20 people."""
    found = []
    for row in rows:
        for column in PEOPLE & set(row) if name.removesuffix("_simule") not in NOT_PEOPLE else ():
            if (count := number(row[column])) is not None and 1 <= count <= 4:
                found.append((name, column, count))
        for rate, base in BASES.items():
            if number(row.get(rate)) is None or base not in row:
                continue
            if (people := number(row[base])) is None or 1 <= people < 20:
                found.append((name, rate, people))
    return found


def test_no_sheet_holds_a_count_of_1_to_4_or_a_rate_under_20(deux_rapports):
    for target in deux_rapports[1].values():
        read = dict(sheets(target))
        assert len(read) == len(WRITTEN)
        assert [fault for name, rows in read.items() for fault in faults(name, rows)] == []
    hidden = sum(v == MARK for rows in read.values() for row in rows for v in row.values())
    assert hidden > 50


def test_no_csv_or_parquet_file_does_either(deux_rapports):
    for target in deux_rapports[1].values():
        for path in sorted((target / "tables").glob("*_simule.csv")):
            assert faults(path.stem, rows_of(path)) == []
        for path in sorted((target / "tables").glob("*.parquet")):
            rows = pd.read_parquet(path).to_dict("records")
            assert faults(path.stem, rows) == []


def test_no_table_of_the_pages_does_either(pages):
    labels = {"Premiers vœux", "Vœux confirmés", "Entrants", "Élèves de dernière année", "Élèves",
              "Sortants", "En emploi", "Personnes formées"}  # fmt: skip
    folder, soups = pages
    files = sorted((folder / "tables").glob("*.csv"))
    assert len(files) >= len(soups) - 1
    tables = [rows_of(path) for path in files]
    for soup in soups:
        for table in soup.find_all("table"):
            head = [cell.get_text(strip=True) for cell in table.select("thead th")]
            lines = table.select("tbody tr")
            cells = [
                [c.get_text(strip=True) for c in line.find_all(["th", "td"])] for line in lines
            ]
            tables.append([dict(zip(head, row, strict=False)) for row in cells])
    checked = 0
    for rows in tables:
        for row in rows:
            for label in labels & set(row):
                count = number(row[label]) if "%" not in str(row[label]) else None
                assert count is None or not 1 <= count <= 4, (label, row)
                checked += count is not None
    assert checked > 100


def test_what_is_hidden_in_the_workbook_is_hidden_in_the_pages(deux_rapports, pages):
    p = deux_rapports[0]
    safe = proteges.devenir(p)
    cells, flags = protection.margin(safe, "territoire", "filiere", "niveau", "voie")
    last = cells["millesime"] == cells["millesime"].max()
    page = insertion.devenir(people.apres(p)).frame
    assert (page["terminale"] == MARK).sum() == flags.loc[last, "terminale"].sum()


def test_the_audit_passes_with_last_years_report(deux_rapports):
    p, folders = deux_rapports
    old, new = (
        {one.name: one for one in publication.read(folder / "publication_simule.json")}
        for folder in folders.values()
    )
    assert set(old) == set(new) == {"voeux", "entrants", "formes", "devenir"}
    for name, safe in proteges.all_systems(p).items():
        bounds = audit([*safe.known, new[name]])
        assert not bounds["expose"].any()
        assert len(bounds) >= safe.hidden[list(safe.table.publication.counts)].to_numpy().sum()
    assert proteges.voeux(p).known
    assert proteges.formes(p).known


def without(safe, gone):
    """Return a protected table after the withdrawal of cells that nothing else protects."""
    kept = ~gone(safe.frame)
    table = replace(safe.table, frame=safe.frame[kept], hidden=safe.hidden[kept])
    return replace(safe, table=table)


def test_a_count_taken_out_of_the_protected_table_is_told_nowhere_else(deux_rapports, monkeypatch):
    p = deux_rapports[0]
    safe, names = proteges.formes(p), ["realise", "avancement", "reste"]
    each = [cost.name for cost in COUTS[2:4]]
    last = safe.frame["rentree"].map(lambda v: max(v) if isinstance(v, tuple) else v)
    target = people.cibles(p).frame.set_index("niveau")["realise"]
    assert target.notna().any()

    def found(gone):
        monkeypatch.setattr(proteges, "formes", lambda _: without(safe, gone))
        return people.cibles(p), people.couts(p), people.personnes(p)

    targets, costs, _ = found(lambda rows: rows["niveau"] != TOTAL)
    shown = targets.frame.set_index("niveau")["realise"].drop("ensemble", errors="ignore")
    assert shown.isna().all()
    assert targets.rows.hidden.loc[targets.frame["niveau"] != "ensemble", names].all(axis=None)
    whole = costs.frame[each].iloc[-1]
    assert whole.notna().all()
    # A sum of fewer years, left alone, is not taken for the total; nor is nothing at all.
    for gone in (lambda _: last == last.max(), lambda _: last > 0):
        targets, costs, persons = found(gone)
        assert targets.frame["realise"].isna().all()
        assert costs.frame[each].isna().all(axis=None)
        assert costs.rows.hidden[each].iloc[-1].all()
        assert persons is None


def test_seats_whose_people_no_file_tells_are_counted_beside_people_trained(
    annee_simulee, monkeypatch
):
    assert proteges.formes(annee_simulee)  # found once, from the rows as they are
    rows = proteges.en_places(annee_simulee).assign(entrants_programme=1.0)
    monkeypatch.setattr(proteges, "en_places", lambda _: rows)  # read at each call
    assert "Manquent" not in people.personnes(annee_simulee).note
    first = rows.index == rows.index[0]
    rows = rows.assign(entrants_programme=rows["entrants_programme"].mask(first))
    seats_lost = rows["seats"].iloc[0]
    note = people.personnes(annee_simulee).note
    assert f"Manquent les entrants de {seats_lost:.0f} places × rentrées" in note
    assert people.couts(annee_simulee).note.endswith(note.removeprefix(people.SCOLAIRE))
    with speaking("en"):
        assert "seats × years are missing" in translated.said(note)


def test_a_closure_that_capacities_show_is_no_opening_seen_in_the_follow_up(annee_simulee):
    seen = annee_simulee.rapprochement
    shut = seen[seen["statut"] == CONFIRMEE].assign(places_ouvertes=-5.0)

    class Closed:
        rapprochement = pd.concat([seen, shut], ignore_index=True)

        def __getattr__(self, name):
            return getattr(annee_simulee, name)

    assert len(shut)
    said = [seats.suivi(p).frame["commentaire"].tolist() for p in (annee_simulee, Closed())]
    assert said[0] == said[1]


def test_an_opening_of_unknown_cost_is_in_no_cost_per_seat_and_costs_are_not_zero(
    annee_simulee, monkeypatch
):
    rows = seats.registre(annee_simulee)
    first = (rows["places_ouvertes"].gt(0) & (rows["voie"] == "scolaire")).idxmax()
    blank = rows.assign(cout=rows["cout"].mask(rows.index == first), subvention=0.0)
    monkeypatch.setattr(people, "registre", lambda _: blank)
    assert people.couts(annee_simulee).note.startswith("Par place :")
    found = people.couts(annee_simulee).frame.iloc[-1]
    told = blank.drop(first)
    each = told["cout"].sum() / told["places_ouvertes"].sum()
    assert found["cout_par_place"] == pytest.approx(each)
    assert found["places_ouvertes"] == rows["places_ouvertes"].sum()
    # Subsidies that are all written 0 are not known, as on the page of costs.
    names = ["cout", "subvention", "subvention_par_place", "cout_par_personne"]
    assert found[[*names, "subvention_par_personne"]].isna().all()
    # Seats not told yet are in no sum, and leave the others theirs.
    untold = rows.assign(places_ouvertes=rows["places_ouvertes"].mask(rows.index == first))
    monkeypatch.setattr(people, "registre", lambda _: untold)
    found = people.couts(annee_simulee).frame.iloc[-1]
    assert found["places_ouvertes"] == untold["places_ouvertes"].sum()


def test_seats_of_the_programme_before_are_not_its_own_where_the_year_before_misses(
    annee_simulee, monkeypatch
):
    keys, before = ["cell", "rentree"], annee_simulee.programme.rentree_debut - 1
    rows = proteges.cellules(annee_simulee)
    assert rows.loc[rows["rentree"] == before, "seats"].any()
    whole = proteges.en_service(annee_simulee).set_index(keys)["seats"]
    monkeypatch.setattr(proteges, "cellules", lambda _: rows[rows["rentree"] != before])
    found = proteges.en_service.__wrapped__(annee_simulee).set_index(keys)["seats"]
    pd.testing.assert_series_equal(found, whole.drop(before, level="rentree"))


def test_what_opened_this_year_is_unknown_where_the_register_does_not_say(
    annee_simulee, monkeypatch
):
    rows = seats.registre(annee_simulee)
    now = (rows["rentree"] == annee_simulee.rentree) & (rows["voie"] == "scolaire")
    untold = rows.assign(places_transformees=rows["places_transformees"].mask(now))
    groups = rows.loc[now, ["niveau", "filiere"]].drop_duplicates()
    monkeypatch.setattr(seats, "registre", lambda _: untold)
    found = seats.transformation(annee_simulee).frame["places_transformees"]
    assert found.isna().sum() == len(groups) > 0
    assert (found.dropna() == 0).all()


def test_what_opened_where_no_capacity_is_published_is_still_counted(annee_simulee, monkeypatch):
    cells, rows = proteges.en_service(annee_simulee), seats.registre(annee_simulee)
    whole = seats.transformation(annee_simulee).frame["places_transformees"]
    now = (rows["rentree"] == annee_simulee.rentree) & (rows["voie"] == "scolaire")
    lost = cells["filiere"] == rows.loc[now & (rows["places_transformees"] != 0), "filiere"].iloc[0]
    monkeypatch.setattr(proteges, "en_service", lambda _: cells[~lost])
    found = seats.transformation(annee_simulee).frame
    assert found["places_transformees"].sum() == whole.sum() > 0
    assert found["places"].isna().any()


def test_what_last_years_report_hid_is_not_shown_now(deux_rapports):
    before, now = (
        {one.name: one for one in publication.read(deux_rapports[1][y] / "publication_simule.json")}
        for y in (2025, 2026)
    )
    for name, old in before.items():
        keys = list(old.dims)
        secret = old.frame[keys].map(str).join(old.hidden[list(old.counts)])
        shown = now[name].frame[keys].map(str).join(now[name].frame[list(old.counts)])
        both = secret.merge(shown, on=keys, suffixes=("", "_now"))
        for count in old.counts:
            assert both.loc[both[count], f"{count}_now"].isna().all()


def test_the_publication_holds_no_hidden_value_and_comes_back_the_same(deux_rapports):
    path = deux_rapports[1][2026] / "publication_simule.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for one in content["publications"]:
        for count in one["counts"]:
            pairs = zip(one["frame"][count], one["hidden"][count], strict=True)
            assert all(value is None for value, hidden in pairs if hidden)
        assert all(isinstance(v, bool) for c in one["counts"] for v in one["structure"][c])
    assert publication.write(publication.read(path), content["colonnes"]) == path.read_bytes()


def kept_before(found) -> list[Path]:
    return list(
        kept_earlier(found.programme, found.rentree, PUBLICATION, simulated=found.simulees).values()
    )


def test_a_real_report_is_never_read_by_a_simulated_one_nor_the_reverse(
    deux_rapports,
):
    found = deux_rapports[0].donnees
    kept = adversary.kept_publication(found, 2025)
    assert kept_before(found) == [kept]
    real = replace(found, simulees=False)
    other = adversary.kept_publication(real, 2025)
    assert kept_before(real) == []  # beside, under another name
    other.write_text("{}")
    try:
        assert kept_before(found) == [kept]
        assert publication.elsewhere(found)
    finally:
        other.unlink()


def test_a_publication_that_cannot_be_read_stops_the_run_in_french(tmp_path):
    path = tmp_path / "publication.json"
    path.write_text('{"publications": [{"name": "x"}]}')
    with pytest.raises(FpiError, match=r"publication\.json : .*un autre rapport.*illisible"):
        publication.read(path)


def test_words_alone_change_no_table_and_another_table_changes_the_workbook(
    deux_rapports, again, tmp_path, monkeypatch
):
    p, edition = Year(deux_rapports[0].donnees), Edition.of(PROGRAMME, 2026, simulated=True)
    made = []
    monkeypatch.setattr(store, "_keep", lambda entry, content: made.append(entry))
    classeur.write(tmp_path, p, edition)
    assert made == []
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Autre titre")])
    nbformat.write(notebook, tmp_path / edition.file("02_places", "ipynb"))
    classeur.write(tmp_path, p, edition)
    assert made == []
    shown = personnes.formes(people.cibles(p), p.register, p.context)
    notebook.cells.append(
        new_code_cell(outputs=[new_output("display_data", shown._repr_mimebundle_())])
    )
    nbformat.write(notebook, tmp_path / edition.file("02_places", "ipynb"))
    classeur.write(tmp_path, p, edition)
    assert len(made) == 1


def test_the_same_run_gives_the_same_bytes(deux_rapports, again):
    target, (folder, files) = deux_rapports[1][2026], again
    assert len(files) == len(set(files)) > 2 * len(WRITTEN)
    for path in files:
        assert path.read_bytes() == (target / path.relative_to(folder)).read_bytes(), path.name


def test_simulated_data_is_named_in_files_and_titles(deux_rapports, again):
    target, files = deux_rapports[1][2026], again[1]
    assert all("_simule" in f.name for f in files if f.name != "dictionnaire.csv")
    book = openpyxl.load_workbook(target / "tableaux_simule.xlsx")
    for sheet in book.worksheets:
        assert "imulées" in f"{sheet['A1'].value} {sheet['A3'].value}"
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_published_rates_are_those_of_compute_on_the_raw_counts(deux_rapports):
    p = deux_rapports[0]
    rows = proteges.of_programme(p, p.inserjeunes)
    rows = rows[rows["sortants"].notna()]
    by = ["territoire", "filiere", "niveau", "voie", "millesime"]
    safe = proteges.devenir(p)
    cells, flags = protection.margin(safe, *by[:-1])
    for name, base in BASES.items():
        wanted = compute(rows, INDICATORS[name], by).set_index(by)["value"]
        one = {c: cells[c] for c in INDICATORS[name].columns}
        shown = compute(cells[by].assign(**one), INDICATORS[name], by).set_index(by)["value"]
        shown = shown.dropna()
        assert len(shown) > 12  # what the report of 2025 hid stays hidden in that of 2026
        assert shown.to_numpy() == pytest.approx(wanted.loc[shown.index].to_numpy())
        assert not flags[base].all()


def test_a_leak_stops_the_run_and_leaves_last_report_in_place(deux_rapports, tmp_path, monkeypatch):
    p = Year(deux_rapports[0].donnees)
    monkeypatch.setattr(store, "SUBFOLDER", "jamais")  # not audited yet
    target = tmp_path / "2026"
    target.mkdir()
    (target / "index.html").write_text("avant")
    naked = _leaky()
    monkeypatch.setattr(proteges, "all_systems", lambda _: {"x": naked})
    with pytest.raises(FpiError, match="Ne publiez pas"), replaced(target) as folder:
        classeur.write(folder, p, Edition.of(PROGRAMME, 2026, simulated=True))
    assert [path.name for path in target.iterdir()] == ["index.html"]


def _leaky():
    """A table in which one small count was hidden, and its complement shown."""
    detail = pd.DataFrame({"g": ["a", "b", "c"], "rentree": 2026, "n": [3.0, 30.0, 40.0]})
    safe = protect(detail, dims=["g", "rentree"], values=["n"], windows={"rentree": [2026]})
    frame, hidden = safe.frame.copy(), safe.hidden.copy()
    truth = {"a": 3.0, "b": 30.0, "c": 40.0, "Total": 73.0}
    hidden["n"] = frame["g"] == "a"
    frame["n"] = frame["g"].map(truth).mask(hidden["n"])
    shown = publication.replace(safe.publication, frame=frame, hidden=hidden)
    return protection.Safe(publication.replace(safe, publication=shown), ())


def test_what_an_earlier_report_hid_stays_hidden_with_its_rate():
    detail = pd.DataFrame({"g": ["a", "b"], "rentree": 2025, "n": [50.0, 60.0], "k": [20.0, 30.0]})
    how = {"dims": ["g", "rentree"], "values": ["n", "k"], "windows": {"rentree": [2025]},
           "rates": [Rate("t", "k", "n")], "parts": [Parts("n", ("k",))]}  # fmt: skip
    safe = protect(detail, **how)
    assert safe.frame["t"].notna().all()
    out = safe.frame["g"] == "a"
    before = publication.replace(
        safe.publication,
        frame=safe.frame.assign(k=safe.frame["k"].mask(out | (safe.frame["g"] == "b"))),
        hidden=safe.hidden.assign(k=out | (safe.frame["g"] == "b")),
    )
    now = protect(detail, known=[before], **how)
    row = now.frame[now.frame["g"] == "a"].iloc[0]
    assert row[["k", "t"]].isna().all()
    assert row["n"] == 50
    assert now.publication.hidden["k"].sum() == 2


def test_progress_has_the_digits_of_the_key_figures(annee_simulee):
    for made, name in (
        (people.cibles, "avancement"),
        (seats.suivi, "taux_realisation"),
        (seats.places_programme, "taux_realisation"),
    ):
        (one,) = [c for c in made(annee_simulee).columns if c.name == name]
        assert make._format(one) == ("pourcent", 0)
