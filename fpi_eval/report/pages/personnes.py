"""What `02_places` shows of the programme itself: people trained, follow-up table, its share."""

from typing import Any

import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.panel.context import Context
from fpi_eval.report.published.make import ENSEMBLE, show
from fpi_eval.sheets import Sheet
from fpi_eval.tables import Table

ABSENT = (
    "Aucune ouverture du programme n'est déclarée dans un registre : ce tableau n'est pas fait."
)
SANS_CONSTAT = (
    "Le dossier ne contient pas de constat de rentrée pour ces places : on ne sait pas encore si "
    "elles sont remplies."
)


def shown(
    published: Sheet | None, columns: list[str] | None = None, why: str = ABSENT, **more: Any
) -> Table | Absent:
    """Return a published table as pages show it, or why there is none."""
    return Absent(why) if published is None else show(published, columns, **more)


def formes(published: Sheet | None, register: pd.DataFrame) -> Table | Absent:
    """Return people who entered the programme's seats, against each target."""
    return shown(
        published,
        ["libelle", "echeance", "personnes", "realise", "avancement", "reste"],
        why=ABSENT if register.empty else SANS_CONSTAT,
    )


def personnes(found: Sheet | None, register: pd.DataFrame) -> Table | Absent:
    """Return people trained by level and filière, then by département."""
    if found is None:
        return Absent(ABSENT if register.empty else SANS_CONSTAT)
    rows = found.frame
    one_place = rows["uai"].isin([ENSEMBLE])
    kinds = one_place & rows["departement"].eq(ENSEMBLE)
    places = one_place & rows["departement"].ne(ENSEMBLE) & rows["filiere"].eq(ENSEMBLE)
    return show(
        found,
        ["niveau", "filiere", "departement", "personnes"],
        kept=kinds | places,
        titre="Personnes formées par niveau, par filière et par département",
    )


def suivi(published: Sheet | None) -> Table | Absent:
    """Return the funder's follow-up table."""
    return shown(
        published,
        [
            "projet",
            "filiere",
            "niveau",
            "prevu",
            "realise",
            "ecart",
            "taux_realisation",
            "cout",
            "commentaire",
        ],
    )


def transformation(published: Sheet | None) -> Table | Absent:
    """Return the programme's share of the filière's seats, and the rate of transformation."""
    return shown(published)


def ici(published: Sheet | None, context: Context, columns: list[str], why: str) -> Table | Absent:
    """Return the region's and its académies' rows at the rentrée of a compared table."""
    if published is None:
        return Absent(why)
    rows = published.frame
    kept = (rows["territoire"] == context.region) & (rows["departement"] == ENSEMBLE)
    kept &= pd.Series(rows["rentree"].astype(int) == context.rentree, rows.index)
    order = show(
        published,
        columns,
        kept=kept,
        titre=f"{published.title.split(',')[0]}, rentrée {context.rentree}",
        note="Ensemble : la région. Par département : voir le classeur.",
    )
    return order
