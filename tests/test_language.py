"""English on demand: every message has its translation, and nothing half translated is shown."""

import ast
import re
from dataclasses import asdict, replace
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules
from types import SimpleNamespace

import nbformat
import pandas as pd
import pikepdf
import pytest
from babel.messages.extract import extract_from_dir
from bs4 import BeautifulSoup
from test_front_page import AHEAD, EFFECT, NOTES, PEOPLE, SEATS, WORLDS
from test_headline import published
from test_report_html import EDITION, render

import fpi_eval
from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks import NAMES
from fpi_eval.errors import FpiError
from fpi_eval.headline import first_page as first
from fpi_eval.headline import in_chapters, of_effect, of_jobs, of_places, of_trajectory
from fpi_eval.headline.change import Changes
from fpi_eval.headline.quantity import DECLARED, Headline, Scope
from fpi_eval.impact.jobs import detectability
from fpi_eval.language import CHAPTERS as SENTENCES
from fpi_eval.language import OTHERS, _, catalogue, speaking
from fpi_eval.panel.doubts import strays
from fpi_eval.panel.loading import credit
from fpi_eval.panel.secteurs import oddities_of_jobs
from fpi_eval.projection.projection import chances
from fpi_eval.report import pages as report_pages
from fpi_eval.report.edition import PROJECT, SIMULATED_SUFFIX, Edition
from fpi_eval.report.pages import changements, couts, places
from fpi_eval.report.runner import pdf, translated
from fpi_eval.report.runner.chapters import CHAPTERS, Chapter, compose
from fpi_eval.report.runner.notebooks import discover
from fpi_eval.several_regions import programme_of
from fpi_eval.sources import years
from fpi_eval.sources.register.budget import overspent

PACKAGE = Path(fpi_eval.__file__).parent
DECLARING = (of_effect, of_jobs, of_places, of_trajectory)  # by being imported
FOUND_IN = [("**.py", "python"), ("**.j2", "jinja2")]


def titles() -> set[str]:
    """Return titles, menu titles and questions of the chapters that another language has."""
    own = [
        words
        for one in discover(PROJECT / "notebooks")
        if one.name in in_chapters.FINDINGS
        for words in (one.title, str(one.declares["court"]), one.question)
    ]
    others = [
        one for one in CHAPTERS if isinstance(one, Chapter) and one.name in in_chapters.FINDINGS
    ]
    return {*own, *(words for one in others for words in (one.title, one.short, one.question))}


def told() -> set[str]:
    """Return every message that the code or a template gives to be translated."""
    written = extract_from_dir(PACKAGE, FOUND_IN, keywords={"_": None})
    declared = {words for one in DECLARED.values() for words in (one.label, one.unit)}
    named = {
        *of_effect.PEOPLE.values(), *NAMES.values(), of_trajectory.LEAST, of_trajectory.EVERY_VOIE,
        of_trajectory.BUDGET, of_places.KNOWN_ONLY,
        of_places.EVERY_LEVEL, *of_places.VOIES.values(), *map(str.lower, text.NIVEAUX.values()),
        first.IN_THESE, *first.END.values(), *first.STUDIED.values(), first.ENTERED[1], first.WHERE,
        *filter(None, chain.from_iterable(of_trajectory.LATER.values())), *first.LEVELS,
        detectability.REGION, detectability.SYNTHETIC, detectability.ZONES,
        text.BANNER, text.SIMULATED, text.MISSING, *first.WORDS, *first.WORDS.values(), *pdf.SIZES,
        credit(simulated=True), credit(simulated=False), *titles(),
    }  # fmt: skip
    return {message for _name, _line, message, *_rest in written} | declared | named


def test_no_message_is_where_the_extraction_does_not_see_it():
    hidden = re.compile(r"{_\(['\"]")  # inside the braces of an f-string
    for path in PACKAGE.rglob("*.py"):
        assert not hidden.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("code", OTHERS)
