"""Published tables on seats: the programme's own, wishes and entrants beside them, jobs, costs."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from fpi_eval.calendar import opened
from fpi_eval.disclosure import TOTAL
from fpi_eval.indicators import catalogue as c
from fpi_eval.indicators import deploiement, join_jobs, suivi_ami_cma
from fpi_eval.indicators.compute import compute, compute_all
from fpi_eval.indicators.declare import Indicator
from fpi_eval.panel import secteurs
from fpi_eval.panel.panels import du_programme
from fpi_eval.panel.regional_panel import HERE
from fpi_eval.panel.year import Year
from fpi_eval.report.published import counts as proteges
from fpi_eval.report.published import protection
from fpi_eval.report.published.make import (
    ACADEMIE,
    DEPARTEMENT,
    FILIERE,
    NIVEAU,
    RENTREE,
    TERRITOIRE,
    VOIE,
    column,
    make,
    repeated,
    with_comparisons,
)
from fpi_eval.report.published.protection import Safe
from fpi_eval.sheets import Column, Sheet
from fpi_eval.sources.naf import industry
from fpi_eval.sources.register.reconcile import (
    CONFIRMEE,
    INFERIEURE,
    INTROUVABLE,
    NON_VERIFIABLE,
    SUPERIEURE,
)
from fpi_eval.text import liste, nombre, pluriel

REGISTRE = "Registre des ouvertures"
SEATS = (
    c.PLACES_PREVUES,
    c.PLACES_OUVERTES,
    c.TAUX_REALISATION,
    c.PLACES_FERMEES,
    c.SOLDE_PLACES,
    c.PLACES_OBSERVEES,
    c.ECART_PLACES,
)
SEAT_COLUMNS = (
    *(column(one) for one in SEATS[:5]),
    Column(
        "places_verifiables", "Ouvertes vérifiables", "effectif",
        "Ouvertes dans une formation aux places connues deux rentrées de suite.",
        "Registre des ouvertures",
    ),
    column(c.PLACES_OBSERVEES),
    column(c.ECART_PLACES, "Observées moins ouvertes"),
)  # fmt: skip
LOST = " Introuvable : le fichier de la rentrée n'a pas cette formation, ou cet établissement."
WAITING = " Taux de réalisation : là où les places ouvertes sont connues."
AVANT = Column("avant", "Rentrée précédente", "decimal", "La même valeur, un an plus tôt.")
ECART = Column(
    "ecart", "Écart à la précédente", "decimal",
    "Valeur moins la précédente, toutes deux arrondies comme elles sont montrées.",
)  # fmt: skip
AILLEURS = Column(
    "ailleurs", "Autres régions", "decimal", "La même valeur, toutes les autres régions ensemble."
)


def wide(table: pd.DataFrame, indicators: tuple[Indicator, ...], by: list[str]) -> pd.DataFrame:
    """Return one column per indicator and one row per group, then the whole (``Total``)."""
    groups, whole = compute_all(table, indicators, by), compute_all(table, indicators)
    rows = groups.pivot_table("value", by, "indicateur", dropna=False).reset_index()
    total = {row.indicateur: row.value for row in whole.itertuples()} | dict.fromkeys(by, TOTAL)
    rows = rows.dropna(subset=[one.name for one in indicators], how="all").astype(
        dict.fromkeys(by, object)
    )
    return pd.concat([rows, pd.DataFrame([total])], ignore_index=True).rename_axis(columns=None)


@lru_cache(maxsize=4)
def registre(p: Year) -> pd.DataFrame:
    """Return the programme's openings, closures apart, with what capacities show of each."""
    rows = p.rapprochement
    rows = rows[rows["projet"].isin(du_programme(p)["projet"].unique())]
    if rows.empty:
        return rows
    opened, planned = (rows[f"places_{w}"].astype(float) for w in ("ouvertes", "prevues"))
    told = _verifiable(rows) & (opened > 0)
    return rows.assign(
        places_ouvertes=opened.clip(lower=0),
        places_prevues=planned.clip(lower=0),
        places_fermees=(-opened).clip(lower=0),
        places_observees=rows["variation"].where(told),
        verifiable=told,
        places_transformees=opened.abs(),
    )


def _verifiable(rows: pd.DataFrame) -> pd.Series:
    """Return the openings of which files give a change: one that they lack is not a change of 0."""
    return ~rows["statut"].isin([NON_VERIFIABLE, INTROUVABLE])


