"""Tell a year of a source that is another year under a wrong name, or a part of itself.

Each source says how far its rows, its establishments and its count may move from one year to the
next, from what its own files have done, and from which share of identical rows two years are the
same file. A year out of bounds is told, with both figures: whoever runs the evaluation decides.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from fpi_eval.text import nombre, pourcent


@dataclass(frozen=True, slots=True)
class YearBounds:
    """How a source may move from one year to the next.

    Parameters
    ----------
    count : str
        Column of persons or places that is added up.
    same : tuple of str
        Columns that, equal in nearly all rows, make two years the same file.
    low, high : float
        Smallest and largest ratio of a year to the one before.
    seen : str
        What the source's own files did, from which the bounds were set.
    year : str
        Column that holds the year, for a file that holds several.
    """

    count: str
    same: tuple[str, ...]
    low: float
    high: float
    seen: str
    year: str = ""


COPIED = 0.95
"""Share of rows equal from one year to the next: 25 % at most in the files known."""

BOUNDS: dict[str, YearBounds] = {
    "affelnet": YearBounds(
        "places", ("uai", "places", "voeux_1"), 0.80, 1.25,
        "2021 à 2022 : −1 % de lignes, +2 % de places",
    ),
    "parcoursup_bts": YearBounds(
        "places", ("uai", "places", "voeux", "voie"), 0.80, 1.35,
        "2022 à 2024 : +13 % et +16 % de lignes",
    ),
    "constat": YearBounds(
        "effectif", ("uai", "mefstat11", "effectif"), 0.80, 1.25,
        "élèves des lycées professionnels : −2 % à +2 % par an de 2019 à 2022",
    ),
    "parcoursup_portail": YearBounds(
        "places", ("uai", "places", "candidats"), 0.80, 1.35, "2018 à 2025 : +2 % à +17 % de lignes"
    ),
    "parcoursup_apprentissage": YearBounds(
        "places", ("uai", "places", "candidats"), 0.60, 1.80, "entrée progressive des CFA"
    ),
    "inserjeunes_region": YearBounds(
        "terminale", ("code_region", "voie", "terminale", "sortants"), 0.80, 1.30,
        "2019-2020 à 2022-2023 : +4 % à +9 % d'élèves", "millesime",
    ),
    "inserjeunes_etablissement": YearBounds(
        "taux_poursuite", ("uai", "public", "taux_poursuite"), 0.80, 1.30,
        "2018-2019 à 2022-2023 : +2 % à +7 %",
    ),
    "inserjeunes_apprentissage": YearBounds(
        "taux_poursuite", ("uai", "taux_poursuite"), 0.80, 2.00,
        "loi de 2018 : +22 %, +70 %, +29 % puis +10 % de CFA",
    ),
    "inserjeunes_cfa": YearBounds(
        "taux_poursuite", ("uai", "taux_poursuite"), 0.80, 2.00,
        "loi de 2018 : +32 %, +57 %, +30 %, +10 % puis +9 % de CFA", "millesime",
    ),
    "parcoursup": YearBounds(
        "places", ("uai", "places", "candidats"), 0.80, 1.35,
        "2018 à 2019 : +8 % de lignes, +5 % de places", "rentree",
    ),
    "inserjeunes_formation_fine": YearBounds(
        "taux_poursuite", ("uai", "mefstat11", "taux_poursuite", "taux_emploi_6_mois"), 0.80, 1.30,
        "bornes du fichier par lycée, toutes formations : +2 % à +7 % par an", "millesime",
    ),
    "inserjeunes_agricole": YearBounds(
        "taux_poursuite", ("uai", "mefstat11", "taux_poursuite", "taux_emploi_6_mois"), 0.80, 1.30,
        "jamais vu : bornes du fichier par lycée", "millesime",
    ),
    "inserjeunes_cfa_formation": YearBounds(
        "taux_poursuite", ("uai", "code_formation", "taux_poursuite", "taux_emploi_6_mois"), 0.80,
        2.00, "jamais vu : bornes du fichier par CFA", "millesime",
    ),
    "resultats_bac": YearBounds(
        "presents", ("academie", "sexe", "voie", "code", "presents", "admis"), 0.85, 1.15,
        "2021 à 2022 : +2 % de lignes, −0,5 % de présents", "session",
    ),
    "resultats_bac_departement": YearBounds(
        "presents", ("code_departement", "presents", "admis"), 0.85, 1.15,
        "jamais vu : bornes du fichier par académie", "session",
    ),
    "resultats_cap": YearBounds(
        "presents", ("code_departement", "sexe", "voie", "code", "presents", "admis"), 0.80, 1.25,
        "jamais vu : bornes du baccalauréat, élargies car des spécialités ferment", "session",
    ),
    "resultats_lycees": YearBounds(
        "presents", ("uai", "presents", "taux_reussite"), 0.75, 1.25,
        "2012 à 2017 : −2 % à +2 % de lycées, −17 % puis +15 % de présents", "session",
    ),
    "insersup": YearBounds(
        "sortants", ("uai", "type_diplome", "code_diplome", "sortants", "en_emploi_6_mois"), 0.60,
        1.80, "jamais vu deux années de suite : bornes larges", "millesime",
    ),
    "tensions": YearBounds(
        "emploi_moyen", ("fap", "niveau_geo", "emploi_moyen", "tension"), 0.80, 1.25,
        "une seule année lue ; la nomenclature des métiers fixe les lignes", "annee",
    ),
    "urssaf": YearBounds(
        "emplois", ("code_zone", "code_departement", "secteur", "emplois", "etablissements"), 0.80,
        1.15, "INSEE : −18 % d'emploi industriel en une région de 2001 à 2023, moins de 1 % par an",
        "annee",
    ),
}  # fmt: skip
HELD_ELSEWHERE = {
    "constat_portail": "ses années rejoignent celles de « constat » et suivent leurs bornes",
    "ouvertures": "registre du programme : ce qu'il contient est tenu ligne par ligne",
}
"""Sources that no bound of their own holds, with what does."""


def oddities(source: str, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return, in French, each pair of following years that look like one file, or one cut short.

    Years between them that the folder lacks widen the bounds, which are of one year.

    ``tables``: tidy table by year; "" for a file that holds several years.
    """
    bounds = BOUNDS.get(source)
    if bounds is None:
        return []
    by_age = sorted(_by_year(bounds, tables).items(), key=lambda item: (len(item[0]), item[0]))
    return [
        sentence
        for (before, old), (after, new) in itertools.pairwise(by_age)
        if len(before) == len(after)  # one cohort is not compared with two
        for sentence in _compare(source, bounds, before, old, after, new)
    ]


