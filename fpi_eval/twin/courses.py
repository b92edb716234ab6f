"""The invented catalogue of courses: families, levels, codes that obey the real code rules.

Labels and order numbers are invented (orders from 60 up); the levels (``400`` bac pro, ``320``
BTS, ``500`` CAP, ``010`` mention complémentaire) and the three digits of the NSF group are the
official ones (Base centrale des nomenclatures, DEPP), so that every rule a reader relies on holds:
``mefstat11[6:11] == cfd[3:8]`` and the fourth digit is the year of study.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import ndtri

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import known_options
from fpi_eval.programme import Programme
from fpi_eval.text import AUTRE
from fpi_eval.twin.geography import REGIONS
from fpi_eval.twin.parameters import FIRST, LAST
from fpi_eval.twin.setting import TARGETED, Setting


@dataclass(frozen=True, slots=True)
class Famille:
    """A family of courses: NSF group, and whether its seconde is common."""

    code: str
    nsf: str
    label: str
    commune: str | None
    n_mc: int
    n_cap: int
    n_bacpro: int
    n_bts: int


FAMILLES = (
    Famille(
        "maintenance", "250", "maintenance des systèmes",
        "PILOTAGE ET MAINTENANCE D'INSTALLATIONS AUTOMATISEES", 2, 3, 5, 6,
    ),
    Famille(
        "mecanique", "251", "réalisation mécanique",
        "REALISATION D'ENSEMBLE MECANIQUES ET INDUSTRIELS", 1, 5, 6, 6,
    ),
    Famille("chaudronnerie", "254", "structures métalliques", None, 2, 5, 4, 3),
    Famille("automatismes", "201", "procédés automatisés", None, 0, 2, 3, 6),
    Famille(
        "numerique", "326", "réseaux et cybersécurité", "TRANSITION NUMERIQUE ET ENERGETIQUE", 1, 0,
        3, 8,
    ),
    Famille("electricite", "255", "électricité et électronique", None, 2, 3, 4, 6),
    Famille(
        "energie", "227", "énergie et génie climatique", "TRANSITION NUMERIQUE ET ENERGETIQUE", 3,
        5, 4, 6,
    ),
    Famille(
        "batiment", "232", "gros œuvre", "CONSTRUCTION DURABLE DU BATIMENT ET DES TRAVAUX PUBLICS",
        2, 12, 6, 5,
    ),
    Famille(
        "finitions", "233", "finitions du bâtiment",
        "CONSTRUCTION DURABLE DU BATIMENT ET DES TRAVAUX PUBLICS", 1, 9, 3, 2,
    ),
    Famille(
        "bois", "234", "bois et agencement", "AGENCEMENT, MENUISERIE ET AMEUBLEMENT", 2, 12, 6, 4,
    ),
    Famille(
        "vehicules", "252", "maintenance des véhicules",
        "MAINTENANCE DES MATERIELS ET DES VEHICULES ", 3, 8, 8, 5,
    ),
    Famille("alimentation", "221", "métiers de bouche", None, 6, 12, 6, 5),
    Famille(
        "hotellerie", "334", "hôtellerie et restauration", "HOTELLERIE RESTAURATION", 5, 7, 4, 5,
    ),
    Famille("commerce", "312", "commerce et vente", "RELATION CLIENT", 1, 5, 6, 7),
    Famille(
        "gestion", "324", "gestion administrative",
        "GESTION ADMINISTRATIVE, DU TRANSPORT ET DE LA LOGISTIQUE", 0, 2, 3, 6,
    ),
    Famille("comptabilite", "314", "comptabilité", None, 0, 0, 2, 5),
    Famille("banque", "313", "banque et assurance", None, 0, 0, 1, 4),
    Famille("transport", "311", "transport et logistique", None, 1, 7, 5, 4),
    Famille("soin", "330", "services à la personne", None, 3, 5, 4, 5),
    Famille("sante", "331", "appareillage et santé", None, 1, 1, 3, 6),
    Famille("social", "332", "accompagnement social", None, 1, 2, 1, 3),
    Famille("mode", "242", "mode et vêtement", None, 2, 10, 4, 3),
    Famille("textile", "241", "textile", None, 0, 4, 2, 2),
    Famille("cuir", "243", "cuir et maroquinerie", None, 1, 7, 2, 1),
    Famille("graphique", "322", "communication graphique", None, 1, 8, 5, 5),
    Famille("image", "323", "image, son et spectacle", None, 1, 3, 3, 6),
    Famille("coiffure", "336", "coiffure et esthétique", None, 3, 4, 3, 3),
    Famille("materiaux", "224", "verre, céramique et pierre", None, 1, 12, 3, 3),
    Famille("metaux", "223", "métaux et bijouterie", None, 1, 9, 3, 2),
    Famille("chimie", "222", "chimie et bio-industries", None, 0, 3, 4, 6),
    Famille("proprete", "343", "propreté et environnement", None, 1, 4, 3, 3),
    Famille("securite", "344", "sécurité", None, 0, 2, 3, 2),
)  # fmt: skip

#: Level of a course -> CFD prefix, mefstat prefix, filler digits, duration, label, dispositif.
DIPLOMES = {
    "mc": ("010", "239", "00", 1, "MC", "253"),
    "cap": ("500", "232", "00", 2, "CAP", "241"),
    "bacpro": ("400", "238", "00", 3, "BAC PRO", "247"),
    "bts": ("320", "322", "10", 2, "BTS", "311"),
}

# Renovations take effect in the entry year at this rentrée; the old code lives on in later years
# of study. Every fifth course is renovated, as 201 of some 1,000 diplomas were since 2018.
RENOVATIONS = (2018, 2020, 2021, 2022, 2023, 2025)


#: Spread (log) of how common the courses of a level are, scolaire and apprentissage: a few are
#: everywhere and many are rare, as in the regional InserJeunes rows (DEPP-Dares, 2021_2022).
TAILS = {
    "scolaire": {"mc": 1.2, "cap": 2.2, "bacpro": 2.1, "bts": 1.7},
    "apprentissage": {"mc": 1.3, "cap": 1.4, "bacpro": 1.3, "bts": 1.3},
}


def _weights(table: pd.DataFrame, voie: str, setting: Setting) -> np.ndarray:
    """Return how common each course is among those of its level; adds up to 1 by level.

    Fixed, whatever the twin's seed: log weights are normal scores in an order shuffled once.
    """
    rng = np.random.default_rng([2016, len(voie)])
    weights = np.zeros(len(table))
    filiere = table["filiere"].to_numpy()
    targeted = _targeted(table, setting)
    for diplome, spread in TAILS[voie].items():
        here = np.flatnonzero(table["diplome"] == diplome)
        score = ndtri((rng.permutation(len(here)) + 0.5) / len(here))
        weights[here] = np.exp(spread * score)
        shares = {name: levels[diplome] for name, levels in targeted.items()}
        shares[AUTRE] = 1 - sum(shares.values())
        for name, share in shares.items():
            rows = here[filiere[here] == name]
            weights[rows] *= share / weights[rows].sum() if len(rows) else 0.0
    return weights


def _targeted(table: pd.DataFrame, setting: Setting) -> dict[str, dict[str, float]]:
    """Return each filière's share of the cells of a level: declared, or even where it is taught."""
    taught = set(zip(table["filiere"], table["diplome"], strict=True))
    even = TARGETED / len(setting.filieres)
    found = {
        name: {level: even if (name, level) in taught else 0.0 for level in DIPLOMES}
        for name in setting.filieres
    }
    return found | {name: dict(levels) for name, levels in setting.parts}


