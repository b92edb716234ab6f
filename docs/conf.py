"""Site of the documentation: plain Sphinx, nothing fetched when it is built or read."""

import gc
import inspect
import logging
import pkgutil
import sys
from pathlib import Path

gc.set_threshold(100_000, 20, 100)  # a quarter of the time was looking for garbage
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import blocks
import generate
from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.addnodes import pending_xref
from sphinx.pycode.parser import Parser

import fpi_eval
from fpi_eval.impact import columns

logging.getLogger("sphinx").setLevel(logging.INFO)  # each event was told to nobody
project, version, language = "fpi_eval", fpi_eval.__version__, "en"
copyright = "fpi_eval contributors, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
default_role = "code"
exclude_patterns = ["_build"]
suppress_warnings = ["ref.python"]  # two classes of one name, in two modules
autodoc_typehints = "signature"
autodoc_use_type_comments = False
autodoc_member_order = "bysource"
toc_object_entries = False
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False

READ_BESIDE_PAPERS = {"impact", "checks", "regression"}
html_theme = "furo"
html_title = "fpi_eval"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_theme_options = {"top_of_page_buttons": []}


def with_outputs(app, name: str, source: list[str]) -> None:
    """Put under each Python block of a written page what it gives."""
    path = HERE / f"{name}.md"
    if app.config.run_blocks and path.is_file() and not name.startswith("generated/"):
        source[0] = blocks.executed(path, source[0])


def formula(self, node) -> None:
    """Write a formula in MathML, which browsers and screen readers read by themselves."""
    display = "block" if node.tagname == "math_block" else "inline"
    self.body.append(convert(node.astext(), display=display))
    raise SkipNode


def fewer_columns(app, found, bound_method: bool) -> None:
    """Show ``**columns`` for the sixteen names of columns that all estimators take."""
    if not inspect.isfunction(found):
        return
    own = inspect.signature(found)
    kept = [p for p in own.parameters.values() if p.name not in columns.NAMES]
    if "exposure_dep" in own.parameters:
        named = inspect.Parameter("columns", inspect.Parameter.VAR_KEYWORD)
        options = [p for p in kept if p.kind is not named.kind]
        found.__signature__ = own.replace(parameters=[*options, named])


def shared_note(app, what: str, name: str, found, options, lines: list[str]) -> None:
    """Say once, on the page of estimators, what every estimator says of its columns."""
    shared = inspect.cleandoc(columns.DOC).splitlines()
    starts = [k for k in range(len(lines)) if lines[k : k + len(shared)] == shared]
    for k in reversed(starts):
        lines[k : k + len(shared)] = [
            *shared[:2],
            "``columns`` names those of a table of one's own.",
        ]


def shown_code(app, env, names: list[str]) -> None:
    """Show the code of what is read beside its paper; three hundred pages more would not be."""
    read = READ_BESIDE_PAPERS if app.config.run_blocks else ()
    env._viewcode_modules = {
        found.name: False
        for found in pkgutil.walk_packages(fpi_eval.__path__, "fpi_eval.")
        if found.name.split(".")[1] not in read
    }


def only_words(app, doctree) -> None:
    """Without ``run_blocks``, leave the names of signatures as words: no warning comes of them."""
    if not app.config.run_blocks:
        for link in list(doctree.findall(pending_xref)):
            if link.get("refdomain") == "py":
                link.replace_self(link.children)


def no_signature(app, what: str, name: str, found, options, args, back) -> tuple[str, str] | None:
    """Give nothing to write where a signature is."""
    return ("", "") if args or back else None


def no_tree(app, page: str, template: str, context: dict, doctree) -> None:
    """Give nothing to write where the tree of all pages is, on each of them."""
    context["toctree"] = lambda **options: ""


def bare(app, config) -> None:
    """Without ``run_blocks``, make nothing that gives no warning nor loads anything."""
    if config.run_blocks:
        return
    gc.disable()  # what is never taken back holds in 850 MB; the whole site would take 2 GB
    # Sphinx has no option for the places of definitions; its order "bysource" also asks for them.
    config.autodoc_member_order, config.autodoc_typehints = "alphabetical", "none"
    Parser.parse_definition = lambda parser: None
    app.connect("autodoc-process-signature", no_signature)
    app.connect("html-page-context", no_tree, priority=400)  # before furo
    app.connect("env-updated", lambda a, env: setattr(a.builder, "search", False))


def setup(app) -> None:
    """Generate what is generated, then let Sphinx read the pages.

    Without ``run_blocks`` nothing is computed and no code is shown: pages and links alone.
    """
    app.add_config_value("run_blocks", True, "env", types=(bool,))
    app.connect("config-inited", bare)
    app.connect("builder-inited", lambda a: generate.write(HERE / "generated", a.config.run_blocks))
    app.connect("env-before-read-docs", shown_code)
    app.connect("source-read", with_outputs)
    app.connect("doctree-read", only_words)
    app.connect("autodoc-before-process-signature", fewer_columns)
    app.connect("autodoc-process-docstring", shared_note, priority=400)  # before napoleon
    app.add_html_math_renderer(
        "mathml", inline_renderers=(formula, None), block_renderers=(formula, None)
    )
