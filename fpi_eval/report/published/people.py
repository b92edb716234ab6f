"""Published tables on people: trained against targets, costs, and what became of students."""

import numpy as np
import pandas as pd

from fpi_eval.disclosure import TOTAL, Shown
from fpi_eval.indicators import catalogue as c
from fpi_eval.indicators import personnes_formees, quadrant
from fpi_eval.indicators.compute import compute
from fpi_eval.indicators.declare import EMPLOYED
from fpi_eval.indicators.quadrant import OUTSIDE
from fpi_eval.panel.accents import accented
from fpi_eval.panel.identity import type_de_diplome
from fpi_eval.panel.regional_panel import HERE
from fpi_eval.panel.year import Year
from fpi_eval.report.published import counts as proteges
from fpi_eval.report.published import protection
from fpi_eval.report.published.make import (
    ACADEMIE,
    DEPARTEMENT,
    FILIERE,
    MILLESIME,
    NIVEAU,
    TERRITOIRE,
    VOIE,
    column,
    make,
    repeated,
    with_rates,
)
from fpi_eval.report.published.seats import REGISTRE, registre, wide
from fpi_eval.sheets import Column, Sheet
from fpi_eval.sources.facts import beside
from fpi_eval.tables import slug
from fpi_eval.text import nombre, pourcent

INSERJEUNES = "InserJeunes, DEPP-Dares"
PERSONNES = Column("personnes", "Personnes formées", "effectif", c.PERSONNES_FORMEES.definition)
ELEVES = Column(
    "terminale",
    "Élèves de dernière année",
    "effectif",
    "Dernière année, dans les lignes dont le devenir est publié.",
)
AFTER = (c.TAUX_POURSUITE, c.PART_EN_EMPLOI, c.PART_AUTRE, c.DEVENIR_FAVORABLE)
DIMS = ["territoire", "filiere", "niveau", "voie", "course", "millesime"]
DIGITS = 3  # of a regional mean that covers more courses than the tables show


def cibles(p: Year) -> Sheet | None:
    """Return people trained so far against each target read as entrants."""
    safe = proteges.formes(p)
    kept = [one for one in p.donnees.programme.cibles if one.lecture == "entrants"]
    if safe is None or not kept:
        return None
    table = personnes_formees(proteges.en_places(p), kept, jusqu_a=p.donnees.rentree)
    flags = [_hidden(safe, one.niveau, min(one.echeance, p.donnees.rentree)) for one in kept]
    for name in ("realise", "avancement", "reste"):
        table[name] = table[name].mask(pd.Series(flags))
    hidden = pd.DataFrame(dict.fromkeys(("realise", "avancement", "reste"), flags))
    return make(
        p,
        "cibles",
        "Personnes formées face aux cibles",
        safe.derived(table, hidden),
        (
            Column("libelle", "Cible"),
            Column("echeance", "Échéance", "annee"),
            Column("personnes", "Personnes visées", "effectif"),
            Column("realise", "Personnes formées", "effectif", c.PERSONNES_FORMEES.definition),
            Column(
                "avancement",
                "Avancement",
                "taux",
                "Personnes formées / personnes visées.",
                digits=0,
            ),
            Column("reste", "Reste à former", "effectif"),
            Column("source", "Source de la cible"),
        ),
        source=REGISTRE,
        note=SCOLAIRE + _lost(p),
    )


SCOLAIRE = (
    "Voie scolaire seulement : aucune source ouverte ne compte les apprentis qui entrent. Entrants "
    "au prorata des places du programme dans chaque formation, arrondis."
)


def _lost(p: Year) -> str:
    """Return the seats whose people no file tells; nothing where all are told."""
    rows = proteges.en_places(p)
    lost = rows.loc[rows["entrants_programme"].isna(), "seats"].sum()
    said = (
        f" Manquent les entrants de {nombre(lost)} places × rentrées : places ou entrants de leur "
        "formation inconnus."
    )
    return said * bool(lost)


def _hidden(safe: protection.Safe, niveau: str, last: int) -> bool:
    """Return whether the count of a target is hidden, or out of the protected table."""
    shown = () if niveau == "ensemble" else ("niveau",)
    known = _counted(safe, last)
    cells, flags = protection.margin(safe, *shown)
    mine = _whole(safe, cells, last) & ((cells["niveau"] == niveau) | (not shown))
    told = not flags.loc[mine, "entrants_programme"].all()
    return bool(((known["niveau"] == niveau) | (not shown)).any()) and not told


