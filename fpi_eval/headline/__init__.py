"""Headline quantities: each is computed by one function, once, and shown everywhere from there.

`places`, `effet`, `emploi` and `trajectoire` return those of one chapter; a notebook that shows
them publishes them, and the front page, ``chiffres.json`` and the workbook take them from what
notebooks published.
"""

from fpi_eval.headline.of_effect import effet
from fpi_eval.headline.of_jobs import emploi
from fpi_eval.headline.of_places import places
from fpi_eval.headline.of_trajectory import trajectoire
from fpi_eval.headline.quantity import DECLARED, Headline, Quantity

__all__ = [
    "DECLARED",
    "Headline",
    "Quantity",
    "effet",
    "emploi",
    "places",
    "trajectoire",
]
