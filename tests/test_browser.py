"""Pages in a real browser: for every eye, by keyboard, on a phone, without asking anything."""

import shutil
from itertools import product

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from test_report_html import NAMES, OUTPUTS, output, render

from fpi_eval import plots
from fpi_eval.colours import CYCLE
from fpi_eval.figures import Figure
from fpi_eval.tables import table

LEAST = 11  # pixels: the smallest letters that a phone may show
FILIERES = ["Réindustrialisation", "Énergie décarbonée et industrie verte"]
SHARES = {"niveau": ["A", "B"] * 4, "annee": [f"{y}-{y + 1}" for y in range(2019, 2023)] * 2}


def drawings():
    """Return each kind of layout: bars in frames, long names, lines named at their end, a fan."""
    bars = pd.DataFrame({"departement": ["Isère", "Puy-de-Dôme"]} | {f: [9, 7] for f in FILIERES})
    yield plots.group_bars(
        bars.assign(Ensemble=[18, 14]), columns=FILIERES, whole="Ensemble",
        xlabel="Places d'entrée, rentrée 2026",
        colours=dict(zip(FILIERES, CYCLE, strict=False)),
    )  # fmt: skip
    named = pd.DataFrame({"libelle": ["Personnes formées de plus dans le secondaire"]})
    yield plots.targets(named.assign(realise=788, cible=9000))
    rates = pd.DataFrame(SHARES).assign(taux=0.5, ic_bas=0.4, ic_haut=0.6)
    yield plots.range_lines(rates, x="annee", y="taux", hue="niveau", ylabel="Taux d'emploi")
    fan = pd.DataFrame({"annee": range(2024, 2031), "cible": 9000.0})
    names = [f"Élèves de plus en dernière année,\nformations {n}" for n in ("ouvertes", "voisines")]
    yield plots.estimates(
        pd.DataFrame({"label": names, "estimate": 60, "ci_low": 5, "ci_high": 90})
    )
    yield plots.fan(fan.assign(q10=1.0, q25=2.0, q50=3.0, q75=4.0, q90=5.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    shown = [Figure(ax, f"Figure {n}", "s", "Ce qu'elle montre") for n, ax in enumerate(drawings())]
    plt.close("all")
    wide = table(pd.DataFrame({f"colonne {i}": ["Puy-de-Dôme"] for i in range(8)}), "T")
    rows = product(["Ensemble", "La région"], FILIERES, ["Secondaire", "Supérieur", "BTS"])
    long = pd.DataFrame(rows, columns=["Territoire", "Filière", "Niveau"])
    long = table(long.assign(places=range(12), prevues=7, ouvertes=6), "Longue")
    many = pd.DataFrame({"Département": ["Isère", "Ain"]} | {f"Grandeur {n}": 7 for n in range(6)})
    tables = (wide, long, table(many, "Large"))
    made = [output(one._repr_mimebundle_()) for one in (*shown, *tables)]
    return render(tmp_path_factory.mktemp("rapport") / "2023", outputs=OUTPUTS | {6: made})


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("navigateur Chromium absent : rendu non vérifié")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        made = engine.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture
def visit(browser, folder):
    """Return how to open a page at a width; what it asks for is kept beside it."""
    pages = []

    def opened(name, width=1280, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((folder / name).as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.mark.parametrize("name", NAMES[:2])
def test_axe_finds_no_fault(visit, name):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(name)
    for width, scheme in product((390, 820, 1280), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{width}, {scheme} : {found.generate_report()}"


def test_a_page_asks_only_for_itself_and_may_not_ask_for_more(visit):
    page = visit(NAMES[1])
    assert [url for url in page.asked if not url.startswith("data:")] == [page.url]
    refused = page.evaluate(
        """() => new Promise(done => {
        document.addEventListener("securitypolicyviolation", e => done(e.blockedURI));
        document.body.append(Object.assign(new Image(), {src: "https://example.org/a.png"})) })"""
    )
    assert refused == "https://example.org/a.png"


def test_the_keyboard_goes_first_to_the_content_and_is_always_seen(visit):
    page = visit(NAMES[1])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "evitement"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    for _ in range(12):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            "(e => [e.tagName, getComputedStyle(e).outlineStyle])(document.activeElement)"
        )
        assert focus[0] == "BODY" or focus[1] != "none", focus


LETTERS = """() => [...document.querySelectorAll("svg.dessin")]
.filter(svg => svg.getClientRects().length).flatMap(svg => {
const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
return [...svg.querySelectorAll("text")].map(text =>
[text.textContent, parseFloat(getComputedStyle(text).fontSize) * scale]) })"""
OUTSIDE = """() => { const view = document.scrollingElement.clientWidth;
return [...document.querySelectorAll("svg.dessin text")].filter(text => {
const box = text.getBoundingClientRect();
return box.left < 0 || box.right > view }).map(text => text.textContent) }"""
INKS = """() => [...document.querySelectorAll("svg.large text")]
.map(text => getComputedStyle(text).fill)"""


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_cut_and_letters_of_drawings_are_read_on_a_phone(visit, width):
    page = visit(NAMES[1], width)
    wide, view = page.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.scrollingElement)")
    assert wide <= view
    letters = page.evaluate(LETTERS)
    assert len(letters) > 40
    assert min(size for _, size in letters) >= LEAST, min(letters, key=lambda one: one[1])
    assert not page.evaluate(OUTSIDE)


def test_a_dark_page_is_dark_and_its_drawings_are_read(visit):
    page = visit(NAMES[1], scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(23, 23, 28)"
    assert set(page.evaluate(INKS)) == {"rgb(242, 242, 245)"}


SEEN = """() => [...document.querySelectorAll(".filtrable tbody tr")]
.filter(row => row.getClientRects().length).map(row => row.innerText.trim().split(/\\s/)[0])"""


def test_rows_of_a_long_table_are_chosen_by_keyboard_and_paper_shows_them_all(visit):
    page = visit(NAMES[1])
    assert len(page.evaluate(SEEN)) == 14  # two groups of six rows, and their headings
    page.locator(".choix input").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(SEEN) == ["Ensemble", *[FILIERES[0]] * 3, "La", *[FILIERES[0]] * 3]
    page.emulate_media(media="print")
    assert len(page.evaluate(SEEN)) == 14
    assert not page.locator(".choix").first.is_visible()


FIRST = """() => [...document.querySelectorAll("td.gt_right:nth-child(1 of .gt_right)")]
.filter(cell => cell.getClientRects().length).map(cell => cell.getBoundingClientRect().right)"""
NAMED = """() => [...document.querySelectorAll("tbody th[scope=row]")]
.map(cell => cell.getBoundingClientRect().x)"""


def test_a_phone_shows_a_number_of_each_row_and_the_names_of_rows_stay(visit):
    page = visit(NAMES[1], 390)
    assert max(page.evaluate(FIRST)) <= 390
    page.evaluate("document.querySelectorAll('.defile').forEach(one => one.scrollLeft = 500)")
    assert min(page.evaluate(NAMED)) >= 0


SPREAD = """() => [...[...document.querySelectorAll(".etale")].at(-1).querySelectorAll("td")]
.map(cell =>
[getComputedStyle(cell, "::before").content, cell.getBoundingClientRect().right])"""


@pytest.mark.parametrize("width", [320, 390])
def test_rows_of_a_wide_table_are_read_one_under_the_other_on_a_phone(visit, width):
    page = visit(NAMES[1], width)
    names, ends = zip(*page.evaluate(SPREAD), strict=True)
    assert [name.split('"')[1] for name in names] == [f"Grandeur {n}" for n in range(6)] * 2
    assert max(ends) <= width
    page.set_viewport_size({"width": 1280, "height": 900})
    assert {name for name, _ in page.evaluate(SPREAD)} == {"none"}
