"""Every fault of every row of the register of openings, in French, with line and column."""

import math
import re
from collections.abc import Callable

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Territoire, parse_rentree
from fpi_eval.sources.reading import UAI, ColumnSchema, TableSchema, expectation, uai_key
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.sources.register.content import content_faults
from fpi_eval.sources.register.fault import Faults, Row, ambiguous, fault, plain_number
from fpi_eval.sources.register.known import Known
from fpi_eval.sources.territoires import departement_code
from fpi_eval.text import liste, nombre

EXEMPLE = "EXEMPLE"

# First character of the code: a check of one row, with or without nomenclature beside it; the two
# agree on the 9,847 rows of nMef in these groups. No level of a table comes from it.
NIVEAU_DE_MEF = {"2": "secondaire", "3": "superieur"}
NIVEAU_DE_CFD = {
    "0": "secondaire",
    "4": "secondaire",
    "5": "secondaire",
    "1": "superieur",
    "2": "superieur",
    "3": "superieur",
}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)


def faults_of(
    cells: pd.DataFrame,
    schema: TableSchema,
    *,
    territoire: Territoire | None = None,
    known: Known | None = None,
) -> list[FpiError]:
    """Return the faults of the register, by line.

    ``cells``: strings, one row per opening, the schema's columns and `ligne`.
    """
    rows = cells.to_dict("records")
    faults = []
    for row in rows:
        if row["projet"] == EXEMPLE:
            advice = "Supprimez cette ligne : c'est un exemple du modèle."
            faults.append(fault(row, "projet", "une ouverture réelle", advice))
            continue
        alone = [f for column in schema.columns for f in _cell_faults(row, column)]
        wrong = {fault.colonne for fault in alone}
        across = [
            fault
            for columns, rule in _RULES
            if wrong.isdisjoint(columns)
            for fault in rule(row, territoire)
        ]
        faults += alone + across
        if known is not None:
            told = wrong | {fault.colonne for fault in across}
            faults += [f for f in content_faults(row, known) if f.colonne not in told]
    real = [row for row in rows if row["projet"] != EXEMPLE]
    faults += [*_duplicates(real, known or Known()), *_closures_alone(real)]
    return sorted(faults, key=lambda fault: fault.ligne or 0)


# ── one cell ────────────────────────────────────────────────────────────────────────────────────


def _cell_faults(row: Row, column: ColumnSchema) -> Faults:
    value, name = row[column.name], column.name
    if not value:
        if not column.nullable:
            yield fault(row, name, expectation(column), "Remplissez-la.")
    elif name == "rentree":
        yield from _rentree(row)
    elif column.is_number:
        yield from _number(row, column)
    elif value.startswith(_FORMULA):
        advice = "Un tableur l'exécuterait comme une formule : retirez le premier signe."
        yield fault(row, name, "un texte", advice)
    elif column.kind == "uai":
        yield from _uai(row, column)
    elif column.pattern:
        yield from _code(row, column)
    elif column.choices and value not in column.choices:
        yield fault(row, name, expectation(column), "Choisissez dans la liste.")


def _rentree(row: Row) -> Faults:
    text = row["rentree"]
    try:
        year = parse_rentree(text) if text.isascii() else None
    except FpiError:
        year = None
    if year is None:
        yield fault(
            row,
            "rentree",
            "une année entre 2000 et 2099",
            "Écrivez l'année de septembre, en quatre chiffres.",
        )
    elif text != str(year):
        yield fault(row, "rentree", "une seule année", f"Écrivez {year}.")


def _number(row: Row, column: ColumnSchema) -> Faults:
    text, name = row[column.name], column.name
    value = plain_number(text)
    if math.isnan(value):
        advice = "Écrivez un nombre seul, ou laissez la cellule vide si elle peut l'être."
        yield fault(row, name, expectation(column), advice)
    elif whole := ambiguous(text):
        yield fault(
            row,
            name,
            "un nombre sans séparateur ambigu",
            f"Écrivez {whole} si le signe sépare les milliers.",
        )
    elif column.kind == "entier" and value % 1:
        yield fault(row, name, "un nombre entier de places", "Corrigez-le.")
    else:
        low, high = column.bounds
        if (low is not None and value < low) or (high is not None and value > high):
            wanted = "un montant positif ou nul" if high is None else expectation(column)
            yield fault(row, name, wanted, "Corrigez-le.")


def _uai(row: Row, column: ColumnSchema) -> Faults:
    value = row["uai"]
    if not re.fullmatch(UAI, value, re.ASCII):
        yield fault(row, "uai", expectation(column), "Corrigez-le.")
        return
    key = uai_key(value)
    if value[7] != key:
        yield fault(
            row,
            "uai",
            f"la lettre de contrôle {key} après {value[:7]}",
            "Un chiffre ou la lettre est faux : recopiez le code.",
        )


def _code(row: Row, column: ColumnSchema) -> Faults:
    value, name = row[column.name], column.name
    if re.fullmatch(column.pattern or "", value, re.ASCII):
        return
    advice = "Recopiez-le."
    if _SCIENTIFIC.fullmatch(value):
        advice = "Le tableur a arrondi ce code : mettez la colonne au format Texte et recopiez-le."
    elif name == "cfd" and re.fullmatch(r"[0-9A-Z]{7}", value):
        advice = (
            f"Le tableur a peut-être retiré le zéro du début (0{value}) : mettez la colonne au "
            "format Texte."
        )
    yield fault(row, name, expectation(column), advice)


# ── one row ─────────────────────────────────────────────────────────────────────────────────────


