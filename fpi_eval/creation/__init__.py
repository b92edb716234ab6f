"""Set up a new programme: search its filières in the nomenclatures, write its folder."""

from fpi_eval.creation.answers import Answers
from fpi_eval.creation.remaining import remaining
from fpi_eval.creation.search import Catalogue, catalogue_of
from fpi_eval.creation.write import write_programme

__all__ = ["Answers", "Catalogue", "catalogue_of", "remaining", "write_programme"]