def _by_year(bounds: YearBounds, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the rows of each year; of a millésime in two files, those of the later file."""
    if not bounds.year:
        return {year: table for year, table in tables.items() if year and len(table)}
    each = (rows for table in tables.values() for rows in table.groupby(bounds.year))
    return {str(year): rows for year, rows in each}


def _compare(
    source: str, bounds: YearBounds, before: str, old: pd.DataFrame, after: str, new: pd.DataFrame
) -> list[str]:
    share = equal_share(_told(bounds, old), _told(bounds, new), bounds.same)
    if share >= COPIED:
        return [
            f"{source} : {before} et {after} ont {pourcent(share, 0)} de lignes identiques "
            f"({', '.join(bounds.same)}). L'un des deux fichiers porte sans doute un faux nom "
            "d'année : retirez-le. Aucune évolution entre les deux n'est à lire."
        ]
    gap = int(after[-4:]) - int(before[-4:])
    low, high = bounds.low**gap, bounds.high**gap
    return [
        f"{source} : {nombre(a)} {what} en {before}, {nombre(b)} en {after} "
        f"({'+' if b > a else '−'}{pourcent(abs(b / a - 1), 0)}). Attendu : de "
        f"−{pourcent(1 - low, 0)} à +{pourcent(high - 1, 0)} ; vu dans les fichiers "
        f"du producteur, {bounds.seen}. Celui de {before if b > a else after} est peut-être "
        "incomplet : comparez-le à celui du producteur."
        for what, a, b in _sizes(bounds, old, new)
        if a > 0 and not low <= b / a <= high
    ]


def _told(bounds: YearBounds, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that say something: two hidden ones are alike in every year."""
    return table.dropna(subset=[bounds.count]) if bounds.count in table else table


def equal_share(old: pd.DataFrame, new: pd.DataFrame, columns: tuple[str, ...]) -> float:
    """Return the share of the larger table's rows that the other holds too, repeats included."""
    same = [name for name in columns if name in old and name in new]
    rows = pd.util.hash_pandas_object(pd.concat([old[same], new[same]]), index=False)
    counts = [marks.value_counts() for marks in (rows[: len(old)], rows[len(old) :])]
    both = pd.concat(counts, axis=1, join="inner").min(axis=1).sum()
    return float(both / max(len(old), len(new), 1))


def _sizes(
    bounds: YearBounds, old: pd.DataFrame, new: pd.DataFrame
) -> list[tuple[str, float, float]]:
    sizes: list[tuple[str, float, float]] = [("lignes", len(old), len(new))]
    if "uai" in old and "uai" in new:
        sizes.append(("établissements", old["uai"].nunique(), new["uai"].nunique()))
    if not bounds.count.startswith("taux") and bounds.count in old and bounds.count in new:
        sizes.append((bounds.count, old[bounds.count].sum(), new[bounds.count].sum()))
    return sizes