def _course(row: Row, _: Territoire | None) -> Faults:
    mef, cfd = row["mefstat11"], row["cfd"]
    if not mef and not cfd:
        yield fault(
            row,
            "mefstat11",
            "le code mefstat11 ou le code cfd de la formation",
            "Remplissez l'un des deux.",
        )
    elif mef and cfd and mef[6:] != cfd[3:]:
        yield fault(
            row,
            "cfd",
            f"un code qui finit par {mef[6:]}, comme mefstat11 {mef}",
            "Ce sont deux formations : corrigez l'un des deux.",
        )


def _level(row: Row, _: Territoire | None) -> Faults:
    codes = (("mefstat11", NIVEAU_DE_MEF), ("cfd", NIVEAU_DE_CFD))
    for name, levels in codes:
        level = levels.get(row[name][:1])
        if level and level != row["niveau"]:
            yield fault(
                row,
                "niveau",
                f"{level}, comme le dit {name} {row[name]}",
                "Corrigez le niveau ou le code.",
            )
            return


def _places(row: Row, _: Territoire | None) -> Faults:
    planned, opened = plain_number(row["places_prevues"]), plain_number(row["places_ouvertes"])
    if planned * opened < 0:
        yield fault(
            row,
            "places_ouvertes",
            f"le même signe que places_prevues ({row['places_prevues']})",
            "Une fermeture est négative dans les deux colonnes.",
        )
    if planned == 0 and not opened > 0 and not opened < 0:
        yield fault(
            row,
            "places_prevues",
            "au moins une place",
            "Une ligne sans place n'est pas une ouverture : supprimez-la.",
        )


def _money(row: Row, _: Territoire | None) -> Faults:
    cost, subsidy = plain_number(row["cout"]), plain_number(row["subvention"])
    if subsidy > cost:
        yield fault(
            row,
            "subvention",
            f"au plus le coût ({nombre(cost, 0 if cost % 1 == 0 else 2)})",
            "Corrigez l'un des deux montants, en euros.",
        )


def _place(row: Row, territoire: Territoire | None) -> Faults:
    code = departement_code(row["uai"])
    known = {d.code: d for d in territoire.departements} if territoire else {}
    if territoire and known and code not in known:
        yield fault(
            row,
            "uai",
            f"un établissement du territoire : {territoire.region} (départements {liste(known)})",
            "Corrigez l'UAI, ou le territoire dans programme.toml.",
        )
        return
    departement = known.get(code)
    names = {code, code.lstrip("0"), code.removeprefix("0")} | (
        {departement.nom, f"{code} {departement.nom}"} if departement else set()
    )
    given = row["departement"]
    is_code = re.fullmatch(r"\d{1,3}|0?2[AB]", given) is not None
    if given and (departement or is_code) and spelling(given) not in {spelling(n) for n in names}:
        shown = f"{code} ({departement.nom})" if departement else code
        yield fault(
            row,
            "departement",
            f"{shown}, comme l'UAI {row['uai']}",
            "Corrigez le département ou l'UAI.",
        )
    academies = {a.code: a.nom for a in territoire.academies} if territoire else {}
    if departement and row["academie"]:
        name = academies[departement.academie]
        if spelling(row["academie"]) not in {spelling(name), departement.academie}:
            yield fault(
                row,
                "academie",
                f"{name}, académie du département {departement.nom}",
                "Corrigez l'académie.",
            )


_RULES: tuple[tuple[tuple[str, ...], Callable[[Row, Territoire | None], Faults]], ...] = (
    (("mefstat11", "cfd"), _course),
    (("mefstat11", "cfd", "niveau"), _level),
    (("places_prevues", "places_ouvertes"), _places),
    (("cout", "subvention"), _money),
    (("uai", "departement", "academie"), _place),
)


# ── several rows ────────────────────────────────────────────────────────────────────────────────


def _duplicates(rows: list[Row], known: Known) -> Faults:
    """Yield openings written twice: by one mefstat11, or by one diploma where a row has no more."""
    seen: dict[tuple, list[Row]] = {}
    for row in rows:
        key = (row["projet"], row["uai"], row["voie"], row["rentree"])
        if not all(key):
            continue
        before = seen.setdefault(key, [])
        if first := next((one for one in before if _same_course(one, row, known)), None):
            course = row["mefstat11"] or row["cfd"]
            both = first["mefstat11"] and row["mefstat11"]
            years = "" if both else " (ou, pour deux années d'entrée, écrivez mefstat11)"
            yield FpiError(
                f"la même ouverture ({' × '.join((*key[:2], course, *key[2:]))}) est déjà à la "
                f"ligne {int(first['ligne'])}. Attendu : une seule ligne par projet, "
                "établissement, formation, voie et rentrée. Additionnez les places, ou retirez le "
                f"doublon{years}.",
                ligne=int(row["ligne"]),
                colonne="uai",
            )
        before.append(row)


def _same_course(one: Row, other: Row, known: Known) -> bool:
    """Return whether two rows are of one course; a diploma may be entered in two years."""
    if one["mefstat11"] and other["mefstat11"]:
        return bool(one["mefstat11"] == other["mefstat11"])
    return bool(known.cfd_of(one)) and known.cfd_of(one) == known.cfd_of(other)


def _closures_alone(rows: list[Row]) -> Faults:
    opened = {
        (row["projet"], row["rentree"]) for row in rows if plain_number(row["places_prevues"]) > 0
    }
    for row in rows:
        alone = (row["projet"], row["rentree"]) not in opened
        if alone and plain_number(row["places_prevues"]) < 0:
            yield fault(
                row,
                "places_prevues",
                f"une ouverture de {row['projet']} à la rentrée {row['rentree']} que "
                "cette fermeture finance",
                "Ajoutez l'ouverture, ou retirez le signe moins.",
            )