def _counted(safe: protection.Safe, last: float = np.inf) -> pd.DataFrame:
    """Return the rows, their counts apart, in which people entered up to `last`."""
    rows = safe.table.publication.structure
    return rows[rows["entrants_programme"] & (rows["rentree"] <= last)]


def _whole(safe: protection.Safe, cells: pd.DataFrame, last: float = np.inf) -> pd.Series:
    """Return which cells sum all years up to `last`: a sum of fewer, left alone, is no total."""
    window = set(_counted(safe, last)["rentree"])
    sums = [set(v) if isinstance(v, tuple) else {v} for v in cells["rentree"]]
    return pd.Series([one == window for one in sums], cells.index, dtype=bool)


def personnes(p: Year) -> Sheet | None:
    """Return people trained since the start by level, filière, département and establishment."""
    safe = proteges.formes(p)
    if safe is None:
        return None
    cells = safe.frame[_whole(safe, safe.frame)]
    cells = cells[~repeated(cells, p.programme.territoire)]
    if cells.empty:
        return None
    names = p.registre.drop_duplicates("uai").set_index("uai")["etablissement"].to_dict()
    cells = cells.assign(
        personnes=cells["entrants_programme"],
        etablissement=cells["uai"].map(lambda u: "Ensemble" if u == TOTAL else names.get(u, u)),
    )
    hidden = pd.DataFrame({"personnes": safe.hidden.loc[cells.index, "entrants_programme"]})
    order = cells.sort_values(
        ["niveau", "filiere", *proteges.PLACE, "uai"],
        kind="stable",
        key=lambda s: s.replace({TOTAL: ""}),
    )
    return make(
        p,
        "personnes_formees",
        "Personnes formées depuis le début du programme",
        safe.derived(order, hidden.loc[order.index]),
        (
            NIVEAU,
            FILIERE,
            ACADEMIE,
            DEPARTEMENT,
            Column("uai", "UAI"),
            Column("etablissement", "Établissement"),
            PERSONNES,
        ),
        source=REGISTRE,
        note=SCOLAIRE + _lost(p),
    )


def couts(p: Year) -> Sheet | None:
    """Return cost and subsidy per opened seat, and for the whole per person trained."""
    rows = registre(p)
    if rows.empty:
        return None
    money, by = ["cout", "subvention"], ["niveau", "filiere"]
    nothing = rows["places_ouvertes"].eq(0).map({True: 0.0})  # a closure that says no amount
    paid = rows[money].astype(float)
    # None written is none known, not none paid.
    paid = paid.loc[:, paid.sum() > 0].reindex(columns=money)
    rows = rows.assign(**{n: paid[n].fillna(nothing) for n in money})
    sums = rows.groupby(by)[[*money, "places_ouvertes"]].sum(min_count=1)
    sums[money] = sums[money].where(rows[money].notna().groupby([rows[n] for n in by]).all())
    known = {"places_ouvertes": rows["places_ouvertes"].sum(min_count=1)}
    sums.loc[(TOTAL, TOTAL), :] = pd.Series({**rows[money].sum(skipna=False), **known})
    table = wide(rows, c.COUTS[:2], by).merge(sums.reset_index(), on=by)
    people, flag = float("nan"), False
    if (safe := proteges.formes(p)) is not None:
        cells, flag = protection.margin(safe)[0], _hidden(safe, "ensemble", p.donnees.rentree)
        people = cells.loc[_whole(safe, cells), "entrants_programme"].sum(min_count=1)
    taught = rows[rows["voie"] == "scolaire"][money].sum(skipna=False)
    one = pd.DataFrame(
        {
            "cout": [taught["cout"]],
            "subvention": [taught["subvention"]],
            "entrants_programme": [people],
        }
    )
    last = table["niveau"] == TOTAL
    for cost in c.COUTS[2:4]:
        value = compute(one, cost)["value"].iloc[0]
        table[cost.name] = table["niveau"].where(last).map({TOTAL: value})
    hidden = pd.DataFrame({cost.name: last & bool(flag) for cost in c.COUTS[2:4]})
    return make(
        p,
        "couts",
        "Coûts par place ouverte et par personne formée",
        table if safe is None else safe.derived(table, hidden),
        (
            NIVEAU,
            FILIERE,
            column(c.PLACES_OUVERTES),
            Column("cout", "Coût complet", "euros"),
            Column("subvention", "Subvention", "euros"),
            *(column(one) for one in c.COUTS[:2]),
            *(column(one, f"{one.label} (voie scolaire, à ce jour)") for one in c.COUTS[2:4]),
        ),
        source=f"{REGISTRE} ; budget du programme",
        note="Par place : ouvertures dont le registre dit le coût. "
        * bool(rows.loc[rows["places_ouvertes"].notna(), "cout"].isna().any())
        + "Par personne formée : places et personnes de la voie scolaire seulement, à ce jour."
        + _lost(p),
    )