def _seats(p: Year, by: list[str]) -> pd.DataFrame:
    """Return the indicators of seats by group, and the opened seats that capacities can show."""
    rows = registre(p)
    told = rows.assign(places_ouvertes=rows["places_ouvertes"].where(rows["verifiable"]))
    seen = wide(told, (c.PLACES_OUVERTES,), by).set_index(by)["places_ouvertes"]
    table = wide(rows, SEATS, by).join(seen.rename("places_verifiables"), on=by)
    if "rentree" in by:
        table["rentree"] = table["rentree"].map(lambda y: y if y == TOTAL else str(int(y)))
    return table


def places_programme(p: Year) -> Sheet | None:
    """Return seats planned, opened, closed and observed by level × filière, and in all."""
    if registre(p).empty:
        return None
    return make(
        p,
        "places_programme",
        "Places du programme, prévues, ouvertes et observées",
        _seats(p, ["niveau", "filiere"]),
        (NIVEAU, FILIERE, *SEAT_COLUMNS),
        source=REGISTRE,
        note="Places observées, et leur écart : ouvertures vérifiables seulement."
        + WAITING * bool(registre(p)["places_ouvertes"].isna().any()),
    )


def places_par_rentree(p: Year) -> Sheet | None:
    """Return the same by rentrée of opening."""
    if registre(p).empty:
        return None
    return make(
        p,
        "places_par_rentree",
        "Places du programme par rentrée d'ouverture",
        _seats(p, ["rentree"]),
        (Column("rentree", "Rentrée"), *SEAT_COLUMNS),
        source=REGISTRE,
    )


def transformation(p: Year) -> Sheet | None:
    """Return this rentrée's transformed seats over last year's entrants, and the programme's share.

    Voie scolaire: apprentices have neither fixed capacity nor a count of entrants.
    """
    if registre(p).empty:
        return None
    year, by = p.donnees.rentree, ["niveau", "filiere"]
    own = registre(p)[registre(p)["voie"] == "scolaire"]
    moved = own[own["rentree"] == year].groupby(by)["places_transformees"].sum(skipna=False)
    cells = proteges.en_service(p)
    cells = cells[(cells["rentree"] == year) & cells["places"].notna()]
    share = compute(cells, c.PART_PROGRAMME, by).set_index(by)
    share = share.reindex(share.index.union(moved.index))
    table = share[["numerator", "denominator"]].set_axis(["seats", "places"], axis=1)
    table = table.assign(places_transformees=moved.reindex(table.index, fill_value=0.0))
    safe = proteges.entrants(p)
    base, flags = _entrants_avant(p, safe)
    table = table.reset_index().merge(base.join(flags.rename("_h")), "left", by)
    parts = [
        compute(table, one, by)[[*by, "value"]].rename(columns={"value": one.name})
        for one in (c.PART_PROGRAMME, c.TAUX_TRANSFORMATION)
    ]
    for part in parts:
        table = table.merge(part, "left", by)
    flag = table.pop("_h").fillna(value=False).astype(bool)
    hidden = pd.DataFrame(dict.fromkeys(("effectif_entree", c.TAUX_TRANSFORMATION.name), flag))
    return make(
        p,
        "transformation",
        "Part du programme dans la filière et taux de transformation",
        table if safe is None else safe.derived(table, hidden),
        (
            NIVEAU,
            FILIERE,
            Column("seats", "Places du programme en service", "effectif"),
            Column("places", "Places d'entrée de la filière", "effectif"),
            column(c.PART_PROGRAMME),
            Column("places_transformees", f"Places ouvertes ou fermées en {year}", "effectif"),
            Column("effectif_entree", f"Effectif en entrée en {year - 1}", "effectif"),
            column(c.TAUX_TRANSFORMATION),
        ),
        source=REGISTRE,
        note="Voie scolaire de la région. Places en service et places d'entrée : formations dont "
        "les capacités sont publiées cette année. Effectif en entrée : formations dont les places "
        "sont connues, rentrée précédente.",
    )


def _entrants_avant(p: Year, safe: Safe | None) -> tuple[pd.DataFrame, pd.Series]:
    """Return last year's entrants by level × filière in the region, and where they are hidden."""
    if safe is None:
        empty = pd.DataFrame(columns=["niveau", "filiere", "effectif_entree"])
        return empty.astype({"effectif_entree": float}), pd.Series(dtype=bool)
    cells, hidden = protection.margin(
        safe, "territoire", "niveau", "filiere", territoire=HERE, rentree=p.donnees.rentree - 1
    )
    rows = cells.rename(columns={"entrants": "effectif_entree"})
    return rows[["niveau", "filiere", "effectif_entree"]], hidden["entrants"]