def drawable(programme: Programme) -> bool:
    """Return whether the twin draws the programme's regions."""
    return set(programme.territoire.codes_regions) <= set(REGIONS)


@known_options
def simulated(programme: Programme) -> Setting:
    """Return what the twin takes from a programme.

    Raises `FpiError`: the programme's region is overseas, or its seats open before or after the
    rentrées of the twin, which draws metropolitan France.
    """
    if not drawable(programme):
        raise FpiError(
            f"aucune donnée simulée pour {programme.territoire.region} : le jumeau dessine la "
            "France métropolitaine. Donnez un dossier de fichiers publics avec « --donnees »."
        )
    found = Setting.of(programme, {famille.code: famille.nsf for famille in FAMILLES})
    years = [found.debut, *(year for year, _ in found.vagues), *(found.avant or ())[1:2]]
    if not FIRST <= min(years) <= max(years) <= LAST:
        raise FpiError(
            f"aucune donnée simulée : des places ouvrent de {min(years)} à {max(years)}, le jumeau "
            f"va de {FIRST} à {LAST}. Donnez un dossier de fichiers publics avec « --donnees »."
        )
    return found


def with_families(declared: pd.DataFrame, programme: Programme) -> pd.DataFrame:
    """Return the table of ``filieres.csv`` with the simulated families that it does not name.

    A programme may name diplomas; those of the twin are invented, and only their NSF groups are
    real.
    """
    groups = {famille.code: famille.nsf for famille in FAMILLES}
    rows = pd.DataFrame(
        {"code": groups[name], "filiere": filiere, "motif": "famille simulée"}
        for name, filiere in simulated(programme).familles
    )
    return pd.concat([declared, rows[~rows["code"].isin(declared["code"])]], ignore_index=True)


