"""Which files a run reads: where each source's lie, by year, and what is said of those absent."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import hint
from fpi_eval.panel.secteurs import FILE as SECTORS
from fpi_eval.panel.secteurs import PLACES, ZONE_NAMES, latest, urssaf_files
from fpi_eval.panel.secteurs import SOURCE as URSSAF
from fpi_eval.panel.simulated_folder import simulated_folder
from fpi_eval.panel.tension import FILE as OCCUPATIONS
from fpi_eval.programme import Programme, Source
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.nomenclatures import FICHIERS as CODES
from fpi_eval.sources.portal.portals import expand
from fpi_eval.sources.register.openings import REGISTRE, TEXTS
from fpi_eval.sources.uses import USES
from fpi_eval.text import liste

NEEDED = tuple(name for name in USES if name != URSSAF)  # Urssaf's file is read by its page alone
CAPACITIES = ("affelnet", "parcoursup_bts")
YEARLY = (
    *CAPACITIES,
    "constat",
    "constat_portail",
    "parcoursup_portail",
    "parcoursup_apprentissage",
    "inserjeunes_formation_fine",
)
REGISTER = (*TEXTS, ".xlsx", ".ods", ".xls", ".xlsm")
UAI_FILE = "uai_changements.csv"
REFERENCE = Path(__file__).parents[2] / "data" / "reference"
YEAR = {"rentree": r"\d{4}", "millesime": r"\d{4}_\d{4}"}
PORTAL_OF = {"constat": "constat_portail"}  # two publications of one survey: the first one wins


def folder_of(programme: Programme, rentree: int, donnees: str | Path = "") -> Path:
    """Return the folder of a run's files, the simulated one when none is named."""
    if not str(donnees):
        return simulated_folder(programme, rentree)
    if not Path(donnees).is_dir():
        what = (
            "c'est un fichier, pas un dossier"
            if Path(donnees).exists()
            else "ce dossier n'existe pas"
        )
        raise FpiError(
            f"{what}. Indiquez le dossier des fichiers téléchargés (--donnees, ou donnees=), ou "
            "rien pour des données simulées.",
            fichier=str(donnees),
        )
    return Path(donnees)


def files_of(programme: Programme, rentree: int, folder: Path) -> dict[str, Path]:
    """Return every file that decides of a run, without reading any, by the name readers know."""
    own, codes = programme.dossier, folder / programme.source("nomenclatures").fichier
    declared = [*own.glob("*.toml"), *own.glob("*.csv"), *own.glob("plans/*")]
    found = [p for paths in paths_of(programme, rentree, folder).values() for p in paths.values()]
    if jobs := urssaf_files(programme, folder):  # large: read by the page that needs it
        found += [*jobs.values(), *latest(programme, folder, [ZONE_NAMES]).values()]
    if programme.resultats.voisinage == "zone_emploi":
        found += latest(programme, folder, PLACES).values()
    found += [codes / name for name, _ in CODES.values()] + [codes / UAI_FILE]
    people = folder / programme.individus.dossier  # which may lie anywhere
    return {
        under + _relative(path, base): path
        for under, base, paths in (
            ("", own, declared),
            ("", REFERENCE.parent, REFERENCE.glob("*")),
            ("", folder, found),
            ("individus/", people, people.rglob("*")),
        )
        for path in sorted(paths)
        if path.is_file()
    }


def read_on_use(programme: Programme, folder: Path) -> set[str]:
    """Return the files, by the names of `files_of`, that their one reader notes."""
    jobs = urssaf_files(programme, folder)
    return {SECTORS, OCCUPATIONS} | ({_relative(jobs[URSSAF], folder)} if jobs else set())


def paths_of(programme: Programme, rentree: int, folder: Path) -> dict[str, dict[str, Path]]:
    """Return the files of each source by year up to the rentrée, none where it is absent.

    The register comes last: it is checked against the establishments of the other files.
    """
    _refuse_unknown(programme)
    found = {}
    for name, source in sorted(programme.sources.items(), key=lambda s: s[0] == "ouvertures"):
        if name not in NEEDED:
            continue
        paths = register_file(folder, source) if name == "ouvertures" else matching(folder, source)
        _require(programme, name, source, folder, paths, rentree)
        known = {year: path for year, path in paths.items() if int(year[-4:] or 0) <= rentree}
        found[name] = known if name in YEARLY else paths
    return found


def _refuse_unknown(programme: Programme) -> None:
    """Raise for a section of no source, or a column of none: nothing would read what it says."""
    known = {"nomenclatures", *USES, *PLACES, "naf", ZONE_NAMES}  # other codes lie in one folder
    for name, source in programme.sources.items():
        if name not in known:
            raise FpiError(
                f"source « {name} » inconnue : rien ne lirait son fichier.{hint(name, known)} "
                "Corrigez le nom de la section, ou retirez-la.",
                fichier="programme.toml",
                ligne=programme.lignes.get(f"sources.{name}"),
            )
        columns = _renamed(name) if source.colonnes else []
        if unread := [column for column in source.colonnes if column not in columns]:
            raise FpiError(
                f"colonne « {unread[0]} » inconnue de la source « {name} » : rien ne lirait le nom "
                f"déclaré.{hint(unread[0], columns)} Noms possibles : {liste(columns) or 'aucun'}. "
                f"Corrigez {programme.where_to_alias(name)}."
            )