def test_every_message_has_its_translation(code):
    kept = {message for message in catalogue(code)._catalog if message}
    said = told()
    assert not said - kept, "à traduire"
    assert not kept - said, "que plus rien ne dit"
    for message in kept:
        words = catalogue(code).gettext(message)
        assert set(re.findall(r"{\w*}|<[^<>]*>", words)) == set(
            re.findall(r"{\w*}|<[^<>]*>", message)
        ), message


def abroad(one):
    """Return a quantity with words in English, as its function declares them."""
    blank = DECLARED.get(one.key)
    words = {"label": blank.label if blank else "Places", "unit": one.unit}
    scope = {"programme": "FPI", "niveau": "", "voie": "school route", "annees": "due 2030"}
    with speaking("en"):
        said = {name: _(word) for name, word in words.items()}
    return replace(one, langues={"en": said | {"scope": asdict(Scope(**scope))}})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    quantities = [abroad(one) for one in (*SEATS, *PEOPLE, *EFFECT, *AHEAD)]
    cell = published(*quantities).cells[0]
    next(v for k, v in cell.outputs[0].data.items() if "chiffres" in k)["notes"] = NOTES
    folder = tmp_path_factory.mktemp("anglais") / "2026"
    edition = replace(EDITION, langues=("en",), sources=(credit(simulated=True),))
    own = next(one for one in discover(PROJECT / "notebooks") if one.name == "02_places")
    return render(folder, edition, {6: cell.outputs}, first=f"# {own.title}\n\n{own.question}")


def english(path):
    """Return the words of a page in English, after it was looked at for French ones."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    assert page.html["lang"] == "en"
    for french in page.select("[lang=fr], .programme, head > title, style"):
        french.decompose()
    words = page.get_text(" ")
    assert not re.findall(r"\b(?:les|des|une|est|pour|dans|places|élèves)\b", words), path.name
    return words


def test_the_english_page_is_english_and_says_what_is_not(made):
    words = english(made / "index_en.html")
    assert "stay in French" in words
    assert "760 opened of 831 planned" in re.sub(r"\s+", " ", words)
    assert "788 of 9,000" in re.sub(r"\s+", " ", words)


def test_a_chapter_is_told_in_english_and_has_its_link(made):
    words = english(made / f"02_places_en{EDITION.suffix}.html")
    assert "has opened 760 of 831 planned seats" in re.sub(r"\s+", " ", words)
    front = BeautifulSoup((made / "index_en.html").read_text(encoding="utf-8"), "html.parser")
    links = {a["href"]: a.find_parent("li").get("lang") for a in front.select(".liste-pages a")}
    assert links[f"02_places_en{EDITION.suffix}.html"] is None
    assert f"02_places{EDITION.suffix}.html" not in links


def test_every_chapter_s_finding_can_be_told_in_english_from_its_numbers():
    found = Headline(tuple(map(abroad, (*SEATS, *PEOPLE, *EFFECT, *AHEAD))), NOTES)
    with speaking("en"):
        said = found.said("en")
        told = {name: finding(said) for name, finding in in_chapters.FINDINGS.items()}
        for name in told:
            assert not re.search("[éèàç]", told[name])
    assert all(told[name] for name in ("02_places", "03_diplomes"))


def test_no_link_of_an_english_page_leads_nowhere(made):
    annex = replace(EDITION, langue="en").file("annexes", "html")
    assert "Tables and files" in english(made / annex)
    for path in made.glob("*_en*.html"):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        links = {str(a["href"]).partition("#")[0] for a in page.select("a[href]")}
        assert annex in links or path.name != "index_en.html"
        assert "annexes_simule.html" not in links
        dead = [link for link in links if link.endswith(".html") and not (made / link).exists()]
        assert dead == [], path.name


def test_its_papers_are_tagged_as_english_and_have_their_pages(made):
    for name, pages in (("synthese_en", 2), ("diapositives_en", 6)):
        with pikepdf.open(made / f"{name}_simule.pdf") as paper:
            assert str(paper.Root.Lang).startswith("en")
            assert len(paper.pages) <= pages


def test_the_french_page_leads_to_it_and_is_as_before_without_it(made):
    page = BeautifulSoup((made / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.select_one("a[hreflang=en]")["href"] == "index_en.html"
    assert page.html["lang"] == "fr"


def numbers(page: str) -> set[float]:
    """Return the numbers of a page's words, texts for those who do not see it included."""
    soup = BeautifulSoup(page, "html.parser")
    french = soup.html["lang"] == "fr"
    for tag in [*soup(["style", "script"]), *soup.select("svg text")]:  # ticks are no result
        tag.decompose()
    said = [tag.get(name, "") for tag in soup(True) for name in ("alt", "aria-label", "title")]
    words = " ".join([soup.get_text(" "), *said])
    between = "[\u00a0\u202f]" if french else ","
    words = re.sub(rf"(?<=\d){between}(?=\d{{3}}\b)", "", words)
    return {float(one.replace(",", ".")) for one in re.findall(r"\d+(?:[.,]\d+)?", words)}


