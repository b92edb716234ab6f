"""Words that something would obey, or could not hold, and how a test sees that it did."""

from bs4 import BeautifulSoup

ELEMENT = "x-hostile"
HOSTILE = [
    f"<{ELEMENT} onclick=alert(1)>gras</{ELEMENT}>",
    f'"><{ELEMENT}>',
    f"</title></style></svg><{ELEMENT}>",
    "&lt;script&gt;",
    "=1+1",
    "  @SUM(A1)",
    "+33 4",
    "\uff1dHYPERLINK(1)",
    "\\input{/etc/passwd} $x_1$ 50 % #1 ~ ^ _",
    "$\\frac{",
    '#read("/etc/passwd") *gras* _a_ $x$ @a <b> `c`',
    '"; #quit',
    "{{ 7*7 }} {% raw %}",
    "[link](javascript:alert(1)) **gras** ![i](x)",
    "[bold red]rouge[/bold red] [/] :smile:",
    "virgule, point-virgule ; \"guillemets\" 'apostrophes'",
    "é è ç œ « » – \u2019 \u202f",
    "..",
    "../../ailleurs",
]
#: What no text file may hold: programme.toml refuses them, other ways out drop them.
COMMANDS = ["\x1b[31mrouge", "\x1b]0;titre\x07", "\x9b31m", "\x00", "\u202egauche", "\udcff"]


def markup(html: str) -> list[str]:
    """Return the elements and attributes of a page that only a hostile text can have made."""
    soup = BeautifulSoup(html, "html.parser")
    obeyed = [str(tag) for tag in soup.find_all([ELEMENT, "script"])]
    for tag in soup.find_all(True):
        obeyed += [name for name in tag.attrs if name.startswith("on")]
        obeyed += [v for v in (tag.get("href"), tag.get("src")) if str(v).startswith("javascript:")]
    return obeyed
