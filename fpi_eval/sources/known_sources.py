"""Every source: its reader, where its files lie, its year, its publisher and licence.

Readers are named by import string and imported on use. A pattern is relative to the data folder;
`{rentree}` stands for a school year (2023), `{millesime}` for two cohorts (2021_2022), `*` for
anything within one folder. The first source whose pattern matches a file reads it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Literal, NamedTuple

from fpi_eval.errors import FpiError
from fpi_eval.pinned import files_under
from fpi_eval.programme import Programme
from fpi_eval.sources.portal.lock import LOCK
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.sources.reading.schema import TableSchema

Annee = Literal["rentree", "millesime", ""]

LO = "Licence Ouverte 2.0"
INCERTAIN = "réutilisation à vérifier auprès du producteur"
ODBL = "ODbL 1.0 (partage à l'identique)"
_YEAR_PATTERNS = {"rentree": r"(?P<rentree>\d{4})", "millesime": r"(?P<millesime>\d{4}_\d{4})"}
_PACKAGE = "fpi_eval.sources"


@dataclass(frozen=True)
class SourceFile:
    """One kind of file: who publishes it, where it lies, which function reads it.

    Parameters
    ----------
    reader : str
        "module:function" within `fpi_eval.sources`.
    pattern : str
        Default path under the data folder.
    year : str
        "rentree" or "millesime" when the year stands in the file's name, else "".
    year_argument : bool
        Whether the reader takes that year: the file does not hold it, or must hold it alone.
    argument : str
        What else the reader takes after the path: which nomenclature.
    obtain : str
        Where the file is got, in French, when neither a portal's identifier nor its name tells.
    """

    name: str
    reader: str
    pattern: str
    label: str
    publisher: str
    licence: str
    year: Annee = ""
    year_argument: bool = False
    argument: str = ""
    obtain: str = ""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Pattern as a regular expression over the path relative to the data folder."""
        parts = re.split(r"(\{rentree\}|\{millesime\}|\*)", self.pattern)
        known = {"*": "[^/]*"} | {f"{{{key}}}": regex for key, regex in _YEAR_PATTERNS.items()}
        return re.compile("".join(known.get(part, re.escape(part)) for part in parts))

    def load(self) -> Callable[..., Reading]:
        """Import and return the reader."""
        module, function = self.reader.split(":")
        return getattr(import_module(f"{_PACKAGE}.{module}"), function)

    def schemas(self) -> list[TableSchema]:
        """Return the tables that the reader declares: one for each kind of header it knows."""
        module = vars(import_module(f"{_PACKAGE}.{self.reader.partition(':')[0]}"))
        if self.argument:
            return [module["FICHIERS"][self.argument][1]]
        found = [one for one in module.values() if isinstance(one, TableSchema)]
        own = [one for one in found if one.name == self.name]
        return own or [one for one in found if self.name.startswith(one.name)]

    def read(self, path: Path, year: str | None = None) -> Reading:
        """Read one file of this source."""
        return self.load()(path, *self.arguments(path, year))

    def arguments(self, path: Path, year: str | None) -> tuple[int | str, ...]:
        """Return what the reader takes after the path: the year, or which nomenclature, or none."""
        if not self.year_argument:
            return (self.argument,) if self.argument else ()
        if not year:
            raise FpiError(
                f"le nom du fichier de la source « {self.name} » ne dit pas son année. Indiquez "
                f"« {{{self.year}}} » dans le nom de fichier de [sources.{self.name}], un fichier "
                "par année.",
                fichier=path.name,
            )
        return (int(year[-4:]) if self.year == "rentree" else year,)


class Found(NamedTuple):
    """A file of the data folder, the source that reads it, and the year in its name."""

    source: str
    path: Path
    year: str | None


class Discovery(NamedTuple):
    """Files that a source explains, and files that none does."""

    files: list[Found]
    unexplained: list[Path]


def _nomenclature(name: str, file: str, label: str) -> SourceFile:
    return SourceFile(
        name,
        "nomenclatures:read_nomenclature",
        f"nomenclatures/{file}",
        label,
        "Ministère de l'Éducation nationale (BCN), par Orion",
        LO,
        argument=name,
    )


def _insee(name: str, reader: str, file: str, label: str) -> SourceFile:
    return SourceFile(name, reader, file, label, "INSEE", LO)


