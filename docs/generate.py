"""Pages made from the code itself: estimators, indicators, command line, API, layers."""

import inspect
import io
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import layers
import pandas as pd
from rich.console import Console

import fpi_eval as fpi
from fpi_eval.cli import app
from fpi_eval.impact.columns import DOC
from fpi_eval.impact.field_names import ALSO
from fpi_eval.indicators import INDICATORS
from fpi_eval.programme import load_programme
from fpi_eval.programme_folders import find_programme
from fpi_eval.sources.known_sources import CATALOGUE, SourceFile
from fpi_eval.sources.uses import USES
from fpi_eval.sources.years import BOUNDS, HELD_ELSEWHERE
from fpi_eval.text import pourcent, signe

TWIN_SEED = 2  # any twin would do: this page shows how to read, it judges nothing


def write(folder: Path, answers: bool = True) -> None:
    """Write every generated page, with answers on a twin or not; leave what would not change."""
    (folder / "api").mkdir(parents=True, exist_ok=True)
    written = {
        "estimators.md": estimators(answers),
        "indicators.md": indicators(),
        "sources.md": sources(),
        "command_line.md": command_line(),
        "layers.svg": layers.drawing(),
        "api/index.md": api_index(),
        **{f"api/{name}.md": api(name) for name in packages()},
    }
    for name, content in written.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
    for path in (folder / "api").glob("*.md"):
        if f"api/{path.name}" not in written:  # of a package that is gone
            path.unlink()


# ── Estimators ──────────────────────────────────────────────────────────────────────────────────


def estimators(answers: bool) -> str:
    """Return the page that reads each estimator beside its paper, from docstring and result."""
    twin = fpi.twin.draw(fpi.twin.SMALL, TWIN_SEED) if answers else None
    note = inspect.cleandoc(DOC).split("-----\n")[-1]
    others = [f"| `{place}` | {', '.join(names.split())} |" for place, names in ALSO.items()]
    parts = [ESTIMATORS, *others, "", rst(f"``**columns``: {note[0].lower()}{note[1:]}")]
    for name in fpi.impact.__all__:
        found = getattr(fpi.impact, name)
        if inspect.isfunction(found):
            parts += [
                f"## {name}\n",
                rst(f".. autofunction:: fpi_eval.impact.{name}\n   :no-index:"),
            ]
            parts += [shown(found, twin)] if twin else []
    return "\n".join(parts)


ESTIMATORS = """# How to read each estimator beside its paper

Made from the docstrings and from the results' own `.method()`; *[source]* opens the code, short
enough to be read with the paper at hand. The order is that of the report: J first. The numbers are
those of one simulated programme whose truth is known, on *diplômés*: they show what an answer looks
like. How often each is right is in `benchmarks/results/scoreboard.md`.

A name that the field or another package uses is answered by ours: `fpi.impact.csdid` says which.

| here, in `fpi_eval` | elsewhere |
|---|---|"""


