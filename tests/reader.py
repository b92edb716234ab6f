"""What a reader of a report would trip on: ``python tests/reader.py reports/fpi_aura/2026``."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag

LONGEST = 30  # words of a sentence
EXACT = ("controles", "estimateurs", "methode")  # annexes that say a method whole
METHOD = (
    "valeur p",
    "bootstrap",
    "jackknife",
    "degrés de liberté",
    "effets fixes",
    "doubles moindres carrés",
    "programme.toml",
    "ouvertures.csv",
    "fpi-eval",
    "notebook",
    "× sessions",
    "panel",
)
UNTRUE = {
    "inconnue. Options": "appel d'un notebook que la bibliothèque refuse",
    "programme.toml": "fichier de l'analyste",
    "fpi-eval": "commande de l'analyste",
    "effectif trop petit": "un masque secondaire n'est pas un petit effectif",
    "ne peut guère": "affirmation écrite d'avance",
    "croît dans toute la France": "affirmation écrite d'avance",
    "la raison est donnée plus haut": "renvoi sans adresse",
    "plus bas": "renvoi sans adresse",
    "nan": "valeur non mise en mots",
}
BARE = re.compile(
    r"(?<!la )(?<!le )(?<!les )(?<!La )(?<!Le )(?<!Les )(?<![\w'’-])(?!L['’]|Mayotte|Paris)"
    r"[A-ZÉÎ][\w'’-]+(?: réunit|, premier département)"
)
BEGINS = "p, h1, h2, h3, li, dt, dd, caption, summary, figcaption, .figure-titre, tbody th"
FALSE_PRECISION = re.compile(
    r"\d{2}[\u202f\u00a0](?!\d00)\d{3}[\u202f\u00a0]€|[+−]0,0+(?!\d)|−0(?![,\d])"
)


def findings(folder: Path) -> list[str]:
    """Return what is wrong in a rendered report, page by page."""
    found = []
    for path in sorted(folder.glob("*.html")):
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        found += [f"{path.name} : {fault}" for fault in (*_frame(soup), *_words(soup.main))]
        found += [f"{path.name} : {fault}" for fault in _sections(soup.main)]
        found += [f"{path.name} : {fault}" for fault in _answer(soup.main)]
        found += [f"{path.name} : phrase sans majuscule : {bad}" for bad in _small(soup)]
        if not path.name.startswith(EXACT):
            found += [f"{path.name} : {fault}" for fault in _long(soup.main)]
    for path in sorted((folder / "tables").rglob("*.csv")):
        if "\u2011" in path.read_text(encoding="utf-8"):
            found.append(f"{path.name} : trait d'union insécable dans les données")
    return found


def plain(tag: Tag) -> str:
    """Return the words of a tag on one line."""
    return re.sub(r"[ \n\t]+", " ", tag.get_text(" ")).strip()


def _frame(soup: BeautifulSoup) -> Iterator[str]:
    if not soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"}):
        yield "pas de Content-Security-Policy"
    if "prefers-color-scheme" not in soup.style.get_text():
        yield "pas de couleurs pour écran sombre"


def _sections(main: Tag) -> Iterator[str]:
    """Yield headings with nothing under them, and reading notes with nothing to read."""
    for heading in main.find_all(["h2", "h3"]):
        below = []
        for tag in heading.find_all_next():
            if tag.name in ("h2", "h3") and main in tag.parents:
                break
            below.append(tag)
        if not below or (heading.name == "h3" and not any(plain(tag) for tag in below)):
            yield f"titre sans rien dessous : {plain(heading)}"
        read = any(tag.name == "em" and "Comment lire" in tag.get_text() for tag in below)
        if read and not any(tag.name in ("table", "img", "svg") for tag in below):
            yield f"« Comment lire » sans rien à lire : {plain(heading)}"


def _words(main: Tag) -> Iterator[str]:
    """Yield paragraphs said twice, words that are untrue, articles forgotten, false precision."""
    said = Counter(plain(p) for p in main.find_all("p") if len(plain(p)) > 40)
    yield from (f"dit {n} fois : {words[:60]}" for words, n in said.items() if n > 1)
    words = plain(main)
    yield from (
        f"« {bad} » : {why}" for bad, why in UNTRUE.items() if re.search(rf"\b{bad}\b", words)
    )
    yield from (f"article oublié : {bad}" for bad in BARE.findall(words))


def _small(soup: Tag) -> Iterator[str]:
    """Yield what begins with a small letter where a reader begins; files and codes may."""
    for tag in soup.select(BEGINS):
        words = plain(tag).lstrip("«“( \u00a0")
        if words[:1].islower() and not re.match(r"[\w-]*[\d_./@]", words):
            yield words[:60]


def _answer(main: Tag) -> Iterator[str]:
    """Yield what does not belong in a finding or its answer: method, long sentences, digits."""
    finding = main.h1.find_previous_sibling("p", class_="surtitre")
    if not finding and not main.select_one("article.une"):
        return
    read = [main.h1, *main.select(".reponse p"), *main.select("article.une p, article.une li")]
    for words in map(plain, read):
        yield from (f"méthode dans la réponse : {bad}" for bad in METHOD if bad in words)
        yield from (f"fausse précision : {bad}" for bad in FALSE_PRECISION.findall(words))


def _long(main: Tag) -> Iterator[str]:
    """Yield sentences that are too long; a colon or a semicolon ends what is held in mind."""
    for tag in main.find_all(["h1", "p", "li", "figcaption"]):
        if not tag.find(["p", "li"]):
            for sentence in re.split(r"(?<=[.!?…])\s+|\s[:;]\s", plain(tag)):
                count = sum(any(map(str.isalnum, word)) for word in sentence.split())  # « is none
                if count > LONGEST:
                    yield f"phrase de {count} mots : {sentence[:60]}"


if __name__ == "__main__":
    faults = findings(Path(sys.argv[1]))
    print(*faults, sep="\n")
    sys.exit(bool(faults))
