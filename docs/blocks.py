"""Code blocks of the guides: find them, run them, show what they give under them."""

import ast
import atexit
import base64
import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from IPython.core.formatters import DisplayFormatter

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"sh", "bash", "console"}
FENCE = "~" * 12


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    code: str
    line: int
    end: int


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(m[1], m[2], text.count("\n", 0, m.start()) + 1, m.end()) for m in BLOCK.finditer(text)
    ]


def pages() -> list[Path]:
    """Return the README and every written page of the guides."""
    written = (p for p in (ROOT / "docs").rglob("*.md") if "generated" not in p.parts)
    return [ROOT / "README.md", *sorted(p for p in written if "_build" not in p.parts)]


def workshop() -> Path:
    """Return a new folder with the programmes and the examples, where a page may write."""
    folder = Path(tempfile.mkdtemp(prefix="fpi_eval_docs_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "data", folder / "data")
    shutil.copytree(ROOT / "docs" / "exemples", folder / "docs" / "exemples")
    return folder


class Page:
    """A page being run: its Python blocks share one namespace, in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.folder = path, workshop()
        self.names = {"display": self.show, "__name__": "__main__"}
        self.shown: list[str] = []

    def run(self, block: Block) -> str:
        """Run a block; return what it prints and shows, as Markdown."""
        self.shown = []
        printed = io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(printed):
            value = self._value(block)
        drawn = [figure() for _ in plt.get_fignums()]
        if value is not None and not drawn:
            self.show(value)
        return text(printed.getvalue()) + "".join(self.shown + drawn)

    def show(self, value: object) -> None:
        """Show a value as a notebook would."""
        bundle, _ = DisplayFormatter().format(value)
        html = bundle.get("text/html")
        self.shown.append(raw(plain(html)) if html else text(bundle.get("text/plain", "")))

    def _value(self, block: Block) -> object:
        """Return the value of the block's last line, None if it is not an expression."""
        name = f"{self.path.name}:{block.line}"
        tree = ast.parse("\n" * block.line + block.code, name)
        last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        body = tree.body[:-1] if last else tree.body
        exec(compile(ast.Module(body, []), name, "exec"), self.names)
        return eval(compile(ast.Expression(last.value), name, "eval"), self.names) if last else None


def text(words: str) -> str:
    """Return plain output as a Markdown block."""
    if not words.strip():
        return ""
    return f"\n{FENCE}{{code-block}} text\n:class: output\n\n{words.rstrip()}\n{FENCE}\n"


def raw(html: str) -> str:
    """Return HTML output as a Markdown block."""
    return f'\n{FENCE}{{raw}} html\n<div class="output" tabindex="0">\n{html}\n</div>\n{FENCE}\n'


def plain(html: str) -> str:
    """Return a table without the style that pandas gives it."""
    html = re.sub(r"<style scoped>.*?</style>", "", html, flags=re.DOTALL)
    return html.replace(' border="1"', "").replace(' style="text-align: right;"', "")


def figure() -> str:
    """Return the current figure as an image with its words, and close it."""
    drawn, file = plt.gcf(), io.BytesIO()
    axes = drawn.axes[0]
    words = axes.get_title() or f"{axes.get_ylabel()} ; {axes.get_xlabel()}"
    drawn.savefig(file, format="png", dpi=110, bbox_inches="tight")
    plt.close(drawn)
    data = base64.b64encode(file.getvalue()).decode()
    return raw(f'<img alt="Figure : {words}" src="data:image/png;base64,{data}">')


def executed(path: Path, content: str) -> str:
    """Return the page with, under each Python block, what it gives."""
    page, parts, start = Page(path), [], 0
    for block in blocks(content):
        if block.language == "python":
            parts += [content[start : block.end], "\n", page.run(block)]
            start = block.end
    return "".join([*parts, content[start:]])


def commands(block: Block) -> Iterator[list[str]]:
    """Yield the commands of a shell block, one list of words each."""
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words:
            yield words


def check_command(words: list[str]) -> None:
    """Raise if a command is not one that the project understands: fpi-eval, make, a script."""
    from fpi_eval.cli import app

    if words[0] == "fpi-eval":
        app.parse_args(words[1:], exit_on_error=False, print_error=False)
    elif words[0] == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        wanted = [w for w in words[1:] if "=" not in w]
        assert set(wanted) <= set(targets), f"make {wanted}: no such target"
    elif words[0] == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), f"{words[1]}: no such file"
    elif words[0] not in {"git", "cd", "cp", "mkdir", "pip", "export"}:
        raise AssertionError(f"« {words[0]} »: a command that nobody checks")


def check(path: Path) -> int:
    """Run every block of a page; return how many were run or checked."""
    page, done = Page(path), 0
    for block in blocks(path.read_text(encoding="utf-8")):
        done += 1
        if block.language == "python":
            page.run(block)
        elif block.language in SHELL:
            for words in commands(block):
                check_command(words)
        elif block.language == "toml":
            tomllib.loads(block.code)
        else:
            done -= 1
    return done


os.environ.setdefault("OMP_NUM_THREADS", "1")
