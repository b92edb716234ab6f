"""Commands on a programme that is there: check, report, power, individual files, notebooks."""

import hashlib
import io
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.table import Column, Table
from rich.text import Text

from fpi_eval import escapes
from fpi_eval.cli.application import ABlanc, Donnees, Programme, Rentree, command, would
from fpi_eval.errors import FpiError
from fpi_eval.terminal import Terminal, say

if TYPE_CHECKING:
    from fpi_eval.panel.loading import Donnees as Loaded
    from fpi_eval.programme import Programme as Declared
    from fpi_eval.sources.known_sources import Found
    from fpi_eval.sources.reading.reading import Provenance


@command(
    "run",
    "2022",
    "2022-2023 --donnees mes_telechargements",
    "2022 --programme rail_du_nord --a-blanc",
    "2024..2026 --programme rail_du_nord,rail_du_sud",
    "2022 --langue en",
)
def run_report(
    rentree: Annotated[
        str,
        Parameter(help="Obligatoire. Année scolaire : « 2022-2023 », « 2022 », ou « 2022..2026 »."),
    ],
    /,
    *,
    programme: Annotated[
        str,
        Parameter(
            metavar="DOSSIER",
            help="Dossier du programme, ou son nom ; plusieurs se séparent par des virgules. Sans "
            "lui, celui que nomme data/defaut.toml, ou le seul du dossier data.",
        ),
    ] = "",
    donnees: Donnees = "",
    refaire: Annotated[bool, Parameter(help="Refait le rapport même si rien n'a changé.")] = False,
    cluster: Annotated[
        str,
        Parameter(
            metavar="ADRESSE",
            help="Grappe dask qui fait les rapports, tcp://… ; sans elle, cette machine.",
        ),
    ] = "",
    langue: Annotated[
        Literal["fr", "en"],
        Parameter(
            metavar="fr|en",
            show_choices=False,
            help="« en » ajoute en anglais la première page, les chiffres clés de cinq chapitres, "
            "la synthèse et les diapositives ; tout le reste n'existe qu'en français.",
        ),
    ] = "fr",
    a_blanc: ABlanc = False,
) -> None:
    """Produit le rapport d'une année scolaire dans reports/, ou de plusieurs à la fois."""
    from fpi_eval.report.runner.yearly import several, yearly

    asked = several(programme, rentree)
    langues = () if langue == "fr" else (langue,)
    if a_blanc:
        for one in asked:
            planned_run(*one, donnees)
    elif len(asked) == 1 and not cluster:
        say(yearly(*asked[0], donnees, force=refaire, langues=langues).index)
    else:
        many(asked, donnees, refaire, langues, cluster)


def planned_run(programme: Path, rentree: int, donnees: str) -> None:
    """Say what a run would read, execute and write."""
    from fpi_eval.programme import load_programme
    from fpi_eval.report.edition import notebooks_of, target_of
    from fpi_eval.report.runner.notebooks import discover
    from fpi_eval.report.runner.yearly import inputs_of

    what = load_programme(programme)
    would("lu", *sorted(inputs_of(what, rentree, donnees)))
    would("exécuté", *(info.name for info in discover(notebooks_of(what))))
    would("écrit", target_of(what, rentree))


def many(
    asked: list[tuple[Path, int]],
    donnees: str,
    force: bool,
    langues: tuple[str, ...],
    cluster: str,
) -> None:
    """Make reports at once, say each as it ends, and refuse at the end if one was refused."""
    from fpi_eval.cluster import spread
    from fpi_eval.report.edition import absolute
    from fpi_eval.report.runner.yearly import quietly
    from fpi_eval.text import annee_scolaire, liste

    refused = []
    tasks = [(str(folder), year, absolute(donnees), force, langues) for folder, year in asked]
    for (folder, year, *_), found in spread(quietly, tasks, address=cluster):
        name = f"{Path(folder).name} {annee_scolaire(year)}"
        if isinstance(found, FpiError):
            refused.append(name)
        say(f"{name} : {found if isinstance(found, FpiError) else found.index}")
    if refused:
        raise FpiError(f"pas de rapport pour {liste(refused)} ; les autres sont faits.")