def test_english_pages_tell_no_number_that_french_ones_do_not(made):
    pages = {path: numbers(path.read_text(encoding="utf-8")) for path in made.glob("*.html")}
    abroad = [path for path in pages if "_en" in path.name]
    french = {50, 80, 95}  # levels of intervals
    french |= set().union(*(found for path, found in pages.items() if path not in abroad))
    assert len(abroad) > 1
    assert {path.name: pages[path] - french for path in abroad if pages[path] - french} == {}


@pytest.mark.parametrize(("effects", "notes", "finding"), WORLDS)
def test_every_finding_can_be_said_in_english(effects, notes, finding):
    found = Headline(tuple(map(abroad, (*SEATS, *PEOPLE, *effects, *AHEAD))), NOTES | notes)
    with speaking("en"):
        said = first.first_page(found.said("en"))
    assert finding not in said.finding
    assert not re.search("[éèàç]", f"{said.finding} {said.reason} {' '.join(said.implied)}")


def test_a_message_without_translation_is_refused():
    with speaking("en"), pytest.raises(FpiError, match="pas traduit"):
        _("Rien de tel")


def test_numbers_follow_the_language():
    with speaking("en"):
        assert (text.nombre(9000), text.pourcent(0.5, 0)) == ("9,000", "50%")
    assert text.pourcent(0.5, 0) == "50\u00a0%"


WHOLE = (
    "01_donnees", "02_places", "03_diplomes", "04_insertion", "05_emploi_industriel",
    "06_trajectoire_et_couts",
    "couts", "equite", "limites", "08_changements", "controles", "estimateurs",
    "07_jumeau", "methode", "glossaire",
)  # fmt: skip


@pytest.fixture(scope="module")
def delivered():
    """Return the chapters of the delivered example, by name."""
    edition = Edition("fpi_aura", "FPI", 2026, True)
    infos = discover(PROJECT / "notebooks")
    folder = PROJECT / "reports" / "exemple"
    books = [nbformat.read(folder / edition.file(one.name, "ipynb"), 4) for one in infos]
    pages = compose(infos, books, edition)
    return {page.file.removesuffix(f"{SIMULATED_SUFFIX}.html"): page for page in pages}


def words_of(page):
    """Return everything a chapter says, as one text."""
    cells = [*page.answer, *(cell for one in page.sections for cell in one.cells)]
    outputs = [out for cell in cells for out in cell.get("outputs", ())]
    said = [out.get("text") or out["data"].get("text/html", "") for out in outputs]
    html = "\n".join([page.finding, *(cell.source for cell in cells if "source" in cell), *said])
    return BeautifulSoup(html, "html.parser").get_text("\n")


