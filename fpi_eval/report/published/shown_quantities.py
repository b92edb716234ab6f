"""The headline quantities that executed notebooks show: a report's only source of them."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from nbformat import NotebookNode

from fpi_eval.disclosure import public
from fpi_eval.errors import FpiError
from fpi_eval.headline.quantity import RESOURCE, Headline, Quantity, gathered
from fpi_eval.report.published.shown_tables import shown
from fpi_eval.rounding import UNTOLD
from fpi_eval.sheets import Column, Sheet
from fpi_eval.table_files import replace_files

COLUMNS = (
    Column("libelle", "Chiffre"),
    Column("valeur", "Valeur", "nombre"),
    Column("bas", "Borne basse", "nombre"),
    Column("haut", "Borne haute", "nombre"),
    Column("unite", "Unité"),
    Column(
        "champ", "Champ", definition="De qui le chiffre parle : programme, niveau, voie, dates."
    ),
    Column("nature", "Nature", definition="Compté, estimé, projeté ou déclaré."),
    Column("niveau_intervalle", "Niveau de l'intervalle", "taux"),
    Column("remarque", "Remarque"),
    Column("origine", "Source"),
)


def shown_quantities(notebooks: Iterable[NotebookNode]) -> Headline:
    """Return every quantity that the notebooks display.

    Raises `FpiError`: one of them has two values.
    """
    return gathered(
        Headline(tuple(Quantity.of(one) for one in part["chiffres"]), part["notes"])
        for notebook in notebooks
        for part in shown(notebook, RESOURCE)
    )


def write_quantities(path: Path, found: Headline) -> Path:
    """Write the quantities, with their field and interval, as JSON."""
    kept = {"chiffres": [one.as_dict() for one in found], "notes": dict(found.notes)}
    text = json.dumps(kept, ensure_ascii=False, indent=1)
    replace_files({path: f"{text}\n".encode()})
    return path


def read_quantities(path: Path) -> Headline:
    """Return the quantities that `write_quantities` wrote.

    Raises `FpiError`: the file is absent, or is not one of those.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Headline(tuple(Quantity.of(one) for one in kept["chiffres"]), kept["notes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FpiError(
            "les chiffres de ce rapport sont absents ou illisibles. Refaites-le, avec les mêmes "
            f"options : « fpi-eval run {path.parent.name} --refaire ».",
            fichier=str(path),
        ) from error


def _written(one: Quantity) -> list[float | None]:
    """Return value and ends with the digits that pages show, shares in percent."""
    times = 100 if one.unit == "%" else 1
    values = (one.rounded if one.sure else None, *one.ends)
    return [None if v is None else round(times * v) if times > 1 else v for v in values]


def _remark(one: Quantity) -> str:
    """Return why a number is not there, if it is not."""
    if not one:
        return one.phrase.partition(" : ")[2]
    return "" if one.sure else f"{UNTOLD} pour un chiffre"


def sheet(found: Headline) -> Sheet | None:
    """Return the quantities as a table of the workbook, numbers rounded as pages show them."""
    if not found.quantities:
        return None
    rows = [
        {
            "libelle": one.label,
            **dict(zip(("valeur", "bas", "haut"), _written(one), strict=True)),
            "unite": one.unit,
            "champ": str(one.scope),
            "nature": one.nature,
            "niveau_intervalle": one.level,
            "remarque": _remark(one),
            "origine": one.source,
        }
        for one in found
    ]
    day = max(one.as_of for one in found)
    title = "Chiffres clés, ceux de la première page et des chapitres"
    return Sheet(
        "chiffres_cles", title, public(pd.DataFrame(rows)), COLUMNS, "voir chaque ligne", day
    )