CATALOGUE: tuple[SourceFile, ...] = (
    SourceFile(
        "affelnet", "affelnet:read_affelnet", "orion/attractivite_capacite_{rentree}.csv",
        "Affelnet : places et premiers vœux par formation", "Rectorats, par Orion", INCERTAIN,
        "rentree", True,
    ),
    SourceFile(
        "parcoursup_bts", "parcoursup_bts:read_parcoursup_bts",
        "orion/BTS_attractivite_capacite_{rentree}.csv",
        "Parcoursup : places de BTS et vœux confirmés", "MESR, par Orion", INCERTAIN, "rentree",
        True,
    ),
    SourceFile(
        "constat", "constat:read_constat", "orion/constat_{rentree}.csv",
        "Constat de rentrée : élèves inscrits par formation", "DEPP, par Orion", INCERTAIN,
        "rentree", True,
    ),
    SourceFile(
        "constat_portail", "constat:read_constat",
        "effectifs/fr-en-lycee_pro-effectifs-niveau-sexe-mef_{rentree}*",
        "Élèves inscrits par formation (portail)", "DEPP", LO, "rentree", True,
    ),
    SourceFile(
        "parcoursup", "parcoursup:read_parcoursup", "parcoursup/parcoursup_*_apinames.csv.gz",
        "Parcoursup : places, candidats, admis", "MESR-SIES", LO,
    ),
    SourceFile(
        "parcoursup_apprentissage", "parcoursup_apprentissage:read_parcoursup_apprentissage",
        "parcoursup/fr-esr-parcoursup-apprentissage_{rentree}*",
        "Parcoursup : formations en apprentissage", "MESR-SIES", LO, "rentree", True,
    ),
    SourceFile(
        "parcoursup_portail", "parcoursup:read_parcoursup",
        "parcoursup/fr-esr-parcoursup_{rentree}*", "Parcoursup : admis d'une session (portail)",
        "MESR-SIES", LO, "rentree", True,
    ),
    SourceFile(
        "parcoursup", "parcoursup:read_parcoursup", "parcoursup/fr-esr-parcoursup.*",
        "Parcoursup : places, candidats, admis (portail)", "MESR-SIES", LO,
    ),
    SourceFile(
        "inserjeunes_region", "inserjeunes_region:read_inserjeunes_region",
        "inserjeunes/ij_region_data.csv", "InserJeunes : devenir par région, formation et voie",
        "DEPP et Dares, par Orion", INCERTAIN,
    ),
    SourceFile(
        "inserjeunes_etablissement", "inserjeunes_etablissement:read_inserjeunes_etablissement",
        "inserjeunes/depp-2022-etablissements-{millesime}-pro.csv",
        "InserJeunes : devenir par lycée professionnel", "DEPP et Dares", LO, "millesime", True,
    ),
    SourceFile(
        "inserjeunes_apprentissage", "inserjeunes_etablissement:read_inserjeunes_apprentissage",
        "inserjeunes/depp-2022-etablissements-{millesime}-apprentissage.csv",
        "InserJeunes : devenir par CFA, publication annuelle", "DEPP et Dares", LO, "millesime",
        True,
    ),
    SourceFile(
        "inserjeunes_cfa_formation", "inserjeunes_formation_fine:read_inserjeunes_cfa_formation",
        "inserjeunes/fr-en-inserjeunes-cfa-formation*",
        "InserJeunes : devenir par CFA et formation (portail)", "DEPP et Dares", LO,
    ),
    SourceFile(
        "inserjeunes_agricole",
        "inserjeunes_formation_fine:read_inserjeunes_agricole",
        "inserjeunes/fr-en-inserjeunes-*agricole*",
        "InserJeunes : devenir par lycée agricole et formation (portail)",
        "DEPP et Dares",
        LO,
        obtain=(
            "titre sur data.gouv.fr : « Inserjeunes voie professionnelle scolaire agricole par "
            "établissement relevant du ministère de l'Agriculture et formation fine » ; "
            "l'identifiant de ce jeu sur le portail n'est pas établi : déposez-en l'export"
        ),
    ),
    SourceFile(
        "inserjeunes_cfa", "inserjeunes_cfa:read_inserjeunes_cfa",
        "inserjeunes/fr-en-inserjeunes-cfa*", "InserJeunes : devenir par CFA (portail)",
        "DEPP et Dares", LO,
    ),
    SourceFile(
        "inserjeunes_formation_fine", "inserjeunes_formation_fine:read_inserjeunes_formation_fine",
        "inserjeunes/fr-en-inserjeunes-lycee_pro-formation-fine*",
        "InserJeunes : devenir par lycée et formation (portail)", "DEPP et Dares", LO,
    ),
    SourceFile(
        "resultats_bac", "resultats_bac:read_resultats_bac",
        "resultats/fr-en-baccalaureat-par-academie*",
        "Baccalauréat professionnel : présents et admis par académie", "DEPP", LO,
    ),
    SourceFile(
        "resultats_bac_departement", "resultats_bac:read_resultats_bac_departement",
        "resultats/fr-en-baccalaureat-par-departement*",
        "Baccalauréat professionnel : présents et admis par département", "DEPP", LO,
    ),
    SourceFile(
        "resultats_cap", "resultats_cap:read_resultats_cap",
        "resultats/fr-en-cap_specialite_sexe_statut_departement*",
        "CAP : présents et admis par département et spécialité", "DEPP", LO,
    ),
    SourceFile(
        "resultats_lycees", "resultats_lycees:read_resultats_lycees",
        "resultats/fr-en-indicateurs-de-resultat-des-lycees-*pro*",
        "Réussite et valeur ajoutée des lycées professionnels", "DEPP", LO,
    ),
    SourceFile(
        "insersup", "insersup:read_insersup", "insersup/fr-esr-insersup*",
        "InserSup : emploi des diplômés du supérieur", "MESR-SIES", LO,
    ),
    SourceFile(
        "urssaf", "urssaf:read_urssaf_commune_ape",
        "urssaf/etablissements-et-effectifs-salaries-au-niveau-commune-x-ape*",
        "Emplois et établissements par commune et activité", "Urssaf", ODBL,
    ),
    SourceFile(
        "tensions", "dares:read_tensions", "dares/tensions*.csv",
        "Tension par métier et territoire", "Dares", LO,
    ),
    _insee("communes", "geographie:read_communes", "geographie/communes.csv", "Communes"),
    _insee(
        "zones_emploi",
        "geographie:read_zones_emploi",
        "geographie/table_supracom_{rentree}.csv",
        "Zone d'emploi de chaque commune",
    ),
    _insee(
        "libelles_zonages",
        "geographie:read_libelles_zonages",
        "geographie/libelles_supracom_*.csv",
        "Libellés des zonages",
    ),
    _insee(
        "naf",
        "naf:read_naf",
        "nomenclatures/naf2008/table_NAF2-NA.csv",
        "NAF : sous-classes et agrégations",
    ),
    _nomenclature("mef", "nMef.csv", "MEF : formation et année d'étude"),
    _nomenclature(
        "diplomes", "nFormationDiplome_.csv", "Formations-diplômes : niveau, spécialité, filiation"
    ),
    _nomenclature(
        "diplomes_ensemble", "vFormationDiplome_.csv", "Formations-diplômes, toutes versions"
    ),
    _nomenclature("niveaux", "nNiveauFormationDiplome_.csv", "Niveaux de formation"),
    _nomenclature("groupes_nsf", "n_groupe_specialite_.csv", "Spécialités (NSF) : groupes"),
    _nomenclature(
        "familles", "familleMetiers.csv", "Familles de métiers : seconde commune et spécialités"
    ),
    _nomenclature("options_bts", "optionsBTS.csv", "BTS : première année commune et options"),
    _nomenclature(
        "intitules", "diplomesProfessionnels.csv", "Diplômes professionnels : intitulés accentués"
    ),
    _nomenclature(
        "departements", "departements_academies_regions.csv", "Départements, académies et régions"
    ),
    SourceFile(
        "changements_uai", "uai_changes:read_uai_changes", "nomenclatures/uai_changements.csv",
        "Établissements : changements d'UAI déclarés", "Programme", "tenu par le programme",
    ),
)  # fmt: skip