@pytest.mark.parametrize("name", WHOLE)
def test_a_chapter_is_english_entire_and_says_the_numbers_of_the_french(delivered, name):
    page = delivered[name]
    with speaking("en"):
        told = translated.told(page, f"{name}_en.html")
        left = _("Ce qui reste en français")
    assert [one.title for one in told.sections if one.title == left] == []
    assert len(told.missing) == len(page.missing)
    assert len(told.answer) == len(page.answer)
    digits = sorted(re.findall(r"\d", words_of(page)))
    assert sorted(re.findall(r"\d", words_of(told))) == digits


def test_numbers_are_written_as_english_does():
    said = {"9\u202f000,5\u00a0€": "€9,000.5", "\u22122,3 %": "\u22122.3%", "2026": "2026"}
    assert {french: translated.number(french) for french in said} == said


@pytest.mark.parametrize("noun", ["places d'entrée", "places de BTS"])
def test_every_change_of_places_is_english_with_its_full_stop_or_without(noun):
    moves = ("ont augmenté de 1,5 %", "ont diminué de 1,5 %", "ont varié de moins de 0,1 %",
             "n'ont pas varié")  # fmt: skip
    with speaking("en"):
        for here in moves:
            for beside in ("", *(f" ; ailleurs, elles {there}" for there in moves)):
                french = f"De 2021 à 2022, à formations égales, les {noun} {here} dans la région"
                told = translated.said(french + beside)
                assert translated.said(f"{french}{beside}.") == f"{told}."