def _compared(
    p: Year,
    safe: Safe | None,
    one: Indicator,
    count: Column,
    name: str,
    title: str,
    **kept: object,
) -> Sheet | None:
    """Return a protected rate by place, beside last year and the other regions, if counted."""
    if safe is None or count.name not in safe.frame:
        return None
    dims = list(safe.table.publication.dims)
    frame = safe.frame
    for dim, value in kept.items():
        frame = frame[frame[dim] == value]
    if frame.empty:
        return None
    frame, hidden = with_comparisons(
        frame.reset_index(drop=True), safe.hidden.loc[frame.index].reset_index(drop=True), one, dims
    )
    told = frame[~repeated(frame, p.programme.territoire)]
    order = told.assign(_t=told["territoire"] != HERE).sort_values(
        ["_t", *dims[1:-1], "rentree"], key=lambda s: s.replace({TOTAL: ""}), kind="stable"
    )
    unit = one.unit
    gap = "points" if unit == "taux" else unit
    extra = (VOIE,) if "voie" in dims and one is c.TAUX_DEMANDE else ()
    level = (NIVEAU,) if "niveau" not in kept else ()
    beside = (
        Column("avant", AVANT.label, unit, AVANT.definition),
        replace(ECART, unit=gap, signed=gap != "points"),
        Column("ailleurs", AILLEURS.label, unit, AILLEURS.definition),
    )
    return make(
        p,
        name,
        title,
        safe.derived(order, hidden.loc[order.index]),
        (
            TERRITOIRE,
            *level,
            FILIERE,
            *extra,
            ACADEMIE,
            DEPARTEMENT,
            RENTREE,
            Column("places", "Places", "effectif", "Places où le compte est connu."),
            count,
            column(one),
            *beside,
        ),
        source=one.source,
    )


def pression(p: Year) -> Sheet | None:
    """Return first wishes per place (secondary)."""
    count = Column("voeux_1", "Premiers vœux", "effectif", "Vœux de rang 1.", "Affelnet")
    return _compared(
        p,
        proteges.voeux(p),
        c.TAUX_PRESSION,
        count,
        "pression",
        "Premiers vœux pour une place, par territoire et filière",
        niveau="secondaire",
    )


def demande(p: Year) -> Sheet | None:
    """Return confirmed wishes per place (BTS)."""
    count = Column("voeux", "Vœux confirmés", "effectif", "Non classés.", "Parcoursup")
    return _compared(
        p,
        proteges.voeux(p),
        c.TAUX_DEMANDE,
        count,
        "demande",
        "Vœux confirmés pour une place de BTS, par territoire et filière",
        niveau="superieur",
    )


def remplissage(p: Year) -> Sheet | None:
    """Return entrants per place."""
    return _compared(
        p,
        proteges.entrants(p),
        c.TAUX_REMPLISSAGE,
        column(c.ENTRANTS),
        "remplissage",
        "Entrants par place, par territoire et filière",
    )


def emplois_industriels(p: Year) -> Sheet | None:
    """Return the programme's seats per 1,000 jobs by filière × département, industry in all."""
    place = p.donnees.programme.territoire
    jobs = p.emplois[place.ici(p.emplois["code_region"])]
    year = jobs["annee"].max()
    jobs = jobs[jobs["annee"] == year].astype({"emplois": float})
    factories = jobs[industry(jobs["secteur"])]
    if factories.empty or registre(p).empty or not secteurs.declared(p.donnees.programme):
        return None
    fed = secteurs.emplois_filieres(jobs, p.secteurs, ["code_departement"])
    keys = ["filiere", "code_departement"]
    both = pd.concat([factories.assign(filiere=TOTAL), fed]).groupby(keys)["emplois"]
    both = both.sum(min_count=1).reset_index()
    seats = registre(p)[[*keys, "places_ouvertes"]]
    seats = pd.concat([seats, seats.assign(filiere=TOTAL)])
    given = seats["filiere"].isin(both["filiere"])  # the file may lack a sector of the others
    # A département of the file that has no row of a sector has none of its jobs.
    none = seats.loc[given & seats["code_departement"].isin(both["code_departement"]), keys]
    both = pd.concat([both, none.assign(emplois=0.0)]).drop_duplicates(keys)
    table = join_jobs(seats[given], both, on=keys)
    rate = compute(table, c.PLACES_POUR_1000_EMPLOIS, keys)
    table = table.merge(rate[[*keys, "value"]], on=keys).rename(
        columns={"value": c.PLACES_POUR_1000_EMPLOIS.name}
    )
    order = table.assign(_o=table["filiere"] != TOTAL).sort_values(["_o", *keys], kind="stable")
    lost = liste(map(p.programme.mots_filieres.get, sorted({*seats.loc[~given, "filiere"]})))
    return make(
        p,
        "emplois_industriels",
        "Places ouvertes pour 1 000 emplois, par département",
        order,
        (
            FILIERE,
            DEPARTEMENT,
            column(c.PLACES_OUVERTES),
            Column(
                "emplois_industriels",
                "Emplois salariés",
                "effectif",
                f"Emploi salarié privé au 31 décembre {year}.",
                "Urssaf",
            ),
            column(c.PLACES_POUR_1000_EMPLOIS),
        ),
        source=f"{REGISTRE} ; Urssaf",
        note="« Ensemble » : toute l'industrie. Un secteur qui alimente deux filières compte dans "
        "les deux : les filières ne s'additionnent pas."
        + f" Emplois inconnus, faute de secteurs déclarés ou dans le fichier : {lost}."
        * bool(lost),
    )


