"""Individual records: persons and contracts, counted into the same cell panel as open files.

Everything here is one set of Ibis expressions: DuckDB runs it inside the process, Spark on a
cluster. Nothing but counts comes out, and only `release` writes. The engine is an extra
(``fpi-eval[individus]``, ``fpi-eval[spark]``): nothing is imported before it is asked for.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpi_eval.absent import Absent
from fpi_eval.calendar import in_industry
from fpi_eval.misspelt import known_options

if TYPE_CHECKING:
    from fpi_eval.panel.year import Year
    from fpi_eval.records.counted import Counted

#: Outcome that these files alone give: at work in the region's industry six months after leaving.
INDUSTRY_JOBS = in_industry(6)
#: Groups of persons that these files allow to know (`composition`), in French.
GROUPS = {
    "femmes": "Femmes",
    "adultes": "20 ans ou plus",
    "sans_diplome": "Sans diplôme antérieur",
    "residents": "Habitants de la région",
}
NO_FOLDER = Absent(
    "Aucun fichier ouvert ne suit les diplômés jusqu'à leur employeur.",
    holder="DEPP : fichiers individuels d'InserJeunes, sur habilitation du comité du secret "
    "statistique (guide « Qui, parmi les diplômés, travaille dans l'industrie de la région ? »).",
)
#: Name → module that defines it.
_FROM = {
    "faults_of": "bad_rows",
    "outcomes_table": "exports",
    "release": "exports",
}
__all__ = ["GROUPS", "INDUSTRY_JOBS", "count", *_FROM]


@known_options
def count(annee: "Year", folder: str | Path = "") -> "Counted | Absent":
    """Return what the year's individual files count, or why there are none.

    A simulated year has the twin's, written for the occasion and removed.

    Parameters
    ----------
    folder : path, optional
        Folder of the files; ``[individus] dossier`` in the data folder by default.

    Raises
    ------
    FpiError
        No engine is installed, or a file is at fault.
    """
    held = annee.donnees.dossier / annee.programme.individus.dossier
    if not str(folder) and not annee.donnees.simulees and not held.is_dir():
        return NO_FOLDER
    _require()
    from fpi_eval.records.counted import counted

    return counted(annee, folder) if str(folder) else annee.kept(counted)


def _require() -> None:
    from fpi_eval.records.engine import require

    require()


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"fpi_eval.records n'a pas « {name} » : {', '.join(__all__)}.")
    _require()
    return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)


def __dir__() -> list[str]:
    return __all__
