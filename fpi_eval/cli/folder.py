"""What `fpi-eval check` says of a folder: sources read, doubts, individual files, what is left.

Nothing heavy is imported before it is used: an unchanged folder's words are kept.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

from fpi_eval.errors import FpiError
from fpi_eval.pinned import files_under, sha256
from fpi_eval.terminal import Terminal
from fpi_eval.text import annee_scolaire, liste, nombre, pluriel

if TYPE_CHECKING:
    from fpi_eval.panel.loading import Donnees
    from fpi_eval.programme import Programme
    from fpi_eval.sources.known_sources import Found
    from fpi_eval.sources.reading.reading import Provenance

NOT_REQUIRED = (
    "Le rapport se fait sans ces sources et dit ce qui manque. Pour qu'une source soit exigée, "
    "écrivez « obligatoire = true » sous [sources.<nom>] de programme.toml."
)


def contents(*places: Path) -> dict[str, str]:
    """Return the SHA-256 of each file, and of each under a folder, links followed, by its path."""
    every = {*places, *(path for place in places for path in files_under(place))}
    return {str(path): sha256(path) for path in sorted(every) if path.is_file()}


def checked(
    folder: Path,
    year: int,
    donnees: str,
    *,
    contents: dict[str, str],
    width: int,
    colours: bool,
) -> str:
    """Return what the check of these contents says, as a terminal of that width shows it."""
    from fpi_eval.creation import remaining
    from fpi_eval.panel.loading import load
    from fpi_eval.programme import load_programme
    from fpi_eval.sources import known_sources as catalogue

    what = load_programme(folder)
    found = load(what, year, donnees)
    said = io.StringIO()
    out = Terminal(file=said, width=width, force_terminal=colours)
    seen = catalogue.discover(found.dossier, what)
    jobs, doubtful = read_jobs(what, found.dossier)
    out.print(read_sources([*found.provenances(), *jobs, *read_others(found, seen.files)]))
    register = {path.resolve() for path in found.fichiers.values()}
    strays = [p.name for p in seen.unexplained if p.resolve() not in register]
    lines = [
        set_aside([*found.provenances(), *jobs]),
        too_early(what, year),
        *doubts(found),
        *(f"À vérifier : {sentence}" for sentence in doubtful),
        NOT_REQUIRED if found.absentes or found.retards else "",
        individual_files(what, found),
        f"Fichiers qu'aucune source n'explique : {liste(strays)}." if strays else "",
    ]
    refuse_changed(found.dossier)
    left = remaining(what, found.dossier, simulated=found.simulees)
    lines += [f"Reste à faire — {line}." for line in left]
    count = sum(line.startswith("À vérifier") for line in lines)
    points = f" Au-dessus : {pluriel(count, 'point')} à vérifier." if count else ""
    lines += [f"Entrées valides pour {annee_scolaire(year)} ({found.credit}).{points}"]
    for line in filter(None, lines):
        out.print(line, soft_wrap=True)
    return said.getvalue()


def read_sources(rows: "list[tuple[str, str, Provenance]]") -> Table:
    """Return a row for each file read: source, year, file, rows kept and set aside."""
    table = Table(
        Column("Source", overflow="fold"),
        "Année",
        Column("Fichier", overflow="fold"),
        "Lignes",
        "Écartées",
        box=None,
    )
    for source, period, origin in rows:
        aside = sum(origin.lignes_ecartees.values())
        table.add_row(source, period, origin.fichier, nombre(origin.lignes), nombre(aside))
    return table


def set_aside(rows: "list[tuple[str, str, Provenance]]") -> str:
    """Return why rows were not kept, file by file, "" where all were."""
    why = [
        f"{origin.fichier}, {nombre(count)} ({reason})"
        for _, _, origin in rows
        for reason, count in origin.lignes_ecartees.items()
        if count
    ]
    return f"Lignes écartées, et pourquoi : {' ; '.join(why)}." if why else ""


def too_early(what: "Programme", year: int) -> str:
    """Return that the programme has not begun at a rentrée, "" once it has."""
    if year >= what.rentree_debut:
        return ""
    return (
        f"La rentrée {year} précède la première du programme ({what.rentree_debut}) : il n'a "
        "encore ouvert aucune place, et son rapport ne décrira que la situation d'avant."
    )


def doubts(found: "Donnees") -> list[str]:
    """Return a sentence for each source that is absent, late or odd, with the pages concerned."""
    from fpi_eval.report.published.memory import lost_columns

    lines = []
    for row in found.alertes(lost_columns(found)).itertuples():
        kind = "Absente (facultative)" if row.constat == "Absente" else row.constat
        effect = "Sans elle, vide" if row.constat == "Absente" else "Concerne"
        without = f" {effect} : {row.sections}." * bool(row.sections)
        lines.append(f"{kind} : {row.source}, {row.detail.rstrip('.')}.{without}")
    return lines


def refuse_changed(folder: Path) -> None:
    """Refuse files that are no longer those that were downloaded."""
    from fpi_eval.sources.portal.lock import verify

    changed = [v.summary().rstrip(".") for v in verify(folder) if v.etat != "conforme"]
    if changed:
        raise FpiError(
            "des fichiers ne sont plus ceux qui ont été téléchargés : "
            + " ; ".join(changed)
            + ". Relancez « fpi-eval fetch », ou retirez-les de sources.lock.json (et du dossier, "
            "pour un « .part »)."
        )


def read_jobs(
    programme: "Programme", folder: Path
) -> "tuple[list[tuple[str, str, Provenance]], list[str]]":
    """Return the provenance of Urssaf's file, which one page alone reads, and its oddities."""
    from fpi_eval.panel import secteurs

    files = secteurs.urssaf_files(programme, folder)
    if not files:
        return [], []
    reading = secteurs.read_emplois(programme, files)
    doubtful = secteurs.oddities_of_jobs(reading.table, secteurs.of_programme(programme))
    return [(secteurs.SOURCE, "", reading.provenance)], doubtful


def individual_files(what: "Programme", found: "Donnees") -> str:
    """Return what is wrong in the individual files of a folder, or why they cannot be read."""
    from fpi_eval import records
    from fpi_eval.absent import Absent, attempt

    where = found.dossier / what.individus.dossier
    if found.simulees or not where.is_dir():
        return ""
    faults = attempt(
        lambda: records.faults_of(where, what.individus, found.nomenclatures.departements)
    )
    if isinstance(faults, Absent):
        return f"Fichiers individuels non lus : {faults}"
    return faults.summary()


def read_others(found: "Donnees", files: "list[Found]") -> "list[tuple[str, str, Provenance]]":
    """Return the provenance of the folder's files that the run itself does not need.

    A file whose source is told absent, for want of the declared name, is checked too, and is in no
    row: the report does not read it.
    """
    from fpi_eval.sources import known_sources as catalogue
    from fpi_eval.sources.reading.cache import cached
    from fpi_eval.sources.reading.headers import Renaming

    known = {path.resolve() for path in found.fichiers.values()}
    others = []
    for source, path, period in files:
        if path.resolve() in known or source in catalogue.WITH_OTHER_TABLES:
            continue
        entry = catalogue.source(source)
        named = Renaming.of(found.programme, source)
        renamed: dict[str, Any] = {} if entry.argument else {"renaming": named}
        arguments = entry.arguments(path, period)
        origin = cached(entry.load(), path, *arguments, **renamed).provenance
        if source not in found.absentes:
            others.append((source, period or "", origin))
    return others