# Readers that need other tables beside the file: geography and NAF.
WITH_OTHER_TABLES = ("urssaf",)


def source(name: str) -> SourceFile:
    """Return the first entry of that name, or say which names exist."""
    for entry in CATALOGUE:
        if entry.name == name:
            return entry
    names = ", ".join(dict.fromkeys(entry.name for entry in CATALOGUE))
    raise FpiError(f"source « {name} » inconnue. Sources connues : {names}.")


def entries(programme: Programme | None = None) -> tuple[SourceFile, ...]:
    """Return the catalogue, with the paths that the programme declares first."""
    if programme is None:
        return CATALOGUE
    named = {entry.name: entry for entry in reversed(CATALOGUE)}
    declared = (
        replace(named[name], pattern=section.fichier)
        for name, section in programme.sources.items()
        if name in named
    )
    return (*declared, *CATALOGUE)


def discover(folder: Path, programme: Programme | None = None) -> Discovery:
    """Return every file of the data folder with its source and year, and the unexplained ones.

    Parameters
    ----------
    folder : Path
        Data folder; hidden files are ignored.
    programme : Programme, optional
        Its declared paths go before the default ones.

    Raises
    ------
    FpiError
        When the folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FpiError(
            "dossier de données absent. Créez-le ou corrigez son chemin.", fichier=str(folder)
        )
    known, files, unexplained = entries(programme), [], []
    for path in files_under(folder):
        relative = path.relative_to(folder).as_posix()
        brought = path.name == LOCK or path.suffix == ".part"  # fetch's own files
        if brought or any(part.startswith(".") for part in Path(relative).parts):
            continue
        found = next(((e, m) for e in known if (m := e.regex.fullmatch(relative))), None)
        if found is None:
            unexplained.append(path)
            continue
        entry, match = found
        files.append(Found(entry.name, path, match.groupdict().get(entry.year or "rentree")))
    return Discovery(files, unexplained)
