"""Columns of persons and contracts, and what is assumed of them.

The catalogue of InserJeunes' study base (DEPP, EAB030504) names two columns only,
``CONTRAT_PRINCIPAL`` and ``DATE_DEBUT_CONTRAT_DATE``; all others are assumed under plain names
until `programme.toml` gives the real ones (``[individus] colonnes_personnes``,
``colonnes_contrats``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fpi_eval.errors import FpiError
from fpi_eval.text import liste

PERSONS, CONTRACTS = "personnes", "contrats"


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column: our name, Ibis type, form its values must have, the producer's name if known.

    ``pattern`` is a regular expression that both engines read alike. ``optional`` columns may be
    absent from a file, ``nullable`` ones empty in a row.
    """

    name: str
    kind: str
    pattern: str = ""
    optional: bool = False
    nullable: bool = False
    header: str = ""


MILLESIME = r"^[0-9]{4}-[0-9]{4}$"
COMMUNE = r"^[0-9][0-9AB][0-9]{3}$"
ID = FileColumn("id_personne", "id")

PERSON = (
    ID,
    FileColumn("millesime", "string", MILLESIME),
    FileColumn("uai", "string", r"^[0-9]{7}[A-Z]$"),
    FileColumn("mefstat11", "string", r"^[0-9A-Z]{11}$", optional=True, nullable=True),
    FileColumn("cfd", "string", r"^[0-9A-Z]{8}$", optional=True, nullable=True),
    FileColumn("voie", "string", "^(scolaire|apprentissage)$"),
    FileColumn("sexe", "string", "^[FM]$", optional=True, nullable=True),
    FileColumn("annee_naissance", "int64", "^(19|20)[0-9]{2}$", optional=True, nullable=True),
    FileColumn("commune_residence", "string", COMMUNE, optional=True, nullable=True),
    FileColumn("poursuite", "int64", "^[01]$"),
    FileColumn("diplome", "int64", "^[01]$"),
    FileColumn("diplome_anterieur", "string", optional=True, nullable=True),
)
CONTRACT = (
    ID,
    FileColumn("millesime", "string", MILLESIME),
    FileColumn("horizon", "int64", "^(6|12|18|24)$"),
    FileColumn(
        "principal", "int64", "^[01]$", optional=True, nullable=True, header="CONTRAT_PRINCIPAL"
    ),
    FileColumn("debut", "date", header="DATE_DEBUT_CONTRAT_DATE"),
    FileColumn("fin", "date", nullable=True, optional=True),
    FileColumn("nature", "string", optional=True, nullable=True),
    FileColumn("ape", "string", r"^[0-9]{4}[A-Z]$", nullable=True),
    FileColumn("commune", "string", COMMUNE, nullable=True),
    FileColumn("public", "int64", "^[01]$", optional=True, nullable=True),
    FileColumn("employeur", "string", optional=True, nullable=True),
    FileColumn("salaire", "float64", optional=True, nullable=True),
)
COLUMNS = {PERSONS: PERSON, CONTRACTS: CONTRACT}


def found(what: str, headers: list[str], declared: Mapping[str, str]) -> dict[str, str]:
    """Return our name → header for the columns of a table of ``what``, or say what is missing."""
    known = {column.name: column for column in COLUMNS[what]}
    if unknown := set(declared) - set(known):
        raise FpiError(
            f"[individus] colonnes_{what} : colonne « {min(unknown)} » inconnue. "
            f"Attendu : {liste(known)}.",
            fichier="programme.toml",
        )
    by_case = {header.lower(): header for header in headers}
    names = {}
    for name, column in known.items():
        wanted = [declared[name]] if name in declared else [name, column.header]
        here = [by_case[w.lower()] for w in wanted if w and w.lower() in by_case]
        if here:
            names[name] = here[0]
        elif not column.optional:
            raise FpiError(
                f"colonne absente des {what} (trouvé : {_shown(headers, known)}). Renommez-la, ou "
                f"déclarez son nom dans [individus.colonnes_{what}] de programme.toml.",
                colonne=declared.get(name, name),
            )
    if what == PERSONS and not {"mefstat11", "cfd"} & set(names):
        raise FpiError(
            "ni mefstat11 ni cfd : il faut au moins l'un des deux pour connaître la formation.",
            colonne="mefstat11",
        )
    return names


def _shown(headers: list[str], known: Mapping[str, FileColumn]) -> str:
    """Return the headers found, unless the first line may well be a person's row."""
    names = {*known, *(c.header.lower() for c in known.values() if c.header)}
    if not names & {header.lower() for header in headers}:
        return "aucun nom attendu en première ligne ; elle n'est pas montrée"
    return liste(headers)
