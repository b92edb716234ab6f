"""InserJeunes per CFA (DEPP-Dares), as the education portal exports it: several millésimes.

New CFAs enter every year since the 2018 law on apprenticeship: the panel is unbalanced by
construction.
"""

from dataclasses import replace
from pathlib import Path

from fpi_eval.sources.inserjeunes_etablissement import APPRENTISSAGE, read_rates
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.sources.reading.reading import Reading

INSERJEUNES_CFA = replace(
    APPRENTISSAGE,
    name="inserjeunes_cfa",
    layouts=(),
    columns=tuple(
        replace(column, header="Année", required=True) if column.name == "annee" else column
        for column in APPRENTISSAGE.columns
    ),
)


def read_inserjeunes_cfa(
    path: Path, millesime: str | None = None, *, renaming: Renaming | None = None
) -> Reading:
    """Return rates per CFA × millésime, all millésimes of the file or the one given.

    Returns
    -------
    Reading
        Table: the columns of `read_inserjeunes_etablissement`, with `public` = `apprentis`.
    """
    return read_rates(path, INSERJEUNES_CFA, millesime, renaming)