def fermetures(p: Year) -> Sheet | None:
    """Return each closure of the register beside what its seats opened."""
    rows = deploiement.fermetures(p)
    if rows.empty:
        return None
    return make(
        p,
        "fermetures",
        "Places fermées, et les ouvertures qu'elles financent",
        rows.assign(rentree=rows["rentree"].astype(str)),
        (
            Column("projet", "Projet"),
            Column("rentree", "Rentrée"),
            Column("uai", "Établissement"),
            Column("fermee", "Formation fermée"),
            Column("places_fermees", "Places fermées", "effectif"),
            Column("ouvertes", "Formations ouvertes"),
            Column("places_ouvertes", "Places ouvertes", "effectif"),
            Column("lien", "Où sont les ouvertures"),
        ),
        source=REGISTRE,
        note="Ouvertures du même projet à la même rentrée ; celles du même établissement y sont "
        "nommées. « Aucune » : le registre ne montre pas ce que la fermeture finance.",
    )


def suivi(p: Year) -> Sheet | None:
    """Return the funder's follow-up table: planned, achieved, gap, and what capacities confirm."""
    if p.registre.empty:
        return None
    by = ["projet", "filiere", "niveau"]
    found = p.rapprochement
    found = found[opened(found) > 0]  # a closure, or no seat at all, is no opening seen
    counts = {
        "vues": found["statut"].isin([CONFIRMEE, SUPERIEURE]),
        "en_partie": (found["statut"] == INFERIEURE) & (found["variation"] > 0),
        "verifiables": _verifiable(found),
        "perdues": found["statut"] == INTROUVABLE,
    }
    sums = found.assign(**counts).groupby(by)[[*counts]].sum()
    said = {row.Index: _seen(*row[1:]) for row in sums.itertuples()}
    rows = p.registre.copy()
    for name in ("places_prevues", "places_ouvertes", "cout", "subvention"):
        rows[name] = rows[name].astype(float) if name in rows else np.nan
    return make(
        p,
        "suivi_ami_cma",
        "Tableau de suivi (forme AMI-CMA) : prévu, réalisé, écart",
        suivi_ami_cma(rows, by=by, commentaires=said),
        (
            Column("projet", "Projet"),
            FILIERE,
            NIVEAU,
            Column("prevu", "Places prévues", "effectif"),
            Column(
                "non_renseigne",
                "Dont non renseignées",
                "effectif",
                "Places prévues dont le registre ne dit pas combien ont ouvert.",
            ),
            Column("realise", "Réalisé", "effectif"),
            Column(
                "ecart",
                "Écart",
                "effectif",
                "Réalisé moins prévu, là où il est renseigné.",
                signed=True,
            ),
            Column(
                "taux_realisation",
                "Taux de réalisation",
                "taux",
                "Réalisé / prévu, là où le réalisé est renseigné.",
                digits=c.TAUX_REALISATION.digits,
            ),
            Column("cout", "Coût complet", "euros"),
            Column("subvention", "Subvention", "euros"),
            Column("commentaire", "Commentaire"),
        ),
        source=REGISTRE,
        note="Commentaire : ouvertures que les capacités publiées montrent, sur celles qu'elles "
        "peuvent montrer (formation aux places connues deux rentrées de suite). "
        "En partie : la hausse observée est plus petite."
        + LOST * bool(counts["perdues"].any())
        + WAITING * bool(rows["places_ouvertes"].isna().any()),
    )


def _seen(whole: int, part: int, told: int, lost: int) -> str:
    """Return how many openings the files show, of those they can, and how many they lack."""
    shown = pluriel(whole, "ouverture vue en entier", "ouvertures vues en entier")
    words = [f"{shown} sur {nombre(told)}" if told else "aucune ouverture vérifiable"]
    words += [f"{nombre(part)} en partie"] if part else []
    words += [pluriel(lost, "introuvable")] if lost else []
    return ", ".join(words)
