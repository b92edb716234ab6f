"""Dated facts of the sources: what changed in what they count, when, for which file, who says so.

A millésime pools the leavers of two Junes: a change that begins with the leavers of one year is
half in the first millésime that holds it. A fact without a file of its own is not declared here.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A change of what a source counts.

    Parameters
    ----------
    name : str
        What changed.
    sources : tuple of str
        Files it holds for.
    since : int
        First leavers (June of that year), or first year, counted the new way.
    words : str
        French sentence that stands beside a number.
    publisher : str
        Who says so, and where.
    by_leavers : bool
        Whether the date is that of leavers: a millésime may then be half changed.
    """

    name: str
    sources: tuple[str, ...]
    since: int
    words: str
    publisher: str
    by_leavers: bool = True

    def share(self, millesime: str) -> float:
        """Return the share of a millésime's cohorts counted the new way: 0, 0.5 or 1.

        A fact dated by publication holds for the whole of a millésime, from its first one on.
        """
        first, second = (int(year) for year in millesime.split("_"))
        if not self.by_leavers:
            return float(first >= self.since)
        return ((first >= self.since) + (second >= self.since)) / 2


EMPLOI_PUBLIC = "emploi public"
FACTS = (
    Fact(
        EMPLOI_PUBLIC,
        ("inserjeunes_region", "inserjeunes_formation_fine", "inserjeunes_agricole"),
        2022,
        "L'emploi public compte pour les sortants de 2022 et après : la moitié du millésime "
        "2021-2022, et tous ceux qui suivent.",
        "DEPP-Dares, fichiers par région et par formation",
    ),
    Fact(
        EMPLOI_PUBLIC,
        (
            "inserjeunes_etablissement",
            "inserjeunes_apprentissage",
            "inserjeunes_cfa",
            "inserjeunes_cfa_formation",
        ),
        2022,
        "L'emploi public compte à partir du cumul 2022-2023.",
        "DEPP-Dares, pages par établissement",
        by_leavers=False,
    ),
    Fact(
        "apprentis",
        ("urssaf",),
        2023,
        "Les apprentis comptent dans l'emploi à partir de la publication du premier trimestre "
        "2023.",
        "Urssaf, note de diffusion",
        by_leavers=False,
    ),
)


def fact(name: str, source: str) -> Fact:
    """Return the fact of that name declared for a source."""
    return next(f for f in FACTS if f.name == name and source in f.sources)


def beside(source: str, millesimes: Iterable[str]) -> list[str]:
    """Return the sentences that stand beside a rate of these millésimes: breaks that they span.

    A break is spanned when the millésimes do not all count the same way, or when one of them
    holds a cohort of each way.
    """
    names = list(millesimes)
    return [
        f"{one.words.removesuffix('.')} ({one.publisher})."
        for one in FACTS
        if source in one.sources
        and "_" in "".join(names)
        and not {one.share(name) for name in names} <= {0.0}
        and not {one.share(name) for name in names} <= {1.0}
    ]