def _renamed(source: str) -> list[str]:
    """Return the columns of a source that a programme may declare under another name."""
    if source == "ouvertures":
        return [column.name for column in REGISTRE.columns]
    schemas = [] if source == "nomenclatures" else catalogue.source(source).schemas()
    return list(dict.fromkeys(column.name for one in schemas for column in one.columns))


def register_file(folder: Path, source: Source) -> dict[str, Path]:
    """Return the register under any of its formats; two of them in one folder are refused."""
    declared = folder / source.fichier
    found = [
        path
        for path in sorted(declared.parent.glob(f"{declared.stem}.*"))
        if path.suffix.lower() in REGISTER
    ]
    if len(found) > 1:
        raise FpiError(
            f"deux registres des ouvertures : {liste(path.name for path in found)}. Lequel est le "
            "bon ne se devine pas. Gardez-en un seul dans le dossier.",
            fichier=str(declared.parent),
        )
    return {"": found[0]} if found else {}


def matching(folder: Path, source: Source) -> dict[str, Path]:
    """Return the files that the source's pattern matches, by year ("" without a year)."""
    found = re.search(r"\{(rentree|millesime)\}", source.fichier)
    if not found:
        path = folder / source.fichier
        return {"": path} if path.is_file() else {}
    before, after = source.fichier[: found.start()], source.fichier[found.end() :]
    pattern = re.compile(re.escape(before) + f"({YEAR[found[1]]})" + re.escape(after))
    candidates = (p.relative_to(folder).as_posix() for p in folder.glob(f"{before}*{after}"))
    years = {m[1]: folder / name for name in candidates if (m := pattern.fullmatch(name))}
    return dict(sorted(years.items()))


def files_behind(paths: Mapping[str, Mapping[str, Path]], folder: Path) -> dict[str, Iterable[str]]:
    """Return the files that decide of each source's tables, by the names of `files_of`."""
    own = {
        name: {_relative(path, folder) for path in found.values()} for name, found in paths.items()
    }
    merged = {name: own[name] | own.get(portal, set()) for name, portal in PORTAL_OF.items()}
    return {**own, **merged, "ouvertures": set().union(*own.values())}  # checked against them all


def no_file(
    programme: Programme, name: str, rentree: int, folder: Path, there: Iterable[catalogue.Found]
) -> str:
    """Return which file is absent, and which one of that source lies there under another name."""
    said = f"aucun fichier « {wanted(programme, name, rentree)} »"
    others = {}
    for file in sorted(there, key=lambda one: one.year or ""):
        if file.source == name:
            found, year = _relative(file.path, folder), file.year or ""
            named = "{millesime}" if "_" in year else "{rentree}"
            others[found.replace(year, named) if year else found] = found, year
    others.pop(programme.source(name).fichier, None)  # of another year than the one asked for
    if not others:
        return said
    spelled, (found, year) = others.popitem()
    said += f" ; pour lire « {found} », de la même source, "
    if spelled.count("{") > 1:  # which programme.toml refuses
        return f"{said}nommez-le « {wanted(programme, name, int(year[-4:]) + ('_' in year))} »"
    return (
        f"{said}écrivez {'ce nom' if spelled == found else f'« {spelled} »'} sous "
        f"[sources.{name}] de programme.toml"
    )


def wanted(programme: Programme, name: str, rentree: int) -> str:
    """Return the name of a source's file for that rentrée."""
    return expand(programme.source(name).fichier, rentree, f"[sources.{name}]")


def _require(
    programme: Programme,
    name: str,
    source: Source,
    folder: Path,
    paths: dict[str, Path],
    rentree: int,
) -> None:
    """Raise if a compulsory source, or its requested year, is absent."""
    if not source.obligatoire:
        return
    here = folder / wanted(programme, name, rentree)
    if not paths:
        beside = sorted(p.name for p in here.parent.glob("*"))[:6] if here.parent.is_dir() else []
        found = f"Trouvé à côté : {liste(beside)}. " if beside else ""
        raise FpiError(
            f"fichier absent, et la source « {name} » est obligatoire. {found}Déposez-le, ou "
            f"corrigez « fichier » dans [sources.{name}] de programme.toml (ligne "
            f"{programme.lignes.get(f'sources.{name}')}). Pour un rapport sans elle, écrivez-y "
            f"« obligatoire = false » : resteraient vides {USES[name].sections}.",
            fichier=str(here),
        )
    if "{rentree}" in source.fichier and str(rentree) not in paths:
        raise FpiError(
            f"la rentrée {rentree} est absente de la source « {name} » (trouvé : "
            f"{liste(paths)}). Déposez ce fichier, choisissez une rentrée présente, ou écrivez "
            f"« obligatoire = false » dans [sources.{name}] : manqueraient {USES[name].sections}.",
            fichier=str(here),
        )


def _relative(path: Path, folder: Path) -> str:
    """Return a file's name in the folder, as every system writes it."""
    return path.relative_to(folder).as_posix()
