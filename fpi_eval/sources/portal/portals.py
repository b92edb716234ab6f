"""What to bring from the open-data portals: from `programme.toml` to one request per file.

Portals speak the Opendatasoft Explore API v2.1: `exports` gives a whole data set in one file, and
the data set's record says when its data were last processed.
"""

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlencode

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme, inside
from fpi_eval.sources.reading.headers import Renaming
from fpi_eval.text import liste, repeated

MEGAOCTET = 1_000_000
CATALOGUE = "/api/explore/v2.1/catalog/datasets"
_YEAR = re.compile(r"\{rentree\s*(?:([+-])\s*(\d+))?\s*\}")

Format = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Request:
    """One file to bring.

    Parameters
    ----------
    source : str
        Name of the source in `programme.toml`.
    url : str
        Full address of the export.
    fichier : str
        Where the file goes, relative to the data folder, with ``/``.
    licence : str
        Licence under which the portal publishes it.
    format : {"csv", "parquet"}
    taille_max : int
        Largest size accepted, in octets.
    fiche : str, optional
        Address of the data set's record (JSON), which says when its data last changed.
    compte : str, optional
        Address of the answer (JSON) that says how many records the export holds.
    renaming : Renaming
        Headers that the programme declares for the source.
    """

    source: str
    url: str
    fichier: str
    licence: str
    format: Format = "csv"
    taille_max: int = 500 * MEGAOCTET
    fiche: str = ""
    compte: str = ""
    renaming: Renaming = field(default_factory=Renaming)

    def __post_init__(self) -> None:
        try:
            inside(self.fichier)
        except ValueError as error:
            raise FpiError(f"{error}.", fichier="programme.toml") from None
        if self.format not in ("csv", "parquet"):
            raise FpiError(
                f"format « {self.format} » inconnu. Attendu : csv ou parquet.",
                fichier=self.fichier,
            )


def requests_for(
    programme: Programme, rentree: int, *, sources: tuple[str, ...] = ()
) -> list[Request]:
    """Return the files that the programme brings from the portals for one rentrée.

    Every section ``[sources.<name>.telechargement]`` gives one request. ``{rentree}`` and
    ``{millesime}`` are replaced in `fichier`, ``{rentree-2}`` too in `jeu`, `filtre` and
    `selection`. ``sources``: only these sources; all that declare a download by default. Raises
    `FpiError`: unknown source or portal, a placeholder that is not a year, two sources for one
    file.
    """
    asked = sources or tuple(n for n, s in programme.sources.items() if s.telechargement)
    found = [_request(programme, name, rentree) for name in asked]
    if twice := repeated(request.fichier for request in found):
        raise FpiError(
            f"deux sources ont le même fichier ({liste(twice)}). Donnez à chacune le sien.",
            fichier="programme.toml",
        )
    return found


def declared_hosts(programme: Programme) -> tuple[str, ...]:
    """Return the hosts of the programme's portals, the only ones files may come from."""
    return tuple(portail.hote for portail in programme.portails.values())


def _request(programme: Programme, name: str, rentree: int) -> Request:
    source = programme.source(name)
    order = source.telechargement
    section = f"[sources.{name}.telechargement]"
    if order is None:
        raise FpiError(
            f"la section {section} est absente : cette source ne se télécharge pas. Déposez son "
            f"fichier « {source.fichier} » dans le dossier de données.",
            fichier="programme.toml",
        )
    if order.portail not in programme.portails:
        known = liste(programme.portails) or "aucun"
        raise FpiError(
            f"portail « {order.portail} » inconnu dans {section}. Portails déclarés : {known}. "
            f"Ajoutez [portails.{order.portail}], avec « hote » et « licence ».",
            fichier="programme.toml",
        )
    portail = programme.portails[order.portail]
    jeu, filtre, selection = (
        expand(words, rentree, section) for words in (order.jeu, order.filtre, order.selection)
    )
    fiche = f"{portail.hote}{CATALOGUE}/{quote(jeu, safe='')}"
    where = {"where": filtre} if filtre else {}
    return Request(
        source=name,
        url=export_url(portail.hote, jeu, order.format, where=filtre, select=selection),
        fichier=expand(source.fichier, rentree, f"[sources.{name}]"),
        licence=portail.licence,
        format=order.format,
        taille_max=order.taille_max_mo * MEGAOCTET,
        fiche=fiche,
        compte=f"{fiche}/records?{urlencode({'limit': 0} | where, quote_via=quote)}",
        renaming=Renaming.of(programme, name),
    )


def export_url(hote: str, jeu: str, format: Format, *, where: str = "", select: str = "") -> str:
    """Return the address of a data set's whole export, filtered by ODSQL `where`."""
    options = {"where": where, "select": select}
    if format == "csv":
        options |= {"delimiter": ";", "use_labels": "false", "with_bom": "false"}
    query = urlencode({key: value for key, value in options.items() if value}, quote_via=quote)
    address = f"{hote}{CATALOGUE}/{quote(jeu, safe='')}/exports/{format}"
    return f"{address}?{query}" if query else address


def expand(words: str, rentree: int, section: str) -> str:
    """Return the words with ``{rentree}``, ``{rentree-1}``… and ``{millesime}`` made years.

    The millésime that a rentrée knows is of the leavers of the two years before.
    """

    def year(match: re.Match[str]) -> str:
        shift = int(match[2] or 0)
        return str(rentree - shift if match[1] == "-" else rentree + shift)

    plain = _YEAR.sub(year, words.replace("{millesime}", "{rentree-2}_{rentree-1}"))
    if "{" in plain or "}" in plain:
        raise FpiError(
            f"« {words} » : accolades non comprises. Attendu : {{rentree}}, ou un décalage comme "
            "{rentree-1}, ou {millesime}, mis pour {rentree-2}_{rentree-1}.",
            fichier=f"programme.toml, section {section}",
        )
    return plain
