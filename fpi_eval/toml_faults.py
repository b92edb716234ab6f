"""Read TOML, and say what is wrong in it, in French, fault by fault, each with its line."""

import re
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fpi_eval.errors import FpiError

DEEPEST = 20  # sections in one another: three are of use
LONG = 1_000  # characters of a line in which what has no end is looked for
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
#: A dotted key of at least `LONG` characters: tomllib takes the square of its parts to read it.
_ENDLESS = re.compile(rf"(?<![\w.-]){_PART}(?:[ \t]*\.[ \t]*{_PART}){{{LONG // 2}}}")

_MESSAGES = {
    "missing": "clé absente. Ajoutez-la.",
    "extra_forbidden": "clé inconnue. Corrigez son nom ou retirez-la.",
    "literal_error": "valeur {input} inconnue. Valeurs possibles : {expected}.",
    "int_type": "un nombre entier est attendu, et non {input}.{quotes}",
    "int_parsing": "un nombre entier est attendu, et non {input}.{quotes}",
    "int_from_float": "un nombre entier est attendu, et non {input}.",
    "float_type": "un nombre est attendu, et non {input}.{quotes}",
    "float_parsing": "un nombre est attendu, et non {input}.{quotes}",
    "bool_parsing": "true ou false est attendu, et non {input}.",
    "string_type": "un texte entre guillemets est attendu, et non {input}.",
    "greater_than": "{input} est trop petit : il faut plus de {gt}.",
    "greater_than_equal": "{input} est trop petit : il faut au moins {ge}.",
    "less_than": "{input} est trop grand : il faut moins de {lt}.",
    "less_than_equal": "{input} est trop grand : il faut au plus {le}.",
    "string_too_short": "le texte est vide. Remplissez-le.",
    "finite_number": "un nombre fini est attendu, et non {input}.",
    "too_short": "la liste est vide : il faut au moins un élément.",
    "tuple_type": "une liste entre crochets est attendue, et non {input}.",
    "model_type": "une section est attendue, et non {input}.",
    "dict_type": "une section est attendue, et non {input}.",
    "value_error": "{error}.",
}


def read_toml(path: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    """Return the text of a TOML file, with or without the mark of UTF-8, and what it says."""
    try:
        raw = content.decode("utf-8-sig").replace("\r\n", "\n")
        if _ENDLESS.search(raw) or _deeper(said := tomllib.loads(raw), DEEPEST):
            raise RecursionError
        return raw, said
    except UnicodeDecodeError as error:
        raise FpiError(
            "le fichier n'est pas en UTF-8. Enregistrez-le en UTF-8.",
            fichier=str(path),
            ligne=content.count(b"\n", 0, error.start) + 1,
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+), column (\d+)", str(error))
        where = f"colonne {place[2]}" if place else "à la fin du fichier"
        twice = re.search("twice|overwrite|mutate", str(error)) is not None
        raise FpiError(
            f"ce n'est pas du TOML valide ({where}). "
            + (
                "Une clé ou une section est écrite deux fois : gardez-en une."
                if twice
                else "Vérifiez guillemets, crochets et virgules."
            ),
            fichier=str(path),
            ligne=int(place[1]) if place else None,
        ) from error
    except (RecursionError, ValueError) as error:  # the latter: a number of thousands of digits
        raise FpiError(
            "un nombre démesuré, ou des crochets ou des points emboîtés sans fin. Attendu : des "
            "sections et des valeurs, comme dans le fichier livré. Corrigez-le.",
            fichier=str(path),
            ligne=next((n for n, t in enumerate(raw.split("\n"), 1) if len(t) > LONG), None),
        ) from error


def _deeper(value: object, most: int) -> bool:
    """Return whether sections and lists hold one another deeper than `most`."""
    level: list[dict | list] = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        held = [one.values() if isinstance(one, dict) else one for one in level]
        level = [v for some in held for v in some if isinstance(v, dict | list)]
        if not level:
            return False
    return True


def key_lines(raw: str) -> dict[str, int]:
    """Return the line number of each section and key of a TOML text, as dotted names."""
    lines: dict[str, int] = {}
    section = ""
    counters: dict[str, int] = {}
    for number, line in enumerate(raw.splitlines(), start=1):
        if match := re.match(r"\s*\[\[([^\]]+)\]\]", line):
            name = match[1].strip()
            counters[name] = counters.get(name, -1) + 1
            section = f"{name}.{counters[name]}"
            lines[section] = number
            lines.setdefault(name, number)
        elif match := re.match(r"\s*\[([^\]]+)\]", line):
            section = match[1].strip()
            lines[section] = number
        elif match := re.match(r"\s*([\w\-\"]+)\s*=", line):
            key = match[1].strip('"')
            lines[f"{section}.{key}" if section else key] = number
    return lines


def in_french(error: ValidationError, path: Path, lines: dict[str, int]) -> FpiError:
    """Return the French error for the first faults found, each with its line."""
    sentences, faults = [], error.errors()
    deeper = {one["loc"][:k] for one in faults for k in range(len(one["loc"]))}
    for fault in faults:
        if fault["type"] == "too_short" and fault["loc"] in deeper:
            continue  # not empty: what it holds is refused
        key = ".".join(str(part) for part in fault["loc"])
        context = fault.get("ctx") or {}
        template = _MESSAGES.get(fault["type"], "valeur {input} refusée.")
        found = fault.get("input")
        quotes = " Écrivez-le sans guillemets." if isinstance(found, str) else ""
        told = {**context, "input": _written(found), "quotes": quotes}
        words = template.format(**told).replace("' or '", "' ou '")
        ligne = _line_of(key, lines)
        place = f"ligne {ligne}, " if ligne else ""
        sentences.append(f"{place}« {key or 'programme'} » : {words}")
    return FpiError("\n  ".join(["le programme n'est pas valide.", *sentences]), fichier=str(path))


def _written(value: object) -> str:
    """Return a value as its TOML file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, date | time) else repr(value)


def _line_of(key: str, lines: dict[str, int]) -> int | None:
    """Return the line of a dotted key, or of the nearest section above it."""
    parts = key.split(".")
    for end in range(len(parts), 0, -1):
        if found := lines.get(".".join(parts[:end])):
            return found
    return None
