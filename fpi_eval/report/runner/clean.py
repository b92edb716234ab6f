"""Make an executed notebook depend on its inputs only: no times, no paths, no process numbers."""

import re
from collections.abc import Mapping

import nbformat

RUN_METADATA = ("papermill", "execution", "widgets")
INJECTED = "injected-parameters"
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
EMBEDDED = r"data:[\w/+.\-]+;base64,[A-Za-z0-9+/=]+"
KERNEL_FILE = re.compile(r"[^\s'\"(]*ipykernel_\d+[/\\]\d+\.py")


def clean(notebook: nbformat.NotebookNode, paths: Mapping[str, str]) -> nbformat.NotebookNode:
    """Return the notebook with run times, machine paths and error streams removed, ids kept."""
    paths = {form(path): form(words) for form in (str, _literal) for path, words in paths.items()}
    cleaned = nbformat.from_dict(_hide(notebook, _pattern(paths), paths))
    for key in RUN_METADATA:
        cleaned.metadata.pop(key, None)
    for number, cell in enumerate(cleaned.cells, start=1):
        for key in RUN_METADATA:
            cell.metadata.pop(key, None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = "parametres-recus"
        cell.setdefault("id", f"cellule-{number}")
        if cell.cell_type == "code":
            cell["outputs"] = _joined(cell.outputs)
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


def _hide(value: object, pattern: re.Pattern, paths: Mapping[str, str]) -> object:
    """Return the value with every string inside it freed of machine paths and addresses."""
    if isinstance(value, str):
        # The search for what comes before the name is quadratic: only where the name stands.
        text = KERNEL_FILE.sub("[cellule]", value) if "ipykernel_" in value else value
        text = pattern.sub(lambda match: paths.get(match[0], match[0]), text)
        return ADDRESS.sub("0x…", text)
    if isinstance(value, Mapping):
        return {
            key: item if str(key).startswith("image/p") else _hide(item, pattern, paths)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_hide(item, pattern, paths) for item in value]
    return value
