"""Drawing of the library's layers, from what its modules really import."""

import ast
from functools import cache
from html import escape
from pathlib import Path

import fpi_eval

FOLDER = Path(fpi_eval.__file__).parent
BOX, HIGH, GAP, LEVEL, MARGIN = 118, 40, 14, 92, 16
OUTSIDE = {"__init__", "__main__"}


def layer(path: Path) -> str:
    """Return the first level a file belongs to: `impact`, `results`."""
    return path.relative_to(FOLDER).parts[0].removesuffix(".py")


def files() -> list[Path]:
    """Return the library's files that belong to a layer."""
    return [p for p in sorted(FOLDER.rglob("*.py")) if layer(p) not in OUTSIDE]


@cache
def imported(path: Path) -> set[str]:
    """Return the other layers that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "fpi_eval":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fpi_eval."):
            names.add(node.module.split(".")[1])
    return names - {layer(path)}


def graph() -> dict[str, set[str]]:
    """Return each layer with the layers it imports."""
    found = {layer(p): set() for p in files()}
    for path in files():
        found[layer(path)] |= imported(path) & set(found)
    return found


def reduced(links: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the graph without the arrows that a longer path already says."""

    @cache
    def reach(name: str) -> set[str]:
        return links[name].union(*(reach(n) for n in links[name])) if links[name] else set()

    return {
        name: {n for n in own if not any(n in reach(m) for m in own - {n})}
        for name, own in links.items()
    }


def depths(links: dict[str, set[str]]) -> dict[str, int]:
    """Return how far each layer is from those that import nothing."""
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((depth(n) for n in links[name]), default=-1)
        return found[name]

    for name in links:
        depth(name)
    return found


def places(links: dict[str, set[str]]) -> tuple[dict[str, tuple[float, float]], float, float]:
    """Return the corner of each box, and the drawing's width and height."""
    found, rows = depths(links), {}
    for name, depth in found.items():
        rows.setdefault(depth, []).append(name)
    width = max(len(row) for row in rows.values()) * (BOX + GAP) + 2 * MARGIN
    at = {}
    for depth in sorted(rows):
        row = sorted(rows[depth], key=lambda n: _middle(at, links[n], width))
        for k, name in enumerate(row):
            at[name] = (width * (k + 0.5) / len(row) - BOX / 2, MARGIN + depth * LEVEL)
    return at, width, 2 * MARGIN + (max(rows) + 1) * LEVEL - LEVEL + HIGH


def _middle(at: dict[str, tuple[float, float]], under: set[str], width: float) -> float:
    known = [at[n][0] for n in under if n in at]
    return sum(known) / len(known) if known else width / 2


def drawing() -> str:
    """Return the drawing in SVG, with its title and its description in words."""
    links = reduced(graph())
    at, width, height = places(links)
    parts = [_arrow(at[n], at[name]) for name, under in links.items() for n in sorted(under)]
    parts += [_box(name, *where) for name, where in at.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="layers" role="img" '
        f'aria-labelledby="layers-title layers-words" viewBox="0 0 {width:.0f} {height:.0f}">\n'
        '<title id="layers-title">Layers of fpi_eval, from its imports</title>\n'
        f'<desc id="layers-words">{escape(described(links))}</desc>\n'
        "<style>.b{fill:#eef3fa;stroke:#1f4e8c}.a{fill:none;stroke:#66788f;stroke-width:1.2}"
        "text{font:600 13px system-ui,sans-serif;fill:#10233d;text-anchor:middle}"
        ".n{font-weight:400;font-size:10px}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def described(links: dict[str, set[str]]) -> str:
    """Return in words what each layer draws from."""
    order = sorted(links, key=depths(links).get)
    said = (f"{n} from {', '.join(sorted(links[n]))}" for n in order if links[n])
    return "Data flows downwards; each layer imports only from above: " + "; ".join(said) + "."


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x, y = start[0] + BOX / 2, start[1] + HIGH
    u, v = end[0] + BOX / 2, end[1]
    bend = max(18, (v - y) / 2)
    return f'<path class="a" d="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {u:.0f} {v - bend:.0f} {u:.0f} {v:.0f}"/>'  # noqa: E501


def _box(name: str, x: float, y: float) -> str:
    own = [p for p in files() if layer(p) == name]
    count = f"{len(own)} modules" if len(own) > 1 else "1 module"
    return (
        f'<rect class="b" x="{x:.0f}" y="{y:.0f}" width="{BOX}" height="{HIGH}" rx="5"/>'
        f'<text x="{x + BOX / 2:.0f}" y="{y + 17:.0f}">{name}</text>'
        f'<text class="n" x="{x + BOX / 2:.0f}" y="{y + 32:.0f}">{count}</text>'
    )