@command(
    "compare",
    "2024 2025",
    "2024 2025 --donnees fichiers --donnees-avant fichiers_2024",
)
def compare(
    avant: Rentree,
    rentree: Rentree,
    /,
    *,
    programme: Programme = "",
    donnees: Donnees = "",
    donnees_avant: Annotated[
        str,
        Parameter(
            metavar="DOSSIER",
            help="Fichiers que le premier rapport avait lus, s'ils ont été gardés : les révisions "
            "se séparent alors du code.",
        ),
    ] = "",
    programme_avant: Annotated[
        str,
        Parameter(
            metavar="DOSSIER", help="Définition du programme que le premier rapport suivait."
        ),
    ] = "",
) -> None:
    """Dit d'où vient l'écart de chaque chiffre entre deux rapports déjà faits."""
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.programme import load_programme, parse_rentree
    from fpi_eval.report.pages import changements as words
    from fpi_eval.report.published import since_last

    first, second = parse_rentree(avant), parse_rentree(rentree)
    if first >= second:
        raise FpiError(
            f"la première rentrée ({first}) doit précéder la seconde ({second}). Échangez-les."
        )
    year = load_year(programme, second, donnees)
    since_last.published(year.donnees, second)
    former = load_programme(programme_avant) if programme_avant else None
    found = since_last.between_reports(year, first, donnees_avant, former)
    say(words.reponse(found).partition("\n")[0], words.phrases(found), sep="\n\n")


