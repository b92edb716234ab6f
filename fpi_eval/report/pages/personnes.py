"""What `02_places` shows of the programme itself: people trained, follow-up table, its share."""

from dataclasses import replace
from typing import Any

import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.indicators.deploiement import none_opened
from fpi_eval.panel.context import Context
from fpi_eval.report.published.make import ENSEMBLE, show
from fpi_eval.sheets import Sheet
from fpi_eval.tables import Table, slug

SANS_CONSTAT = Absent(
    "Le constat de rentrée de cette année n'est pas dans le dossier.",
    holder="DEPP : effectifs par établissement et formation.",
)
AUCUNE = Absent("Aucune place du programme n'est encore ouverte.")


def shown(
    published: Sheet | None, why: Absent, columns: list[str] | None = None, **more: Any
) -> Table | Absent:
    """Return a published table as pages show it, or why there is none."""
    return why if published is None else show(published, columns, **more)


def _why(register: pd.DataFrame, context: Context) -> Absent:
    """Return why nobody is counted in the programme's seats."""
    if register.empty:
        return context.no_openings
    return AUCUNE if none_opened(register) else SANS_CONSTAT


def formes(published: Sheet | None, register: pd.DataFrame, context: Context) -> Table | Absent:
    """Return people who entered the programme's seats, against each target."""
    columns = ["libelle", "echeance", "personnes", "realise", "avancement", "reste"]
    return shown(published, _why(register, context), columns)


def personnes(found: Sheet | None, register: pd.DataFrame, context: Context) -> Table | Absent:
    """Return people trained by level and filière, then by département, by name."""
    if found is None:
        return _why(register, context)
    found = _by_name(found)
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


def _by_name(found: Sheet) -> Sheet:
    """Return the rows with départements by name: without their académies, theirs says nothing."""
    rows, kinds = found.frame, ["niveau", "filiere"]
    ranks = {kind: pd.factorize(rows[kind])[0] for kind in kinds}
    named = rows["departement"].map(lambda name: "" if name == ENSEMBLE else slug(name))
    order = rows.assign(**ranks, departement=named).sort_values(
        [*kinds, "departement"], kind="stable"
    )
    rows, hidden = (part.loc[order.index] for part in (rows, found.hidden))
    return replace(found, rows=found.rows.derived(rows, hidden))


def suivi(published: Sheet | None, context: Context) -> Table | Absent:
    """Return the funder's follow-up table."""
    return shown(
        published,
        context.no_openings,
        [
            "projet", "filiere", "niveau", "prevu", "realise", "ecart", "taux_realisation", "cout",
            "commentaire",
        ],
    )  # fmt: skip


def transformation(published: Sheet | None, context: Context) -> Table | Absent:
    """Return the programme's share of the filière's seats, and the rate of transformation."""
    return shown(published, context.no_openings)


def ici(
    published: Sheet | None, context: Context, columns: list[str], why: Absent
) -> Table | Absent:
    """Return the region's and its académies' rows at the rentrée of a compared table.

    A region with one académie has the region's rows alone.
    """
    if published is None:
        return why
    rows, what = published.frame, published.title.split(",")[0]
    kept = (rows["territoire"] == context.region) & (rows["departement"] == ENSEMBLE)
    years = rows["rentree"].astype(int)
    kept &= years == context.rentree
    if not kept.any():
        if (last := years.max()) < context.rentree:
            return replace(why, reason=f"{what} : les fichiers s'arrêtent à la rentrée {last}.")
        none = f"{what} : les fichiers n'ont pas de telle formation dans la région cette année."
        return replace(why, reason=none, lacking=False)
    alone = rows.loc[kept, "academie"].eq(ENSEMBLE).all()
    return show(
        published,
        [name for name in columns if not (alone and name == "academie")],
        kept=kept,
        titre=f"{what}, rentrée {context.rentree}",
        note="Ensemble : la région. " * (not alone) + "Par département : voir le classeur.",
    )
