"""Make an executed notebook depend on its inputs only: no times, no paths, no process numbers.

Its words are those of the programme's territory.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import nbformat
from bs4 import BeautifulSoup

from fpi_eval.several_regions import territory, worded

RUN_METADATA = ("papermill", "execution", "widgets")
INJECTED = "injected-parameters"
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
EMBEDDED = r"data:[\w/+.\-]+;base64,[A-Za-z0-9+/=]+"
KERNEL_FILE = re.compile(r"[^\s'\"(]*ipykernel_\d+[/\\]\d+\.py")


def clean(notebook: nbformat.NotebookNode, paths: Mapping[str, str]) -> nbformat.NotebookNode:
    """Return the notebook with run times, machine paths and error streams removed, ids kept.

    Code stays as it was written; what it shows, and the text around, say the programme's regions.
    """
    paths = {form(path): form(words) for form in (str, _literal) for path, words in paths.items()}
    hide = partial(_hide, pattern=_pattern(paths), paths=paths)
    cleaned = nbformat.from_dict(_each(notebook, hide))
    for key in RUN_METADATA:
        cleaned.metadata.pop(key, None)
    for number, cell in enumerate(cleaned.cells, start=1):
        for key in RUN_METADATA:
            cell.metadata.pop(key, None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = "parametres-recus"
        cell.setdefault("id", f"cellule-{number}")
        if cell.cell_type == "code":
            cell["outputs"] = nbformat.from_dict(_each(_joined(cell.outputs), _worded))
        else:
            cell["source"] = worded(cell.source)
    cleaned["nbformat"], cleaned["nbformat_minor"] = 4, 5
    return cleaned


def warnings_of(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what the notebook wrote on its error stream: it goes to the log, not the report."""
    return [
        output.text.strip()
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]


def _joined(outputs: list) -> list:
    """Return the outputs without error streams, and with neighbouring pieces of text joined."""
    kept: list = []
    for output in outputs:
        if output.output_type != "stream":
            kept.append(output)
        elif output.name == "stdout":
            if kept and kept[-1].output_type == "stream":
                kept[-1]["text"] += output.text
            else:
                kept.append(output)
    return kept


def _literal(words: str) -> str:
    """Return words as papermill writes them between quotes, accents by their codes."""
    return words.encode("unicode_escape").decode().replace('"', '\\"')


def _pattern(paths: Mapping[str, str]) -> re.Pattern:
    """Return a pattern of all the paths, the longest first; embedded images are stepped over."""
    known = "|".join(re.escape(path) for path in sorted(paths, key=len, reverse=True))
    return re.compile(rf"{EMBEDDED}|(?<![\w.])(?:{known})(?![\w\-])")


def _hide(text: str, pattern: re.Pattern, paths: Mapping[str, str]) -> str:
    """Return the text freed of machine paths and addresses."""
    # The search for what comes before the name is quadratic: only where the name stands.
    text = KERNEL_FILE.sub("[cellule]", text) if "ipykernel_" in text else text
    text = pattern.sub(lambda match: paths.get(match[0], match[0]), text)
    return ADDRESS.sub("0x…", text)


def _worded(text: str) -> str:
    """Return what is shown in the words of the programme's regions, drawings laid out again."""
    if "<svg" in text and territory().regions > 1:
        from fpi_eval.report.runner import aligned  # and all that measures letters

        soup = BeautifulSoup(text, "html.parser")
        aligned.reword(soup, worded)
        text = str(soup)
    return worded(text)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with every string inside it changed, heads of tables too, but pictures."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            change(key): item if key.startswith("image/p") else _each(item, change)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_each(item, change) for item in value]
    return value