@command("check", "2022", "2022 --donnees mes_telechargements --programme rail_du_nord")
def check(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Contrôle tous les fichiers du dossier, sans produire de rapport."""
    from fpi_eval.programme import find_programme, parse_rentree
    from fpi_eval.store import kept

    out, folder = Terminal(), find_programme(programme)
    said = kept(
        checked,
        folder,
        parse_rentree(rentree),
        donnees,
        contents={**contents(folder), **(contents(Path(donnees)) if donnees else {})},
        width=out.width,
        colours=out.is_terminal,
    )
    out.file.write(said)


def contents(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder, by its path."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            found[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


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
    from fpi_eval.sources.portal.lock import verify
    from fpi_eval.text import annee_scolaire, liste, nombre

    what = load_programme(folder)
    found = load(what, year, donnees)
    said = io.StringIO()
    out = Terminal(file=said, width=width, force_terminal=colours)
    table = Table(
        "Source", "Année", Column("Fichier", overflow="fold"), "Lignes", "Écartées", box=None
    )
    seen = catalogue.discover(found.dossier, what)
    jobs, doubtful = read_jobs(what, found.dossier)
    for source, period, origin in [*found.provenances(), *jobs, *read_others(found, seen.files)]:
        aside = sum(origin.lignes_ecartees.values())
        table.add_row(source, period, origin.fichier, nombre(origin.lignes), nombre(aside))
    out.print(table)
    for row in found.alertes().itertuples():
        kind = "Absente (facultative)" if row.constat == "Absente" else row.constat
        effect = "Sans elle, vide" if row.constat == "Absente" else "Concerne"
        without = f" {effect} : {row.sections}." * bool(row.sections)
        said_of = f"{kind} : {row.source}, {row.detail.rstrip('.')}.{without}"
        out.print(said_of, soft_wrap=True)
    for sentence in doubtful:
        out.print(f"À vérifier : {sentence}", soft_wrap=True)
    if found.absentes or found.retards:
        out.print(
            "Le rapport se fait sans ces sources et dit ce qui manque. Pour qu'une source soit "
            "exigée, écrivez « obligatoire = true » sous [sources.<nom>] de programme.toml.",
            soft_wrap=True,
        )
    if said_of := individual_files(what, found):
        out.print(said_of, soft_wrap=True)
    register = {path.resolve() for path in found.fichiers.values()}
    strays = [p.name for p in seen.unexplained if p.resolve() not in register]
    if strays:
        out.print(f"Fichiers qu'aucune source n'explique : {liste(strays)}.", soft_wrap=True)
    changed = [v for v in verify(found.dossier) if v.etat != "conforme"]
    if changed:
        raise FpiError(
            "des fichiers ne sont plus ceux qui ont été téléchargés : "
            + " ; ".join(v.summary() for v in changed)
            + " Relancez « fpi-eval fetch », ou retirez-les de sources.lock.json."
        )
    for line in remaining(what, found.dossier, simulated=found.simulees):
        out.print(f"Reste à faire — {line}.", soft_wrap=True)
    out.print(f"Entrées valides pour {annee_scolaire(year)} ({found.credit}).", soft_wrap=True)
    return said.getvalue()


def read_jobs(
    programme: "Declared", folder: Path
) -> "tuple[list[tuple[str, str, Provenance]], list[str]]":
    """Return the provenance of Urssaf's file, which one page alone reads, and its odd years."""
    from fpi_eval.panel.secteurs import SOURCE, odd_years, read_emplois, urssaf_files

    files = urssaf_files(programme, folder)
    if not files:
        return [], []
    reading = read_emplois(programme, files)
    return [(SOURCE, "", reading.provenance)], odd_years(reading.table)


def individual_files(what: "Declared", found: "Loaded") -> str:
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


def read_others(found: "Loaded", files: "list[Found]") -> "list[tuple[str, str, Provenance]]":
    """Return the provenance of the folder's files that the run itself does not need."""
    from fpi_eval.sources import known_sources as catalogue
    from fpi_eval.sources.reading.cache import cached

    known = {path.resolve() for path in found.fichiers.values()}
    others = []
    for source, path, period in files:
        entry = next(e for e in catalogue.CATALOGUE if e.name == source)
        if path.resolve() in known or source in catalogue.WITH_OTHER_TABLES:
            continue
        year = (
            (int(period or 0) if entry.year == "rentree" else period,)
            if entry.year_argument
            else ()
        )
        others.append((source, period or "", cached(entry.load(), path, *year).provenance))
    return others


@command("puissance", "2022 --donnees mes_telechargements", "2026")
def puissance(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Dit le plus petit effet décelable, et dès quelle rentrée chaque résultat pourra se lire."""
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.power import puissance as detect
    from fpi_eval.power.detect import SHOWN
    from fpi_eval.programme import parse_rentree
    from fpi_eval.text import liste

    p = load_year(programme, parse_rentree(rentree), donnees)
    if p.registre.empty:
        raise FpiError(
            "le registre des ouvertures (ouvertures.csv) manque : la puissance se calcule sur le "
            "calendrier réel des places. « fpi-eval new » en écrit le modèle.",
            fichier=donnees or None,
        )
    panel = p.cells
    seen = [name for name in SHOWN if name in panel and panel[name].notna().any()]
    Terminal(stderr=True).print(f"Tirages sur {liste(seen)} (une minute environ)…")
    codes = p.donnees.nomenclatures
    found = detect(
        panel,
        p.registre,
        programme=p.donnees.programme,
        mef=codes.mef,
        familles=codes.familles,
        resultats=seen,
    )
    say(found.summary())


@command(
    "individus",
    "2022 --fichiers individus",
    "2022 --fichiers individus --sortie a_exporter --a-blanc",
)
def individus(
    rentree: Rentree,
    /,
    *,
    programme: Programme = "",
    donnees: Donnees = "",
    fichiers: Annotated[
        str,
        Parameter(
            metavar="DOSSIER",
            help="Dossier des fichiers individuels ; [individus] dossier par défaut.",
        ),
    ] = "",
    sortie: Annotated[
        str,
        Parameter(
            metavar="DOSSIER",
            help="Dossier où écrire les tableaux protégés et leur journal d'exports.",
        ),
    ] = "",
    a_blanc: ABlanc = False,
) -> None:
    """Compte les fichiers individuels : qui travaille dans l'industrie de la région."""
    from fpi_eval import checks, headline, records
    from fpi_eval.absent import Absent
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.programme import parse_rentree
    from fpi_eval.report.pages import individus as words

    year = load_year(programme, parse_rentree(rentree), donnees)
    found = records.count(year, fichiers)
    if isinstance(found, Absent):
        say(found, found.holder)
        return
    effect = checks.evaluated(found.panel, records.INDUSTRY_JOBS, year.programme)
    said = headline.emploi(year, Absent(""), effect)
    effects = words.effets(effect, year.context)
    say(words.lecture(found), words.reponse(effect, said), effects, sep="\n\n")
    if sortie and a_blanc:
        tables = (name for name, one in found.tables.items() if not isinstance(one, Absent))
        would("écrit", *(f"{sortie}/{name}.csv" for name in tables))
    elif sortie:
        say(*records.release(found.tables, sortie), sep="\n")


@command("notebooks", "", "--programme rail_du_nord")
def notebooks(*, programme: Programme = "") -> None:
    """Liste les notebooks, leurs paramètres et ce qu'ils déclarent."""
    from fpi_eval.programme import load_programme
    from fpi_eval.report.edition import notebooks_of
    from fpi_eval.report.runner.notebooks import discover

    out = Terminal()
    for info in discover(notebooks_of(load_programme(programme))):
        out.print(Text(escapes.terminal(info.name), style="bold"), info.title, "—", info.question)
        values = (f"{name} = {value!r}" for name, value in info.parameters.items())
        out.print("  paramètres :", ", ".join(values))
        for kind, names in info.declares.items():
            if isinstance(names, list):
                out.print(f"  {kind} :", ", ".join(names))


@command("lab", "02_places 2022", "03_diplomes 2022 --donnees mes_telechargements --no-ouvrir")
def lab(
    notebook: Annotated[
        str, Parameter(help="Obligatoire. Nom du notebook à copier, par exemple 02_places.")
    ],
    rentree: Rentree,
    /,
    *,
    programme: Programme = "",
    donnees: Donnees = "",
    ouvrir: Annotated[
        bool, Parameter(negative="--no-ouvrir", help="Ouvre JupyterLab sur la copie (par défaut).")
    ] = True,
    a_blanc: ABlanc = False,
) -> None:
    """Ouvre JupyterLab sur une copie du notebook, paramètres remplis."""
    from fpi_eval.panel.loading import folder_of
    from fpi_eval.programme import load_programme, parse_rentree
    from fpi_eval.report.edition import absolute, notebooks_of, project_root
    from fpi_eval.report.runner.exploration import copy_for_exploration

    what = load_programme(programme)
    year = parse_rentree(rentree)
    if donnees:
        folder_of(what, year, donnees)  # refused now rather than by the first cell
    values = {"programme": what.code, "rentree": year, "donnees": absolute(donnees)}
    folder = project_root(what) / "notebooks" / "exploration"
    copy = copy_for_exploration(notebooks_of(what), notebook, values, folder, write=not a_blanc)
    if a_blanc:
        would("écrit", copy)
        return
    say(copy)
    if ouvrir and find_spec("jupyterlab") is None:
        raise FpiError(
            "la copie est prête, mais JupyterLab n'est pas installé. Installez-le : "
            "pip install 'fpi-eval[lab]', ou ouvrez-la dans un autre éditeur de notebooks."
        )
    if ouvrir:
        subprocess.run([sys.executable, "-m", "jupyterlab", str(copy)], check=False)
