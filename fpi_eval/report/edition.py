"""What every page of a report says of itself."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fpi_eval.language import FRENCH, _
from fpi_eval.programme import Programme
from fpi_eval.programme_folders import PROJECT
from fpi_eval.text import BANNER, annee_scolaire

SIMULATED_SUFFIX = "_simule"
NOTEBOOKS, MANIFEST = "0*.ipynb", "manifest.json"
PUBLICATION, QUANTITIES = "publication", "chiffres"  # what a report keeps for the others
#: Begins the name of what a later report kept. A report stays current when one is made after it.
LATER = "apres/"


@dataclass(frozen=True, slots=True)
class Edition:
    """A programme's report for one school year.

    Parameters
    ----------
    programme, titre : str
        Code (its folder's name) and full title of the programme.
    rentree : int
        2023 is school year 2023-2024.
    simulated : bool
        Whether the data is the twin's: every page then says so.
    sources : tuple of str
        Sources and their licences, shown at the foot of every page.
    langue : str
        Language of these pages; those that are not in French say so in their file's name.
    langues : tuple of str
        Other languages, in which the report's shortest forms are written too.
    """

    programme: str
    titre: str
    rentree: int
    simulated: bool
    sources: tuple[str, ...] = ()
    langue: str = FRENCH
    langues: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        programme: Programme,
        rentree: int,
        *,
        simulated: bool,
        sources: tuple[str, ...] = (),
        langues: tuple[str, ...] = (),
    ) -> "Edition":
        """Return the edition of a programme for a rentrée."""
        about = (programme.code, programme.titre, rentree, simulated, sources)
        return cls(*about, langues=langues)

    @property
    def annee(self) -> str:
        """School year in words, e.g. ``2023-2024``."""
        return annee_scolaire(self.rentree)

    @property
    def donnees(self) -> str:
        """Label of the data in the manifest: ``réelles`` or ``simulées``."""
        return "simulées" if self.simulated else "réelles"

    @property
    def banner(self) -> str:
        """Warning shown on every page when data is simulated, else nothing."""
        return _(BANNER) if self.simulated else ""

    @property
    def suffix(self) -> str:
        """End of the names of files that hold simulated data."""
        return SIMULATED_SUFFIX if self.simulated else ""

    def file(self, name: str, extension: str) -> str:
        """Return a file's name, which says when its data is simulated."""
        language = "" if self.langue == FRENCH else f"_{self.langue}"
        return f"{name}{language}{self.suffix}.{extension}"

    @property
    def front(self) -> str:
        """Name of the front page."""
        return front(self.langue)

    def as_dict(self) -> dict[str, object]:
        """Return the fields as plain values, for hashing."""
        return asdict(self)


def front(code: str) -> str:
    """Return the name of a front page in a language."""
    return "index.html" if code == FRENCH else f"index_{code}.html"


def project_root(programme: Programme) -> Path:
    """Return the folder that holds data/ and reports/."""
    return _root_of(programme.dossier)


def _root_of(dossier: Path) -> Path:
    """Return the project of a programme's folder: in data/, or right in the project."""
    above = dossier.parent
    return above.parent if above.name == "data" else above


def notebooks_of(programme: Programme) -> Path:
    """Return the folder of the project's own notebooks, else of those that come with the library.

    Copies made for research, in a folder of this one, are none of a report's.
    """
    own = project_root(programme) / "notebooks"
    return own if any(own.glob(NOTEBOOKS)) else PROJECT / "notebooks"


def reports_of(dossier: Path) -> Path:
    """Return the folder of the reports of the programme of a folder."""
    return _root_of(dossier) / "reports" / dossier.name


def target_of(programme: Programme, rentree: int) -> Path:
    """Return the folder of a year's report."""
    return reports_of(programme.dossier) / str(rentree)


def kept_file(programme: Programme, rentree: int, name: str, *, simulated: bool) -> Path:
    """Return where the report of a rentrée keeps PUBLICATION or QUANTITIES."""
    suffix = SIMULATED_SUFFIX if simulated else ""
    return target_of(programme, rentree) / f"{name}{suffix}.json"


def kept_earlier(
    programme: Programme, rentree: int, name: str, *, simulated: bool
) -> dict[str, Path]:
    """Return what earlier reports kept under a name, the oldest first.

    The next report hides with their PUBLICATION and is compared with their QUANTITIES.
    """
    found = _kept_years(programme, rentree, name, simulated=simulated)
    return {f"{year}/{path.name}": path for year, path in found.items() if year < rentree}


def kept_later(
    programme: Programme, rentree: int, name: str, *, simulated: bool
) -> dict[str, Path]:
    """Return what later reports kept under a name: a year made after them hides with it too."""
    found = _kept_years(programme, rentree, name, simulated=simulated)
    return {f"{LATER}{year}/{path.name}": path for year, path in found.items() if year > rentree}


def _kept_years(
    programme: Programme, rentree: int, name: str, *, simulated: bool
) -> dict[int, Path]:
    own = kept_file(programme, rentree, name, simulated=simulated)
    years = {int(p.parent.name): p for p in own.parents[1].glob(f"*/{own.name}")
             if p.parent.name.isdecimal()}  # fmt: skip
    return dict(sorted(years.items()))


def manifest_of(report: Path) -> dict[str, Any]:
    """Return what made a report, nothing where no manifest can be read."""
    try:
        found = json.loads((report / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def inputs_read(report: Path) -> dict[str, str]:
    """Return the SHA-256 of the files that a report was made from, by name."""
    return {one["fichier"]: one["sha256"] for one in manifest_of(report).get("entrees", [])}


def absolute(folder: str | Path) -> str:
    """Return the folder as an absolute path, so that a notebook finds it from where it runs."""
    return str(Path(folder).absolute()) if str(folder) else ""


def today() -> date:
    """Return the date of generation: today, or SOURCE_DATE_EPOCH if it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), tz=UTC).date() if epoch else date.today()