def terminale(p: Year) -> Sheet | None:
    """Return final-year students."""
    rows = _devenir(p)
    if rows is None:
        return None
    kept = (rows.frame["niveau"] != TOTAL) & (rows.frame["filiere"] != TOTAL)
    return make(
        p,
        "eleves_terminale",
        "Élèves et étudiants en dernière année",
        rows.derived(rows.frame[kept]),
        (TERRITOIRE, FILIERE, NIVEAU, VOIE, MILLESIME, ELEVES),
        source=INSERJEUNES,
        note=couverture(p),
    )


def apres(p: Year) -> Sheet | None:
    """Return what final-year students do six months later: study, work, other."""
    rows = _devenir(p)
    if rows is None:
        return None
    rows = rows.derived(*with_rates(rows.frame, rows.hidden, AFTER, DIMS))
    return make(
        p,
        "devenir",
        "Devenir des élèves de dernière année, six mois après",
        rows,
        (
            TERRITOIRE,
            FILIERE,
            NIVEAU,
            VOIE,
            MILLESIME,
            ELEVES,
            Column("poursuite", "Poursuivent leurs études", "effectif"),
            *(column(one) for one in AFTER),
        ),
        source=INSERJEUNES,
        note=" ".join([couverture(p), *ruptures(p)]),
    )


def emploi(p: Year) -> Sheet | None:
    """Return employment of leavers at 6, 12, 18 and 24 months, with the interval at 6."""
    rows, rates = _devenir(p), tuple(c.TAUX_EMPLOI.values())
    if rows is None:
        return None
    rows = rows.derived(*with_rates(rows.frame, rows.hidden, rates, DIMS))
    first = rates[0].name
    counts = (
        Column(n, f"En emploi à {m} mois", "effectif")
        for n, m in zip(EMPLOYED, c.TAUX_EMPLOI, strict=True)
    )
    return make(
        p,
        "emploi",
        "Emploi des sortants à 6, 12, 18 et 24 mois",
        rows,
        (
            TERRITOIRE,
            FILIERE,
            NIVEAU,
            VOIE,
            MILLESIME,
            Column("sortants", "Sortants", "effectif"),
            *counts,
            *(column(one) for one in rates),
            Column(f"{first}_bas", "Taux à 6 mois, borne basse", "taux", INTERVALLE),
            Column(f"{first}_haut", "Taux à 6 mois, borne haute", "taux", INTERVALLE),
        ),
        source=INSERJEUNES,
        note=" ".join(ruptures(p)),
    )


INTERVALLE = "Intervalle de Wilson à 95 % : sortants traités comme des tirages indépendants."


def _devenir(p: Year) -> Shown | None:
    """Return cells of all courses together, none where no student is in a last year."""
    safe = proteges.devenir(p)
    if safe is None:
        return None
    kept = safe.frame["course"] == TOTAL
    cells = safe.frame[kept].sort_values(
        ["territoire", "voie", "niveau", "filiere", "millesime"],
        kind="stable",
        key=lambda s: s.replace({TOTAL: "", HERE: ""}),
    )
    hidden = safe.hidden.loc[cells.index]
    return safe.derived(cells.reset_index(drop=True), hidden.reset_index(drop=True))


def ruptures(p: Year, *millesimes: str) -> list[str]:
    """Return the breaks that a rate of these millésimes spans, all of the file by default."""
    return beside("inserjeunes_region", millesimes or p.inserjeunes["millesime"].unique())


def couverture(p: Year) -> str:
    """Return the share of students whose outcomes are published, in words."""
    share = proteges.couverture(p)
    told = "Deux millésimes qui se suivent partagent une promotion : on ne les additionne pas."
    if not share >= 0:  # no student there
        return told
    return (
        "Élèves des lignes dont le producteur publie le devenir : "
        f"{pourcent(share, 1)} de ceux de la région, au dernier millésime. {told}"
    )


