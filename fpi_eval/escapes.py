"""One way out for text: for each destination, words without what it would obey or cannot hold.

LaTeX and the HTML of tables are great_tables' work, drawings are matplotlib's; tests/hostile.py
is what all are tried with.
"""

import html as standard
import re

#: C0 and C1 controls, terminal escapes among them, marks that turn the direction of writing, and
#: what no file in UTF-8 or XML can hold.
CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def plain(words: str) -> str:
    """Return words without control characters: what a workbook's cell or a data file holds."""
    return CONTROL.sub("", words)


def terminal(words: str) -> str:
    """Return words that a terminal shows and does not obey."""
    return plain(words).replace("\r", "")


def html(words: str) -> str:
    """Return words as they stand between tags, or in an attribute."""
    return standard.escape(plain(words))


def paragraphs(words: str) -> str:
    """Return words as HTML: a paragraph for each block, a new line where there was one."""
    blocks = [html(block).replace("\n", "<br>") for block in re.split(r"\n\s*\n", words)]
    return "".join(f"<p>{block}</p>" for block in blocks)


def css(words: str) -> str:
    """Return words as a CSS string that cannot end its style element."""
    return '"' + re.sub(r'["\\<>\n]', lambda found: f"\\{ord(found[0]):x} ", plain(words)) + '"'


def csv(words: str) -> str:
    """Return words as every CSV cell holds them: nothing that runs."""
    clean = plain(words)
    return f"'{clean}" if is_formula(clean) else clean


def is_formula(words: str) -> bool:
    """Return whether a spreadsheet would run the words, spaces before them included."""
    return words.startswith(FORMULA_START) or words.lstrip().startswith(FORMULA_START)


def typst(words: str) -> str:
    """Return words as a typst string, whose signs are only signs."""
    inside = plain(words).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inside}"'


def toml(words: str) -> str:
    """Return words as a TOML basic string, on one line."""
    inside = words.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in inside) + '"'
