"""The invented catalogue of courses: families, levels, codes that obey the real code rules.

Labels and order numbers are invented (orders from 60 up); the levels (``400`` bac pro, ``320``
BTS, ``500`` CAP, ``010`` mention complémentaire) and the three digits of the NSF group are the
official ones (Base centrale des nomenclatures, DEPP), so that every rule a reader relies on holds:
``mefstat11[6:11] == cfd[3:8]`` and the fourth digit is the year of study.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Famille:
    """A family of courses: NSF group, filière, and whether its seconde is common."""

    code: str
    nsf: str
    filiere: str
    label: str
    commune: str | None
    n_mc: int
    n_cap: int
    n_bacpro: int
    n_bts: int


_R, _N, _E, _A = "reindustrialisation", "numerique", "energie_decarbonee", "autre"

FAMILLES = (
    Famille(
        "maintenance", "250", _R, "maintenance des systèmes",
        "PILOTAGE ET MAINTENANCE D'INSTALLATIONS AUTOMATISEES", 1, 1, 3, 3,
    ),
    Famille(
        "mecanique", "251", _R, "réalisation mécanique",
        "REALISATION D'ENSEMBLE MECANIQUES ET INDUSTRIELS", 0, 2, 3, 2,
    ),
    Famille("chaudronnerie", "254", _R, "structures métalliques", None, 1, 3, 2, 1),
    Famille("automatismes", "201", _R, "procédés automatisés", None, 0, 1, 2, 3),
    Famille(
        "numerique", "326", _N, "réseaux et cybersécurité",
        "TRANSITION NUMERIQUE ET ENERGETIQUE", 1, 0, 2, 4,
    ),
    Famille("electricite", "255", _E, "électricité et électronique", None, 1, 2, 2, 3),
    Famille(
        "energie", "227", _E, "énergie et génie climatique",
        "TRANSITION NUMERIQUE ET ENERGETIQUE", 1, 2, 2, 3,
    ),
    Famille(
        "batiment", "232", _A, "gros œuvre",
        "CONSTRUCTION DURABLE DU BATIMENT ET DES TRAVAUX PUBLICS", 1, 9, 5, 3,
    ),
    Famille(
        "bois", "234", _A, "bois et agencement",
        "AGENCEMENT, MENUISERIE ET AMEUBLEMENT", 1, 7, 4, 2,
    ),
    Famille(
        "vehicules", "252", _A, "maintenance des véhicules",
        "MAINTENANCE DES MATERIELS ET DES VEHICULES ", 2, 5, 6, 3,
    ),
    Famille("alimentation", "221", _A, "métiers de bouche", None, 3, 8, 4, 3),
    Famille(
        "hotellerie", "334", _A, "hôtellerie et restauration",
        "HOTELLERIE RESTAURATION", 2, 4, 3, 3,
    ),
    Famille("commerce", "312", _A, "commerce et vente", "RELATION CLIENT", 0, 3, 5, 5),
    Famille(
        "gestion", "324", _A, "gestion administrative",
        "GESTION ADMINISTRATIVE, DU TRANSPORT ET DE LA LOGISTIQUE", 0, 1, 2, 6,
    ),
    Famille("transport", "311", _A, "transport et logistique", None, 0, 4, 3, 2),
    Famille("soin", "330", _A, "services à la personne", None, 2, 4, 4, 4),
    Famille("mode", "242", _A, "mode et vêtement", None, 1, 6, 3, 2),
    Famille("graphique", "322", _A, "communication graphique", None, 1, 5, 4, 4),
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


@cache
def _catalogue() -> pd.DataFrame:
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
                        "filiere": famille.filiere,
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
    years = np.resize(RENOVATIONS, int(renovated.sum()))
    table["rentree_renovation"] = np.nan
    table.loc[renovated, "rentree_renovation"] = years
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
    # A few courses are everywhere and most are rare (regional InserJeunes rows: median 98
    # pupils in a final year of bac pro, 95th percentile 1,340); fixed, whatever the twin's seed.
    rng = np.random.default_rng(2016)
    # The digital family is one of three filières on its own: no luck of the draw there.
    lift = np.select(
        [table["famille"] == "numerique", table["filiere"] != "autre"], [1.2, 0.5], 0.0
    )
    table["poids_scolaire"] = lift + 1.6 * rng.standard_normal(len(table))
    table["poids_apprentissage"] = lift + 2.0 * rng.standard_normal(len(table))
    labels = table["famille_metiers"].dropna().unique()
    first = table.dropna(subset=["famille_metiers"]).drop_duplicates("famille_metiers")
    communs = dict(zip(labels, first["cfd"].str[:6] + "50", strict=True))
    table["cfd_commun"] = table["famille_metiers"].map(communs)
    return table


def catalogue() -> pd.DataFrame:
    """Return one row per course: identity, family, filière, level, duration, old and new CFD."""
    return _catalogue().copy()


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