def declared_lacks():
    """Return the reasons and holders of every Absent that the code writes without a value in it."""
    for path in sorted((PROJECT / "fpi_eval").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Absent":
                given = [*call.args, *(k.value for k in call.keywords if k.arg != "conseil")]
                yield from (one.value for one in given if isinstance(one, ast.Constant))


def test_every_reason_that_a_page_declares_for_a_lack_is_english():
    pages = [import_module(f"{report_pages.__name__}.{m.name}")
             for m in iter_modules(report_pages.__path__)]  # fmt: skip
    lacks = [one for page in pages for one in vars(page).values() if isinstance(one, Absent)]
    said = {words for one in lacks for words in (one.reason, one.holder) if words}
    said |= {words for words in declared_lacks() if words and isinstance(words, str)}
    assert len(said) > 40
    with speaking("en"):
        assert all(translated.said(words) != words for words in said)


def told_in_full(sentences):
    """Say each in English as pages do: page 01 apart from its source, page 05 Urssaf's whole."""
    own = (one if one.startswith("urssaf : ") else one.partition(" : ")[2] for one in sentences)
    with speaking("en"):
        return [translated.said(one) for one in own]


def test_years_that_look_copied_or_cut_short_are_english_for_every_source():
    for source, bounds in years.BOUNDS.items():
        rows = pd.DataFrame({name: range(20) for name in {*bounds.same, bounds.count}})
        names = ("2020_2021", "2021_2022") if bounds.year == "millesime" else ("2021", "2022")
        copied, *short = (
            one
            for new in (rows, rows[:2])
            for one in years._compare(source, bounds, names[0], rows, names[1], new)
        )
        assert short
        assert all("2022" in one and "_2022" not in one for one in told_in_full([copied, *short]))


def test_what_declarations_and_files_do_not_agree_on_is_english():
    rows = pd.DataFrame({"projet": "FPI", "places_prevues": [12, 12], "places_ouvertes": [12, None],
                         "cout": 9.5e6, "subvention": 2e6})  # fmt: skip
    stray = strays(SimpleNamespace(table=rows), SimpleNamespace(outside=lambda row: True))
    budget = SimpleNamespace(minimum=False, total=1e7, subvention=1e6)
    spent = overspent(rows, SimpleNamespace(predecesseur=None, cout=budget), "registre.xlsx")
    [first, cost, grant] = told_in_full([*stray, *spent])
    assert first.startswith("2 row(s), 24 seats, of a course that filieres.csv puts in no ")
    assert cost.startswith("the costs of registre.xlsx add up to €19,000,000, more than “total”")
    assert grant.endswith("(€1,000,000). Correct one or the other, in euros.")
    jobs = pd.DataFrame({"secteur": ["CI"], "annee": 2020, "emplois": 1.0, "code_zone": "Z"})
    lost = pd.DataFrame({"filiere": ["e"] * 3, "na38": ["CI", "DZ", "JC"]})
    [filtered] = told_in_full(oddities_of_jobs(jobs, lost))
    assert filtered.startswith("urssaf: the file looks filtered, without DZ and JC that secteurs.")
    gone = "x : « A » et « B », dans le fichier de 2023, pas de 2024"
    assert told_in_full([gone]) == ["“A” and “B”, in the file of 2023, not of 2024"]


def test_costs_are_english_whatever_their_source_and_without_a_grant():
    source = "dossier déposé, page 12"
    credits = "Affelnet, Parcoursup, InserJeunes (DEPP-Dares), calculs fpi_eval"
    cost = SimpleNamespace(total=5e6)
    with speaking("en"), programme_of(1, names=[source]):
        said = translated.said(f"Source : {source} ; projection fpi_eval ; {credits}")
        assert said.startswith(f"Source: {source}; fpi_eval projection; Affelnet, ")
        for cost.minimum, cost.subvention in ((True, None), (False, None), (True, 2e6)):
            each = couts._per_person(cost, 700)
            last = "si toute la dépense allait à cette seule cible et si elle était atteinte"
            assert " per person at full cost" in translated.said(
                f"Cibles par niveau réunies (700) : {each}.\n\n"
                f"Personnes formées d'ici 2030 (700 visées) : {each}, {last}."
            )


def test_lists_of_what_changed_are_english_label_by_label():
    same = "« Cible publiée » ; « Plus petit effet décelable sur les emplois »"
    with speaking("en"):
        told = [
            translated.said(f"{head} : {same}.")
            for head in changements._kinds(Changes((2025, 2026), ()))
        ]
        assert told[-1].startswith("Unchanged: “Published target”; “Smallest effect on jobs ")
        assert all("«" not in one and ": “Published target”; “" in one for one in told)


@pytest.mark.parametrize("kept", ["", ", 90\u00a0% des places gardées chaque année"])
@pytest.mark.parametrize(
    "title",
    ["Aucune place de plus après 2024", "Rythme d'avant : 1\u202f200 places de plus après 2024"],
)
def test_scenarios_of_any_programme_are_english(title, kept):
    scenario = SimpleNamespace(title=title + kept)
    when = of_trajectory._by(2030, scenario)
    expected = f"Entrées attendues dans les places ouvertes, {when}"
    scope = f"Champ : FPI AURA, secondaire et supérieur, toutes voies, {when}."
    odds = [
        f"{start} d'atteindre 9\u202f000 {who}, scénario « {scenario.title} »."
        for start in map(text.capitale, map(chances, (0, 0.01, 0.8, 1)))
        for who in ("personnes", "diplômés")
    ]
    lists = f"Inchangés : « {expected} » ; « Cible publiée, échéance 2030 »."
    with speaking("en"):
        told = [translated.said(one) for one in (scope, *odds, lists)]
        assert translated.said(f"{expected} (personnes)").endswith("” (people)")
    assert all("after the 2024 school year start" in one and "«" not in one for one in told)
    assert told[-1].endswith("”; “Published target, due 2030”.")


@pytest.mark.parametrize("name", ["rail du nord", "été des métiers 2030", "Rail (nord)"])
def test_a_programme_s_own_name_is_known_whatever_it_begins_with(name):
    french = f"L'écart avec les autres régions n'est pas un effet de {name}, dont les places "
    french += "n'ont pas encore de diplômés dans ces données."
    with speaking("en"), programme_of(1, names=[name]):
        assert f" not an effect of {name}, " in translated.said(french)
    with speaking("en"), pytest.raises(FpiError):
        translated.said(french)


def test_what_pages_compose_is_english_for_any_programme_and_source():
    credit = "Affelnet, Parcoursup, InserJeunes (DEPP-Dares), calculs fpi_eval"
    french = (
        "Source : Registre des ouvertures ; calculs fpi_eval, rentrée 2022",
        "Source : Registre des ouvertures, rentrée 2022 ; calculs fpi_eval",
        f"Source : Projection fpi_eval (Plan : 118 places de plus après 2022) ; {credit}",
        f"Source : Dossier déposé, page 12 ; projection fpi_eval ; {credit}",
        "Champ : rail du nord, secondaire et supérieur, voie scolaire, rentrées 2021 à 2022.",
        "Champ : A B et rail du nord, secondaire, toutes voies, d'ici 2023, scénario « Plan : 118 "
        "places de plus après 2022 ».",
        "Taux supposés, faute de données : entrants par place ouverte (secondaire), élèves de "
        "dernière année diplômés (secondaire) et entrants par place ouverte (supérieur).",
        "Pas encore visibles, pour aucune place du programme : résultats aux examens, en emploi "
        "six mois après et en emploi deux ans après.",
    )
    with (
        speaking("en"),
        programme_of(1, names=["rail du nord", "A B", "", "Dossier déposé, page 12"]),
    ):
        told = [translated.said(one) for one in french]
        label = translated.words("rail du nord : 639 sur 500 ; A B : 183 sur 200.")
    assert told[0] == "Source: Register of openings; computed by fpi_eval, 2022 school year start"
    assert told[3].startswith("Source: Dossier déposé, page 12; fpi_eval projection; Affelnet")
    assert told[4].startswith("Covers: rail du nord, upper secondary and higher education, school ")
    assert told[5].startswith("Covers: A B and rail du nord, upper secondary, ")
    assert "“Plan: 118 more seats after the 2022 school year start”" in told[5]
    assert told[6].endswith(
        "graduate (upper secondary) and entrants per opened seat (higher education)."
    )
    assert label == "rail du nord: 639 of 500; A B: 183 of 200."
    with speaking("en"), pytest.raises(FpiError):
        translated.said("Source : un dossier que rien ne déclare")


def test_a_sentence_keeps_its_numbers_and_the_names_of_the_data():
    french = "En tête, la Drôme : 1 200 places sur 9 000."
    with speaking("en"):
        assert translated.said(french) == "Drôme comes first with 1,200 seats of 9,000."
        file = translated.said("aucun fichier « parcoursup/fr-esr_2026.csv »")
        assert file == "no file “parcoursup/fr-esr_2026.csv”"
        both = "Champ : A B et C, lycées professionnels, voie scolaire ; les pertes des formations "
        assert "A B and C, voc" in translated.said(f"{both}voisines ne sont pas déduites.")
        with pytest.raises(FpiError, match="pas traduit"):
            translated.said("Rien de tel 12 fois.")


@pytest.mark.parametrize(
    "reason",
    [
        "le programme n'a pas commencé : ses premières places ouvrent à la rentrée 2024.",
        "le registre des ouvertures n'est pas dans le dossier.",
        "le registre des ouvertures ne contient aucune ouverture du programme FPI AURA "
        "jusqu'à la rentrée 1.",
        of_places.UNSAID,
    ],
)
def test_seats_that_are_not_known_are_the_finding_in_english_too(reason):
    none = replace(SEATS[0], key="places_ouvertes", value=None, reason=reason)
    same = pd.DataFrame(columns=["territoire", "rentree", "niveau", "places_avant", "places_apres"])
    context = SimpleNamespace(rentree=2023)
    said = places.reponse(Headline((none,)), same, same, context)
    first, last = said.split("\n\n")
    assert first == text.capitale(reason)
    with speaking("en"):
        assert translated.said(first.rstrip(".")) != first
        assert translated.said(last).startswith("From 2022 to 2023, no course")


@pytest.mark.parametrize("levels", [["ensemble"], [*text.NIVEAUX], [*text.NIVEAUX, "ensemble"]])
def test_targets_missed_at_any_level_are_said_in_english(levels):
    declared = [SimpleNamespace(code=one, niveau=one) for one in levels]
    context = SimpleNamespace(rentree=2030, programme=SimpleNamespace(cibles=declared))
    years = [2030 if one == "ensemble" else 2026 for one in levels]
    reached = {"acquis": 10.0, "au_plus": 10.0, "cible": 90.0}
    rows = pd.DataFrame({"code": levels, "echeance": years}).assign(**reached)
    french = places._missed(rows, context, none=False)
    with speaking("en"):
        assert translated.said(french).count("10 entries out of 90") == len(levels)
        assert translated.said(f"{french}.") == f"{translated.said(french)}."
    other = places._missed(rows.assign(au_plus=0.0), context, none=False)
    assert "aucune place" not in other  # some are open, of another level or after the date
    none = places._missed(rows.assign(au_plus=0.0), context, none=True)
    assert none.endswith(" : aucune place n'est encore ouverte")
    with speaking("en"):
        assert translated.said(none).endswith(": no seat is open yet")
        assert translated.said(f"{none}.").endswith(": no seat is open yet.")


@pytest.mark.parametrize("levels", [["ensemble"], ["secondaire"], ["superieur"], [*text.NIVEAUX]])
def test_what_seats_allow_at_most_by_the_last_date_says_of_which_level(levels):
    declared = [SimpleNamespace(code=one, niveau=one) for one in levels]
    context = SimpleNamespace(rentree=2026, credit="", programme=SimpleNamespace(cibles=declared))
    rows = pd.DataFrame({"code": levels, "libelle": levels, "echeance": 2030})
    rows = rows.assign(cible=90.0, places_ouvertes=5.0, realise=5.0, acquis=10.0, au_plus=20.0)
    rows["places_prevues"] = 5.0
    french = places.cibles(rows, rows.assign(part=10 / 90), context).titre
    assert french.startswith(
        "Jusqu'en 2030, les places déjà ouvertes permettent au plus 10 entrées"
    )
    with speaking("en"):
        assert translated.said(french).count("10 entries out of 90") == len(levels)


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_keeps_its_places_in_translation(code):
    kept = catalogue(code, SENTENCES)
    for message in filter(None, kept._catalog):
        places = sorted(re.findall(r"{\w+}", message))
        assert sorted(re.findall(r"{\w+}", kept.gettext(message))) == places, message


def test_a_cell_of_a_page_is_told_part_by_part_as_in_the_workbook():
    cell = "<table><tbody><tr><th>Places ouvertes, secondaire (places)</th></tr></tbody></table>"
    with speaking("en"):
        told = BeautifulSoup(translated.shown(cell), "html.parser").th
    assert told.get_text() == "Opened seats, upper secondary (seats)"
    assert "lang" not in told.attrs


def test_declared_sectors_and_their_reasons_are_told_in_english():
    for path in sorted((PROJECT / "data").glob("*/secteurs.csv")):
        rows = pd.read_csv(path, sep=";", dtype="str")
        for french in {*rows["libelle"], *rows["motif"]}:
            with speaking("en"):
                shown = translated.shown(
                    f"<table><tbody><tr><td>{french}</td></tr></tbody></table>"
                )
            assert 'lang="fr"' not in shown, french
            assert re.findall(r"\d+", shown) == re.findall(r"\d+", french)


def test_a_title_of_one_line_stays_on_one_line():
    line = '<text style="font-size: 10px" transform="translate({} 5)">{}</text>'
    drawn = f"<svg><g>{line.format(0, 'Bac professionnel')}{line.format(40, '')}</g></svg>"
    with speaking("en"):
        told = BeautifulSoup(translated.shown(drawn), "html.parser")
    assert [one.get_text() for one in told.select("text")] == ["Bac pro (vocational)", ""]
