"""Set up a new programme: search its filières in the nomenclatures, write its folder."""

from fpi_eval.creation.answers import Answers
from fpi_eval.creation.new_programme import FILES, write_programme
from fpi_eval.creation.remaining import remaining
from fpi_eval.creation.search import Catalogue, catalogue_of

__all__ = ["FILES", "Answers", "Catalogue", "catalogue_of", "remaining", "write_programme"]
