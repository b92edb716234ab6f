"""When each outcome of an opening is measured and published: the one table of these lags."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Resultat:
    """When one outcome is seen: (years after the rentrée, years of the course counted, month).

    ``pooled``: published as millésimes of two cohorts, so that the first one made of treated
    cohorts only comes a year later.
    """

    name: str
    label: str
    mesure: tuple[int, int]
    publication: tuple[int, int]
    with_course: bool = True
    pooled: bool = False

    def dates(self, rentree: int, duree: int) -> tuple[date, date, date]:
        """Return measured, published, and published on treated cohorts only (first of month)."""
        start = rentree + (duree if self.with_course else 0)
        (late, month), (later, published) = self.mesure, self.publication
        full = start + later + int(self.pooled)
        return (
            date(start + late, month, 1),
            date(start + later, published, 1),
            date(full, published, 1),
        )


#: Lags read from DEPP's own dates: constat of rentrée r in January r + 1 (Orion); leavers of 2022:
#: 6 months measured in January 2023, published in December 2023; 24 months, July 2024, June 2025.
#: 12 and 18 months are given the same eleven months. Exam results by lycée: March of next year.
RESULTATS = (
    Resultat("entrants", "Entrants", (0, 10), (1, 1), with_course=False),
    Resultat("terminale", "Élèves en dernière année", (-1, 10), (0, 1)),
    Resultat("diplomes", "Diplômés", (0, 6), (1, 3)),
    Resultat("en_emploi_6_mois", "En emploi à 6 mois", (1, 1), (1, 12), pooled=True),
    Resultat("en_emploi_12_mois", "En emploi à 12 mois", (1, 7), (2, 6), pooled=True),
    Resultat("en_emploi_18_mois", "En emploi à 18 mois", (2, 1), (2, 12), pooled=True),
    Resultat("en_emploi_24_mois", "En emploi à 24 mois", (2, 7), (3, 6), pooled=True),
)  # fmt: skip