def shown(estimator, twin: fpi.twin.Twin) -> str:
    """Return the method's French paragraph and its answer on the twin, if a panel is enough."""
    asked = inspect.signature(estimator).parameters
    names = list(asked)
    more = [p for p in asked.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if "cohort" in names:
        result = fpi.attempt(fpi.impact.opening_study, twin.panel, "diplomes", estimator=estimator)
    elif names[1:2] == ["y"] and len(more) <= 2:
        result = fpi.attempt(estimator, twin.panel, "diplomes")
    else:
        return ""
    if isinstance(result, fpi.Absent) or not hasattr(result, "method"):
        return ""
    truth = twin.truth.per_seat("diplomes")
    paragraph = result.method().split("\n")[0]
    answer = f"```{{code-block}} text\n:class: output\n\n{result.summary()}\n```"
    return (
        f"**Méthode** (`.method()`) : {paragraph}\n\n"
        f"**Sur le jumeau**, où la vérité est {signe(truth['theta'], 3)} brut et "
        f"{signe(truth['net'], 3)} net par place (`.summary()`) :\n\n{answer}\n"
    )


# ── Indicators ──────────────────────────────────────────────────────────────────────────────────


def indicators() -> str:
    """Return every declared indicator with its definition."""
    table = fpi.indicators.definitions(INDICATORS.values())
    return "\n".join([INTRODUCTION, *(indicator(row) for _, row in table.iterrows())])


INTRODUCTION = """# Les indicateurs

Chacun est déclaré une fois, dans `fpi_eval/indicators/` ; cette page est faite de ces
déclarations. Un taux est une somme d'effectifs sur une somme d'effectifs, jamais une moyenne de
taux.
"""


def indicator(row: pd.Series) -> str:
    """Return one indicator as a definition list."""
    return (
        f"## {row['libelle']}\n\n`{row['nom']}` : {row['definition']}\n\n"
        f"- Calcul : {row['formule']} ({row['unite']}).\n"
        f"- Source : {row['source']}.\n"
        f"- Se lit au plus fin par : {row['niveau_validite']}.\n"
        f"- Ne dit pas : {row['limite']}\n"
    )


# ── Sources ─────────────────────────────────────────────────────────────────────────────────────

SOURCES = """# Les sources, et ce qui serait vide sans elles

Cette page est faite des déclarations de `fpi_eval/sources/`. `check` et `run` lisent chacune de ces
sources ; les pages portent le numéro de leur notebook. Les jeux téléchargés sont ceux du
`programme.toml` livré. Une année qui sort de la dernière colonne (lignes, établissements, places ou
personnes), ou qui répète la précédente, est signalée avec les deux chiffres.

| source | producteur | comment elle arrive | question | `run` la lit pour | d'une année à l'autre |
|---|---|---|---|---|---|
"""

#: The programme's own file: no publisher, its reader takes the other sources beside it.
REGISTER = SourceFile(
    "ouvertures",
    "register.openings:read_ouvertures",
    "ouvertures.csv",
    "Registre des ouvertures",
    "Programme",
    "tenu par le programme",
    obtain="`fpi-eval new` en écrit le modèle",
)


def sources() -> str:
    """Return each source: its publisher, how it arrives, the question, what is empty without it."""
    declared = load_programme(find_programme("")).sources
    named = {entry.name: entry for entry in reversed(CATALOGUE)}
    rows = []
    for name, use in USES.items():
        entry, found = named.get(name, REGISTER), declared[name].telechargement
        by_hand = f"déposée à la main ({entry.obtain or f'à demander : {entry.publisher}'})"
        how = f"`fetch`, jeu `{found.jeu}`" if found else by_hand
        cells = (f"`{name}` : {entry.label}", entry.publisher, how, use.question, use.sections)
        rows.append(f"| {' | '.join((*cells, moves(name)))} |")
    return SOURCES + "\n".join(rows) + "\n"


def moves(name: str) -> str:
    """Return how far a year of the source may stand from the one before."""
    held = BOUNDS.get(name)
    if held is None:
        return HELD_ELSEWHERE[name]
    ends = f"−{pourcent(1 - held.low, 0)} à +{pourcent(held.high - 1, 0)}"
    return f"{ends} ({held.seen})"


# ── Command line ────────────────────────────────────────────────────────────────────────────────


def command_line() -> str:
    """Return the help of every command, as the terminal prints it."""
    names = [name for name in app if not name.startswith("-")]
    parts = ["# La ligne de commande\n", help_of()]
    for name in names:
        parts += [f"## fpi-eval {name}\n", help_of(name)]
    return "\n".join(parts)


def help_of(*command: str) -> str:
    """Return a command's help as a text block."""
    console = Console(file=io.StringIO(), width=88, color_system=None)
    app.help_print([*command], console=console)
    lines = console.file.getvalue().strip("\n").splitlines()
    return "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n"


# ── API ─────────────────────────────────────────────────────────────────────────────────────────


def packages() -> list[str]:
    """Return the first level of the library, as `impact` or `results`."""
    return sorted(m.name for m in pkgutil.iter_modules(fpi.__path__) if not m.name.startswith("_"))


def modules(name: str) -> Iterator[str]:
    """Yield a package and its modules, or a module, by dotted name."""
    top = import_module(f"fpi_eval.{name}")
    yield top.__name__
    inside = pkgutil.walk_packages(getattr(top, "__path__", []), f"{top.__name__}.")
    yield from (found.name for found in inside)


def public(module: ModuleType) -> bool:
    """Return whether a module defines a public function, class or constant of its own."""
    own = (v for n, v in vars(module).items() if not n.startswith("_"))
    return any(getattr(v, "__module__", None) == module.__name__ for v in own)


def api(name: str) -> str:
    """Return the reference of one package: each module's words, functions and classes."""
    parts = [f"# {name}\n"]
    for dotted in modules(name):
        if dotted != f"fpi_eval.{name}":
            parts.append(f"## {dotted.removeprefix('fpi_eval.')}\n")
        own = "   :members:\n" if public(import_module(dotted)) else ""
        parts.append(rst(f".. automodule:: {dotted}\n{own}"))
    return "\n".join(parts)


def api_index() -> str:
    """Return the list of packages, each with its one job."""
    rows = [(name, import_module(f"fpi_eval.{name}").__doc__ or "") for name in packages()]
    lines = [f"- [{name}]({name}.md): {words.strip().splitlines()[0]}" for name, words in rows]
    tree = "\n".join(name for name, _ in rows)
    return (
        "# API reference\n\nFrom the docstrings. What one starts from is in `fpi_eval` itself:\n\n"
        + rst(".. automodule:: fpi_eval\n   :no-members:")
        + "\n".join(lines)
        + f"\n\n```{{toctree}}\n:hidden:\n{tree}\n```\n"
    )


def rst(words: str) -> str:
    """Return a directive of Sphinx inside a Markdown page."""
    return f"````{{eval-rst}}\n{words}\n````\n"