@cache
def _courses() -> pd.DataFrame:
    """Return the courses whatever the programme: codes, names, lengths, renovations."""
    rows = []
    orders: dict[tuple[str, str], int] = {}
    for famille in FAMILLES:
        sizes = zip(
            ("mc", "cap", "bacpro", "bts"),
            (famille.n_mc, famille.n_cap, famille.n_bacpro, famille.n_bts),
            strict=True,
        )
        for diplome, size in sizes:
            for rank in range(size):
                prefix, mef, filler, years, label, _ = DIPLOMES[diplome]
                order = orders.setdefault((prefix, famille.nsf), 60)
                orders[prefix, famille.nsf] += 2
                common = diplome == "bacpro" and famille.commune is not None
                rows.append(
                    {
                        "course": f"{diplome}_{famille.code}_{rank + 1}",
                        "famille": famille.code,
                        "diplome": diplome,
                        "niveau": "superieur" if diplome == "bts" else "secondaire",
                        "duree": 2 if common else years,
                        "annees": years,
                        "famille_metiers": famille.commune if common else None,
                        "rang": rank,
                        "cfd": f"{prefix}{famille.nsf}{order:02d}",
                        "cfd_nouveau": f"{prefix}{famille.nsf}{order + 1:02d}",
                        "mef_prefixe": mef,
                        "mef_milieu": filler,
                        "libelle": f"{label} {famille.label} option {rank + 1}",
                    }
                )
    table = pd.DataFrame(rows)
    renovated = (np.arange(len(table)) % 5 == 2) & (table["diplome"] != "mc").to_numpy()
    table["rentree_renovation"] = np.nan
    table.loc[renovated, "rentree_renovation"] = np.resize(RENOVATIONS, int(renovated.sum()))
    table.loc[~renovated, "cfd_nouveau"] = None
    # One renovation changes NSF group, as 12 of the 201 real ones do.
    moved = table.index[renovated & (table["famille"] == "automatismes")][:1]
    table.loc[moved, "cfd_nouveau"] = table.loc[moved, "cfd"].str[:3] + "25099"
    # A few BTS open with a common first year whose options appear in the second year.
    bts = (table["diplome"] == "bts") & ~renovated & (table["rang"] == 1)
    bts &= table["famille"].isin(["numerique", "mecanique", "energie"])
    stem, order = table["cfd"].str[:6], table["cfd"].str[6:].astype(int)
    table["option_a"] = (stem + (order + 1).astype(str)).where(bts)
    table["option_b"] = (stem + (order - 40).astype(str)).where(bts)
    labels = table["famille_metiers"].dropna().unique()
    first = table.dropna(subset=["famille_metiers"]).drop_duplicates("famille_metiers")
    communs = dict(zip(labels, first["cfd"].str[:6] + "50", strict=True))
    table["cfd_commun"] = table["famille_metiers"].map(communs)
    return table


def courses() -> pd.DataFrame:
    """Return one row per course: identity, family, level, duration, old and new CFD."""
    return _courses().copy()


@cache
def _catalogue(setting: Setting) -> pd.DataFrame:
    table = courses()
    filiere = table["famille"].map(dict(setting.familles)).fillna(AUTRE)
    table.insert(table.columns.get_loc("famille") + 1, "filiere", filiere)
    for voie in ("scolaire", "apprentissage"):
        table[f"poids_{voie}"] = _weights(table, voie, setting)
    return table


def catalogue(setting: Setting) -> pd.DataFrame:
    """Return the courses with the programme's filières, and how common each is."""
    return _catalogue(setting).copy()


@cache
def common_weights(setting: Setting, voie: str, share: float) -> np.ndarray:
    """Return the weights of a voie with only the most common courses of each level and filière.

    A small France teaches fewer courses; kept whole, the catalogue would leave each of them to one
    or two establishments, and an opened course without any other to compare it with.
    """
    table = _catalogue(setting)
    weights = table[f"poids_{voie}"].to_numpy().copy()
    for rows in table.groupby(["diplome", "filiere"]).indices.values():
        total = weights[rows].sum()
        order = rows[np.argsort(-weights[rows], kind="stable")]
        weights[order[max(2, math.ceil(share * len(rows))) :]] = 0.0
        weights[rows] *= total / weights[rows].sum()
    return weights


def mefstat11(cfd: pd.Series, diplome: pd.Series, annee: pd.Series | int) -> pd.Series:
    """Return the MEFSTAT11 of a CFD at a year of study: prefix, year, filler, CFD[3:8]."""
    keys = {
        (name, year): f"{spec[1]}{year}{spec[2]}"
        for name, spec in DIPLOMES.items()
        for year in (1, 2, 3)
    }
    years = np.broadcast_to(annee, len(cfd))
    stem = [keys[key] for key in zip(diplome, years, strict=True)]
    return pd.Series([a + b[3:] for a, b in zip(stem, cfd, strict=True)], cfd.index, dtype="str")


def cfd_at(courses: pd.DataFrame, rentree_entree: pd.Series | int) -> pd.Series:
    """Return the CFD in force for pupils who entered at this rentrée."""
    entered = pd.Series(rentree_entree, index=courses.index)
    renovated = entered >= courses["rentree_renovation"]
    return courses["cfd"].where(~renovated, courses["cfd_nouveau"])
