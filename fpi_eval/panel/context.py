"""What a page needs to know of a run to word its tables: programme, rentrée, credit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fpi_eval.absent import Absent
from fpi_eval.calendar import seen_on
from fpi_eval.programme import Programme

CAPACITIES = {"affelnet": "Affelnet", "parcoursup_bts": "Parcoursup"}


@dataclass(frozen=True, slots=True)
class Context:
    """The programme, its year, and where its figures come from.

    ``absent`` says in French why each source that the programme names was not read.
    """

    programme: Programme
    rentree: int
    simulated: bool
    credit: str
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """Name of the programme's region."""
        return self.programme.territoire.region

    def credited(self, *sources: str) -> str:
        """Return sources, and who computes or simulates what is shown of them."""
        return " ; ".join([*sources, self.credit if self.simulated else "calculs fpi_eval"])

    @property
    def capacities(self) -> list[str]:
        """Where places come from, among the files that were read."""
        return [words for name, words in CAPACITIES.items() if name not in self.absent]

    @property
    def no_openings(self) -> Absent:
        """Why no opening of the programme is known: too early, no register, or none in it."""
        start = self.programme.rentree_debut
        if self.rentree < start:
            return Absent(
                "Le programme n'a pas commencé : ses premières places ouvrent à la rentrée "
                f"{start}."
            )
        if "ouvertures" in self.absent:
            why = "Le registre des ouvertures n'est pas dans le dossier."
        else:
            why = (
                "Le registre des ouvertures ne contient aucune ouverture du programme "
                f"{self.programme.nom} jusqu'à la rentrée {self.rentree}."
            )
        return Absent(why, holder="Le porteur du programme : région, rectorat ou chef de projet.")

    @property
    def day(self) -> date:
        """Day from which the report looks: when the constat of the rentrée is known."""
        return seen_on(self.rentree)