def quadrants(p: Year) -> Sheet | None:
    """Return the quadrant of each course of the region at the last millésime, voie scolaire.

    The mean is that of all the region's courses of the same type of diploma, as Orion's: CAP, bac
    pro, mention complémentaire and BTS apart. A course is out of the quadrants where a rate is
    hidden, by the publisher's rule or by ours.
    """
    safe = proteges.devenir(p)
    if safe is None:
        return None
    cells = safe.frame[safe.frame["course"] != TOTAL]
    if cells.empty:
        return None
    place = p.donnees.programme.territoire
    rows = place.joined(p.inserjeunes[place.ici(p.inserjeunes["code_region"])])
    rows = rows[rows["millesime"] == cells["millesime"].iloc[0]]
    diplomas = _diplomas(rows[rows["voie"] == "scolaire"])
    rows = rows[rows["sortants"].notna() & rows["niveau_diplome"].notna()]
    keys = ["niveau_diplome", "course", "filiere", "millesime"]
    found = quadrant(rows, by=("course", "filiere"), thresholds=protection.thresholds_of(p))
    types = p.identity.drop_duplicates("cfd").set_index("cfd")["niveau_diplome"]
    own = cells[["filiere", "niveau", "course", "millesime", "terminale", "sortants"]]
    means = ["moyenne_emploi", "moyenne_poursuite"]
    every = found.drop_duplicates("niveau_diplome")[["niveau_diplome", *means]]
    table = own.assign(niveau_diplome=own["course"].map(types))
    table = table.merge(found.drop(columns=means), "left", keys)
    table = table.merge(every, "left", "niveau_diplome")  # also beside what the publisher hides
    flags = safe.hidden.loc[cells.index].reset_index(drop=True)
    hidden = flags[["terminale", "sortants"]].copy()
    hidden[c.TAUX_EMPLOI_6_MOIS.name] = flags["_en_emploi_6_mois"]
    hidden[c.TAUX_POURSUITE.name] = flags["_poursuite"]
    both = [c.TAUX_EMPLOI_6_MOIS.name, c.TAUX_POURSUITE.name]
    table[both] = table[both].mask(hidden[both])
    hidden |= table[[*hidden]].isna()  # by the publisher, if not by us
    out = hidden[both].any(axis=1)
    table["quadrant"] = table["quadrant"].mask(out, OUTSIDE)
    table[means] = table[means].round(DIGITS)
    codes = p.donnees.nomenclatures
    names = codes.diplomes.drop_duplicates("cfd").set_index("cfd")["libelle"]
    shown = table["course"].map(diplomas).fillna(table["course"])
    own_names = names[names.index.isin(shown)]
    told_names = accented(own_names, codes)
    table["formation"] = shown.map(told_names).fillna(shown)
    table["diplome"] = type_de_diplome(table["niveau_diplome"], codes.niveaux)
    order = table.sort_values(
        ["niveau", "diplome", "filiere", "formation"],
        kind="stable",
        key=lambda words: words.map(slug) if words.name in ("diplome", "formation") else words,
    )
    return make(
        p,
        "quadrants",
        "Place de chaque formation face à la moyenne régionale",
        safe.derived(order, hidden.loc[order.index]),
        (
            Column("formation", "Formation"),
            FILIERE,
            NIVEAU,
            Column("diplome", "Diplôme"),
            MILLESIME,
            ELEVES,
            Column("sortants", "Sortants", "effectif"),
            column(c.TAUX_EMPLOI_6_MOIS),
            column(c.TAUX_POURSUITE),
            Column("moyenne_emploi", "Emploi, moyenne régionale", "taux"),
            Column("moyenne_poursuite", "Poursuite, moyenne régionale", "taux"),
            Column("quadrant", "Quadrant", definition=QUADRANT),
        ),
        source=INSERJEUNES,
        note=" ".join(
            [
                QUADRANT,
                *[ACCENTS] * (not told_names.equals(own_names)),
                *ruptures(p, cells["millesime"].iloc[0]),
            ]
        ),
    )


def _diplomas(rows: pd.DataFrame) -> pd.Series:
    """Return, for each course, the diploma that most of these final-year pupils prepare.

    A course keeps its oldest code through renovations, whose name no pupil knows any more.
    """
    sums = rows.groupby(["course", "cfd"], as_index=False)["terminale"].sum()
    order = sums.sort_values(["terminale", "cfd"], kind="stable")
    return order.drop_duplicates("course", keep="last").set_index("course")["cfd"]


ACCENTS = (
    "Accents : ceux des intitulés officiels (diplômes professionnels, familles de métiers, options "
    "de BTS) ; un mot qu'ils n'ont pas reste comme au fichier."
)
QUADRANT = (
    "Q1 : emploi et poursuite au moins à la moyenne régionale de ce diplôme (CAP, bac pro, mention "
    "complémentaire ou BTS) ; Q2 : emploi seul ; Q3 : poursuite seule ; Q4 : ni l'un ni l'autre. "
    "Moyenne de toutes les formations, voie scolaire : sommes d'effectifs, non dite sous cinq "
    "formations. Règle d'Orion."
)
