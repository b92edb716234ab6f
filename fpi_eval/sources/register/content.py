"""Faults that only what is known beside the register can tell: courses, places, dates."""

import re

from fpi_eval.programme import parse_rentree
from fpi_eval.sources.register.fault import Faults, Row, fault, plain_number
from fpi_eval.sources.register.known import Known
from fpi_eval.text import AUTRE, liste

MOST_OPENED = 2
"""Times the planned places above which opened places are taken for a typing mistake."""


def content_faults(row: Row, known: Known) -> Faults:
    """Yield what is well written and cannot be true, each with what to do."""
    yield from _establishment(row, known)
    yield from _course(row, known)
    yield from _start(row, known)
    yield from _opened(row)


def _establishment(row: Row, known: Known) -> Faults:
    """Yield a school that no file holds; an apprenticeship centre may stand in none."""
    uai = row["uai"]
    if known.uais and row["voie"] == "scolaire" and uai and uai not in known.uais:
        yield fault(
            row,
            "uai",
            "un établissement d'au moins un des fichiers du dossier",
            "Corrigez l'UAI ; si l'établissement a changé de code, déclarez-le dans "
            "nomenclatures/uai_changements.csv (ancien_uai ; nouveau_uai ; rentree).",
        )


def _course(row: Row, known: Known) -> Faults:
    mef, cfd = row["mefstat11"], row["cfd"]
    if known.mef and mef and mef not in known.mef:
        yield fault(
            row,
            "mefstat11",
            "un code de la nomenclature des formations (nMef.csv)",
            _moved(mef, known) or "Recopiez-le de nMef.csv, colonne MEF_STAT_11.",
        )
        return
    if known.diplomes and cfd and cfd not in known.diplomes:
        advice = "Recopiez-le de nFormationDiplome_.csv, colonne FORMATION_DIPLOME."
        if cfd in known.mef:
            advice = "C'est un code MEFSTAT11 : déplacez-le dans la colonne mefstat11."
        yield fault(row, "cfd", "un code de la nomenclature des diplômes", advice)
        return
    if mef and known.mef:
        yield from _entry_year(row, known)
        own = known.mef[mef].cfd
        if cfd and own != cfd:
            yield fault(
                row,
                "cfd",
                f"{own}, le diplôme de mefstat11 {mef}",
                "Ce sont deux formations : corrigez l'un des deux codes.",
            )
            return
    yield from _filiere(row, known)


def _moved(mef: str, known: Known) -> str:
    """Return what to do when a code stands in the other code's column."""
    if mef in known.diplomes:
        return "C'est un code de diplôme : déplacez-le dans la colonne cfd."
    return ""


def _entry_year(row: Row, known: Known) -> Faults:
    mef = row["mefstat11"]
    course = known.mef[mef]
    last = 2 if course.cfd in known.bac_pro else 1
    if course.annee > last:
        wanted = liste(known.entry_codes(course.cfd)) or "le code de la première année"
        yield fault(
            row,
            "mefstat11",
            f"le code de l'année d'entrée ({wanted})",
            f"C'est celui de l'année {course.annee} sur {course.duree} : une place "
            "s'ouvre à l'entrée.",
        )


def _filiere(row: Row, known: Known) -> Faults:
    cfd = row["cfd"] or (known.mef[row["mefstat11"]].cfd if row["mefstat11"] in known.mef else "")
    told = known.filieres.get(cfd)
    if plain_number(row["places_prevues"]) < 0:
        return  # a closure is entered under the filière of the opening it pays for
    if told not in (None, AUTRE, row["filiere"]) and row["filiere"]:
        yield fault(
            row,
            "filiere",
            f"{told}, comme filieres.csv pour {cfd}",
            f"Corrigez la filière, ou ajoutez la ligne « {cfd} ; … ; {row['filiere']} » à "
            "filieres.csv du programme.",
        )


def _start(row: Row, known: Known) -> Faults:
    first = known.debuts.get(row["projet"])
    text = row["rentree"]
    if first and re.fullmatch(r"20\d\d", text) and parse_rentree(text) < first:
        yield fault(
            row,
            "rentree",
            f"{first} ou après, première rentrée de {row['projet']}",
            "Corrigez l'année, le projet, ou « rentree_debut » de programme.toml.",
        )


def _opened(row: Row) -> Faults:
    planned, opened = plain_number(row["places_prevues"]), plain_number(row["places_ouvertes"])
    if planned > 0 and opened > MOST_OPENED * planned:
        yield fault(
            row,
            "places_ouvertes",
            f"au plus {MOST_OPENED} fois les {row['places_prevues']} places prévues",
            "Corrigez le nombre, ou mettez places_prevues à jour.",
        )
