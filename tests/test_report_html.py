"""Pages are self-contained and usable by everyone, and say when data is simulated."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from notebooks_minuscules import write_notebook

from fpi_eval import tables
from fpi_eval.absent import Absent
from fpi_eval.colours import contrast
from fpi_eval.errors import FpiError
from fpi_eval.report.edition import Edition
from fpi_eval.report.runner import html
from fpi_eval.report.runner.accessible import improve
from fpi_eval.report.runner.notebooks import inspect
from fpi_eval.text import BANNER

CSS = Path(html.__file__).parent / "templates" / "rapport" / "style.css"
EDITION = Edition(
    "fpi_aura", "Formation Pro Industrie", 2023, simulated=True, sources=("Affelnet <DEPP>",)
)
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg"
    "gg=="
)
RAW_TABLE = (
    '<div><style scoped>td {color: red}</style><table border="1" class="dataframe"><thead><tr><th>'
    "</th><th>n</th></tr></thead><tbody><tr><th>Ain</th><td>3</td></tr></tbody></table></div>"
)


def output(data, **metadata):
    return new_output("execute_result", data=data, metadata=metadata, execution_count=1)


IMAGE = output({"image/png": PIXEL}, **{"image/png": {"alt": 'Un point "rouge"'}})
OUTPUTS = {
    3: [output({"text/plain": "'Trois places : 48 % de la cible.'"})],
    6: [output({"text/html": RAW_TABLE}), IMAGE, output({"text/plain": "<Axes: >"})],
    9: [new_output("stream", name="stdout", text="Une phrase.\nSa suite.")],
}


def render(folder, edition=EDITION, outputs=OUTPUTS, **options):
    """Render a report of two pages from notebooks as the kernel would have left them."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_notebook(
        folder.parent / "02_places.ipynb", "secret_code = 1", ("reponse", "resume"),
        "# Où sont-elles ?", "#### Par département", "table", "# Et après ?",
        ("limites", "# On ne sait pas encore."), "phrase", "# Fin",
        declares={"court": "Places"}, **options,
    )  # fmt: skip
    other = write_notebook(folder.parent / "03_suite.ipynb", first="# L'emploi\n\nEt après ?")
    for path in (source, other):
        notebook = nbformat.read(path, as_version=4)
        for number, made in (outputs if path == source else {}).items():
            notebook.cells[number].outputs = made
        nbformat.write(notebook, folder / edition.file(path.stem, "ipynb"))
    html.render(folder, [inspect(source), inspect(other)], edition)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return render(tmp_path_factory.mktemp("rapport") / "2023")


NAMES = ["index.html", "02_places_simule.html", "03_suite_simule.html", "annexes_simule.html"]


