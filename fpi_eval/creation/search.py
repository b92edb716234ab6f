"""Regions, NSF groups and diplomas, found by what people call them, with their pupils."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.sources import known_sources as sources
from fpi_eval.sources.nomenclatures import read_nomenclatures
from fpi_eval.sources.reading.cache import cached
from fpi_eval.text import liste, plain

PUPILS = "inserjeunes_region"
FOUND = ["code", "sorte", "libelle", "eleves"]
GROUP, DIPLOMA = "groupe NSF", "diplôme"
BEYOND = ("1", "2")  # levels of a CFD after the BTS, that no file of cells holds
NOWHERE = "99"  # « Sans objet », in place of a region
SHOWN = 15
SIMULATED_ONLY = (
    "Sans --donnees, seuls sont connus les codes des données simulées : nommez le dossier de vos "
    "fichiers (« --donnees mes_telechargements »)."
)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What a programme may name: places, NSF groups, diplomas, and pupils if they are known.

    ``pupils`` has one row per region × diploma of the last millésime: final-year students.
    """

    places: pd.DataFrame
    groups: pd.DataFrame
    diplomas: pd.DataFrame
    pupils: pd.DataFrame
    simulated: bool

    def regions(self, asked: Sequence[str]) -> list[str]:
        """Return the codes of regions given by code or by name.

        Raises `FpiError`: a region that the nomenclature does not have, with those it has.
        """
        known = self.places.drop_duplicates("code_region").set_index("code_region")["region"]
        names = {plain(name): code for code, name in known.items()}
        found = [name if name in known.index else names.get(plain(name), "") for name in asked]
        if "" in found:
            lost = asked[found.index("")]
            told = liste(f"{code} {name}" for code, name in sorted(known.items()))
            raise FpiError(
                f"région « {lost} » inconnue. Écrivez un code ou un nom : {told}.{self.hint}"
            )
        return list(dict.fromkeys(found))

    def search(self, words: str, regions: Sequence[str] = ()) -> pd.DataFrame:
        """Return the NSF groups, then the open diplomas, whose name holds every word.

        Columns: code, sorte, libelle, eleves (final-year students of these regions, both voies;
        missing where no file gives them). Names in which the words begin a word first (« mer »
        before « commerce »), then most pupils.
        """
        wanted = plain(words).split()
        if not wanted:
            raise FpiError("mot à chercher vide : écrivez par exemple « électronique ».")
        pupils = self.pupils
        if regions:
            pupils = pupils[pupils["code_region"].isin(regions)]
        by_cfd = pupils.groupby("cfd")["terminale"].sum(min_count=1)
        within = self.diplomas[~self.diplomas["cfd"].str[0].isin(BEYOND)]
        group = self.diplomas.drop_duplicates("cfd").set_index("cfd")["groupe_nsf"]
        by_group = pupils.groupby(pupils["cfd"].map(group))["terminale"].sum(min_count=1)
        parts = [
            _matching(self.groups.rename(columns={"groupe_nsf": "code"}), wanted, GROUP, by_group),
            _matching(within.rename(columns={"cfd": "code"}), wanted, DIPLOMA, by_cfd),
        ]
        found = pd.concat(parts, ignore_index=True)
        inside = ~begun(found["libelle"], words)
        return found.loc[inside.sort_values(kind="stable").index].reset_index(drop=True)

    def name_of(self, code: str) -> str:
        """Return the name of an NSF group or of a diploma.

        Raises `FpiError`: a code that neither nomenclature has.
        """
        for table, key in ((self.groups, "groupe_nsf"), (self.diplomas, "cfd")):
            found = table.loc[table[key] == code, "libelle"]
            if len(found):
                return str(found.iloc[0])
        raise FpiError(
            f"code « {code} » inconnu des nomenclatures : trois chiffres pour un groupe de "
            "spécialités (NSF), huit caractères pour un diplôme. Cherchez-le avec « fpi-eval "
            f"programme --chercher ».{self.hint}",
        )

    @property
    def hint(self) -> str:
        """What to try when nothing but the simulated codes is known."""
        return f" {SIMULATED_ONLY}" * self.simulated


def begun(names: pd.Series, words: str) -> pd.Series:
    """Return in which names every word wanted begins a word: « rail » is not in « travail »."""
    starts = [re.compile(rf"\b{re.escape(word)}") for word in plain(words).split()]
    return names.map(lambda name: all(s.search(plain(name)) for s in starts)).astype(bool)


def _matching(table: pd.DataFrame, wanted: list[str], kind: str, pupils: pd.Series) -> pd.DataFrame:
    kept = table[table["libelle"].map(plain).map(lambda name: all(w in name for w in wanted))]
    kept = kept.drop_duplicates("code").assign(sorte=kind)
    kept["eleves"] = kept["code"].map(pupils)
    return kept.sort_values("eleves", ascending=False, kind="stable", na_position="last")[FOUND]


def catalogue_of(donnees: str | Path = "") -> Catalogue:
    """Return what a programme may name, from a folder of files or, without one, simulated.

    Raises `FpiError`: the folder holds no nomenclatures.
    """
    if not str(donnees):
        from fpi_eval.twin.files.codes import simulated_codes

        places, groups, diplomas = simulated_codes()
        empty = pd.DataFrame(columns=["code_region", "cfd", "terminale"])
        return Catalogue(places, groups, diplomas, empty, True)
    folder = Path(donnees)
    codes = read_nomenclatures(folder / "nomenclatures", through=cached)
    both = codes.tous_diplomes
    # A renovated diploma still has pupils: only those closed long before any file are left out.
    alive = both["date_fermeture"].isna() | (both["date_fermeture"].dt.year >= 2020)
    return Catalogue(
        codes.departements[codes.departements["code_region"] != NOWHERE],
        codes.groupes_nsf,
        both[alive].reset_index(drop=True),
        _pupils(folder, codes.mef),
        False,
    )


def _pupils(folder: Path, mef: pd.DataFrame) -> pd.DataFrame:
    """Return final-year pupils of the last millésime: those of a school have a MEFSTAT11 alone."""
    entry = sources.source(PUPILS)
    path = folder / entry.pattern
    if not path.is_file():
        return pd.DataFrame(columns=["code_region", "cfd", "terminale"])
    rows = cached(entry.load(), path).table
    rows = rows[rows["millesime"] == rows["millesime"].max()]
    cfd = mef.drop_duplicates("mefstat11").set_index("mefstat11")["cfd"]
    return rows.assign(cfd=rows["cfd"].fillna(rows["mefstat11"].map(cfd)))