@pytest.fixture(params=NAMES)
def page(request, folder):
    return BeautifulSoup((folder / request.param).read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def places(folder):
    return BeautifulSoup((folder / NAMES[1]).read_text(encoding="utf-8"), "html.parser")


def test_a_page_is_french_titled_and_has_landmarks(page):
    assert page.html["lang"] == "fr"
    assert "Formation Pro Industrie, 2023-2024" in page.title.string
    for landmark in ("header", "main", "footer"):
        assert len(page.find_all(landmark)) == 1
    assert all(nav.get("aria-label") for nav in page.find_all("nav"))
    skip = page.body.find(True)
    assert (skip.name, skip["href"]) == ("a", "#contenu")
    assert page.main["id"] == "contenu"


def test_a_page_has_one_h1_and_skips_no_heading_level(page):
    levels = [int(h.name[1]) for h in page.find_all(re.compile(r"^h[1-6]$"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_image_has_words_and_every_table_a_name_and_scopes(page):
    assert all(image["alt"].strip() for image in page.find_all("img"))
    for table in page.find_all("table"):
        assert table.caption or table["aria-label"]
        assert all(th["scope"] in {"col", "row", "rowgroup"} for th in table.find_all("th"))
        assert table.find_parent(attrs={"role": "region", "tabindex": "0"})


def test_ids_are_unique_and_every_link_inside_the_report_leads_somewhere(page, folder):
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for link in page.find_all("a"):
        target = link["href"]
        if target.startswith("#"):
            assert target[1:] in ids
        elif target != "manifest.json":
            assert (folder / target).is_file()


def test_simulated_data_is_said_on_the_page_in_its_title_and_in_print(page):
    assert page.select_one("header .bandeau").get_text() == BANNER
    assert BANNER in page.title.string
    assert f'@top-right {{ content: "{BANNER}"; }}' in page.style.string


def test_real_data_carries_no_such_banner(tmp_path):
    real = Edition("fpi_aura", "Formation Pro Industrie", 2023, simulated=False)
    made = render(tmp_path / "2023", real)
    for name in ("index.html", "02_places.html"):
        text = (made / name).read_text(encoding="utf-8")
        assert "simulées" not in text
        assert "Données réelles" in text


def test_a_page_loads_nothing_and_shows_no_code(page):
    assert not page.find_all(["script", "link", "iframe", "object", "embed"])
    assert all(i["src"].startswith("data:") for i in page.find_all(src=True))
    assert not re.search(r"url\(|@import|https?://", page.style.string)
    assert "secret_code" not in page.get_text()
    assert "donnees =" not in page.get_text()
    assert "<Axes" not in str(page)


def test_limits_are_a_chapter_and_downloads_a_page_that_the_front_page_links(folder):
    front = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert front.select_one('a[href="annexes_simule.html"]')
    assert (folder / "annexes_simule.html").is_file()
    limits = (folder / "limites_simule.html").read_text(encoding="utf-8")
    page = BeautifulSoup(limits, "html.parser")
    assert "Les places" in [h.get_text() for h in page.main.find_all("h2")]
    assert "On ne sait pas encore." in page.select_one(".limites").get_text()


def test_printed_text_becomes_paragraphs_and_data_frames_become_tables(places):
    assert "Une phrase.<br/>Sa suite." in str(places.main)
    assert places.table["aria-label"] == "Par département"
    assert not places.main.find("style")
    assert not places.table.has_attr("border")


def test_long_names_in_tables_may_be_cut_at_their_signs():
    name = "parcoursup_2018_national_&.csv"
    cell = f"<td>{name.replace('&', '&amp;')}</td>"
    page = improve(f"<body><main><h1>T</h1><table><tr>{cell}</tr></table></main></body>", EDITION)
    soup = BeautifulSoup(page, "html.parser")
    assert len(soup.find_all("wbr")) == 4
    assert soup.td.get_text() == name


def test_a_heading_of_a_group_stays_one_where_rows_become_blocks():
    long = ["Une formation au nom bien long", "Une autre au nom aussi long"] * 2
    rows = pd.DataFrame({"Voie": ["X", "X", "Y", "Y"], "Formation": long, "Places": range(4)})
    made = tables.table(rows.assign(**{"Mot" * 15: "un mot"}), "T").to_html()
    soup = BeautifulSoup(
        improve(f"<body><main><h1>T</h1>{made}</main></body>", EDITION), "html.parser"
    )
    assert "etale" in soup.table["class"]
    assert [part["role"] for part in soup.find_all("tbody")] == ["rowgroup"] * 2
    heads = soup.select("tbody th[scope=rowgroup]")
    assert [(head.get_text(), head["role"]) for head in heads] == [
        ("X", "rowheader"), ("Y", "rowheader")
    ]  # fmt: skip


def test_menus_use_the_short_title_and_the_current_page_is_marked(places):
    current = places.select_one("nav.pages [aria-current=page]")
    assert current.string == "Places"
    assert places.select_one(".suite [rel=next]")["href"] == "03_suite_simule.html"


@pytest.mark.parametrize("name", ["index.html", "annexes_simule.html"])
def test_the_front_page_and_the_files_are_marked_where_they_are_read(folder, name):
    page = BeautifulSoup((folder / name).read_text(encoding="utf-8"), "html.parser")
    marked = {one["href"] for one in page.select("nav.pages [aria-current=page]")}
    assert marked <= {name}
    assert marked or not page.select(f"nav.pages a[href='{name}']")


def bundle(words):
    return Absent(words)._repr_mimebundle_()


def test_an_absent_result_reads_as_the_sentence_it_replaces():
    words = "Pas de registre : <rien>.\n\nIl n'est pas\ndans le dossier."
    assert bundle(words)["text/html"] == html.prose(words)


def test_an_answer_that_is_all_in_the_title_leaves_no_empty_box(tmp_path):
    alone = {3: [new_output("stream", name="stdout", text="Tout est dit.\n")]}
    made = render(tmp_path / "2023", outputs={**OUTPUTS, **alone}) / NAMES[1]
    page = BeautifulSoup(made.read_text(encoding="utf-8"), "html.parser")
    assert page.h1.get_text() == "Tout est dit"
    assert page.select(".reponse") == []


def absent_section(title, *reasons, reading=True):
    """Return the cells of a section whose results are all absent."""
    cells = [
        new_markdown_cell(f"## {title}"),
        *(new_code_cell("", outputs=[output(bundle(words))]) for words in reasons),
    ]
    return [*cells, new_markdown_cell("*Comment lire.* La barre.")] if reading else cells


def test_a_section_without_data_leaves_the_page_and_is_listed_once_with_who_holds_it(tmp_path):
    path = write_notebook(tmp_path / "02_places.ipynb", ("reponse", "1"), "## Combien ?", "2")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].outputs = [output({"text/html": RAW_TABLE})]
    for title in ("Où ?", "Quand ?"):
        notebook.cells += absent_section(title, "Pas de registre.", "Pas de registre.")
    (tmp_path / "r").mkdir()
    nbformat.write(notebook, tmp_path / "r" / "02_places_simule.ipynb")
    html.render(tmp_path / "r", [inspect(path)], EDITION)
    page, limits = (
        BeautifulSoup((tmp_path / "r" / f"{name}_simule.html").read_text("utf-8"), "html.parser")
        for name in ("02_places", "limites")
    )
    assert [h.get_text() for h in page.main.find_all("h2")] == ["Combien\u00a0?"]
    assert "Comment lire" not in page.main.get_text()
    assert "Pas de registre" not in page.get_text()
    rows = [[c.get_text() for c in r.find_all(["th", "td"])] for r in limits.tbody.find_all("tr")]
    assert rows == [["Pas de registre.", "Où\u00a0? Quand\u00a0?", "–"]]


def test_sources_are_escaped(page):
    assert "Affelnet <DEPP>" in page.footer.get_text()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (output({"image/png": PIXEL}), "texte de remplacement absent"),
        (output({"text/html": '<img alt="x" src="https://example.org/a.png">'}), "hors du rapport"),
    ],
)
def test_a_figure_without_words_or_from_elsewhere_is_refused(tmp_path, bad, said):
    with pytest.raises(FpiError, match=f"figure sous « Par département » : .*{said}"):
        render(tmp_path / "2023", outputs={6: [bad]})


def test_prose_keeps_aligned_columns_and_escapes_markup():
    assert html.prose("a    1\nb    2").startswith("<pre>")
    assert html.prose("x < y") == "<p>x &lt; y</p>"
    assert html.prose("None") == html.prose("[<Line2D at 0x…>]") == ""


def test_a_title_with_quotes_prints_as_it_is_and_cannot_leave_the_style_sheet(tmp_path):
    title = """L'« école » "pro" </style>"""
    made = render(tmp_path / "2023", Edition("x", title, 2023, simulated=True))
    page = BeautifulSoup((made / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert r"""'« école » \22 pro\22  \3c /style\3e , 2023-2024";""" in page.style.string
    assert page.select_one(".programme").get_text() == title.replace("'", "’").replace(
        "« ", "«\u00a0"
    ).replace(" »", "\u00a0»")


def test_the_contrast_formula_gives_the_published_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("page", ["light", "dark"])
def test_text_colours_stand_out_from_their_backgrounds(page):
    light, dark, *_ = CSS.read_text(encoding="utf-8").split(":root {")[1:]
    rules = (light if page == "light" else dark).partition("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rules))
    for text in ("encre", "discret", "second", "accent"):
        for ground in ("fond", "fond-doux"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["alerte"], colours["fond-alerte"]) >= 4.5
    assert contrast(colours["alerte"], colours["fond"]) >= 4.5
    assert contrast(colours["focus"], colours["fond"]) >= 3


def test_every_text_colour_of_the_style_sheet_is_a_named_one():
    rules = CSS.read_text(encoding="utf-8").partition("@page")[0].split(":root {")[-1]
    used = set(re.findall(r"(?<![\w-])color: ([^;]+);", rules))
    assert used <= {f"var(--{name})" for name in ("encre", "discret", "second", "accent", "alerte")}


def test_an_annex_is_titled_by_what_its_first_figure_finds_or_by_the_words_written_for_it(tmp_path):
    path = write_notebook(tmp_path / "02_places.ipynb", ("reponse", "1"), "## Combien ?", "2")
    notebook = nbformat.read(path, as_version=4)
    drawn = output({"text/html": '<figure><p class="figure-titre">Sûr &amp; clair</p></figure>'})
    notebook.cells += [
        new_markdown_cell("## Où ?", metadata={"tags": ["page:controles"]}),
        new_code_cell("", outputs=[drawn]),
        new_markdown_cell("## En bref", metadata={"tags": ["page:methode"]}),
        new_markdown_cell("On compare.\n\nAvant, après.", metadata={"tags": ["reponse"]}),
    ]
    (tmp_path / "r").mkdir()
    nbformat.write(notebook, tmp_path / "r" / "02_places_simule.ipynb")
    html.render(tmp_path / "r", [inspect(path)], EDITION)
    for name, finding in (("controles", "Sûr & clair"), ("methode", "On compare")):
        main = BeautifulSoup(
            (tmp_path / "r" / f"{name}_simule.html").read_text("utf-8"), "html.parser"
        ).main
        assert main.h1.get_text() == finding
        assert not main.select(".figure-titre")
