"""Commands on a programme that is there: check, report, power, individual files, notebooks."""

import subprocess
import sys
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

from fpi_eval import escapes
from fpi_eval.cli.application import ABlanc, Donnees, Programme, Rentree, command, would
from fpi_eval.errors import FpiError
from fpi_eval.several_regions import worded
from fpi_eval.terminal import Terminal, say

if TYPE_CHECKING:
    from fpi_eval import programme as declaration


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
            help="« en » ajoute le rapport en anglais : première page, chapitres, annexes, PDF, "
            "classeur, tableaux à télécharger.",
        ),
    ] = "fr",
    a_blanc: ABlanc = False,
) -> None:
    """Produit le rapport d'une année scolaire dans reports/, ou de plusieurs à la fois."""
    from fpi_eval.report.runner.yearly import ignored, several, yearly

    asked = several(programme, rentree)
    langues = () if langue == "fr" else (langue,)
    if a_blanc:
        for one in asked:
            planned_run(*one, donnees)
    elif len(asked) == 1 and not cluster:
        say(yearly(*asked[0], donnees, force=refaire, langues=langues).index)
        for words in ignored(asked) if donnees else ():
            say(words, error=True)
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
    """Make reports at once, say each as it ends, and refuse at the end if one was refused.

    The years of a programme come one after the other: a report hides with what earlier ones
    published, and says what changed since.
    """
    from fpi_eval.cluster import processes, spread
    from fpi_eval.report.edition import absolute, reports_of
    from fpi_eval.report.runner.journal import path_of
    from fpi_eval.report.runner.yearly import ignored, quietly
    from fpi_eval.text import annee_scolaire, liste

    made, refused, journals = [], [], []
    years = {folder: tuple(y for one, y in asked if one == folder) for folder, _ in asked}
    tasks = [
        (str(folder), year, absolute(donnees), force, langues, years[folder])
        for folder, year in asked
    ]
    workers = min(processes(), len(years))
    try:
        for (folder, year, *_), found in spread(
            quietly, tasks, address=cluster, workers=workers, in_order=itemgetter(0)
        ):
            place = Path(folder)
            name = f"{place.name} {annee_scolaire(year)}"
            if isinstance(found, FpiError):
                refused.append(name)
                journals.append(path_of(reports_of(place) / str(year)))
                say(f"{name} : {found}")
            else:
                made.append((place, year))
                say(f"{name} : {found.index}")
    finally:  # said of what is made, whatever stops the others
        for words in ignored(made) if donnees else ():
            say(words, error=True)
    if refused:
        others = " ; les autres sont faits" if made else ""
        kept = [path for path in journals if path.is_file()]
        where = f" Journaux : {liste(kept)}." if kept else ""
        raise FpiError(f"pas de rapport pour {liste(refused)}{others}.{where}")


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
            f"la première rentrée ({first}) doit précéder la seconde ({second}). "
            + ("Échangez-les." if first > second else "Donnez deux années différentes.")
        )
    year = load_year(programme, second, donnees)
    since_last.published(year.donnees, second)
    former = load_programme(programme_avant) if programme_avant else None
    found = since_last.between_reports(year, first, donnees_avant, former)
    say_of(year.programme, words.reponse(found).partition("\n")[0], words.phrases(found))


@command("check", "2022", "2022 --donnees mes_telechargements --programme rail_du_nord")
def check(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Contrôle tous les fichiers du dossier, sans produire de rapport."""
    from fpi_eval.cli.folder import checked, contents
    from fpi_eval.programme import load_programme, parse_rentree
    from fpi_eval.programme_folders import find_programme, provenance
    from fpi_eval.report.edition import PUBLICATION, kept_earlier
    from fpi_eval.store import kept

    out, folder, year = Terminal(), find_programme(programme), parse_rentree(rentree)
    what, simulated = load_programme(folder), not donnees
    earlier = kept_earlier(what, year, PUBLICATION, simulated=simulated).values()
    given = [Path(donnees), Path(donnees) / what.individus.dossier] if donnees else []
    said = kept(
        checked,
        folder,
        year,
        donnees,
        contents=contents(folder, *given, *earlier),
        width=out.width,
        colours=out.is_terminal,
    )
    say(f"Programme : {what.titre}, {provenance(folder)}.")
    out.file.write(said)


@command("puissance", "2022 --donnees mes_telechargements", "2026")
def puissance(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Dit le plus petit effet décelable, et dès quelle rentrée chaque résultat pourra se lire."""
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.power import puissance as detect
    from fpi_eval.power.detect import counted
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
    seen = counted(panel)
    Terminal(stderr=True).print(f"Tirages sur {liste(seen)} (une minute environ)…")
    found = detect(
        panel,
        p.registre,
        programme=p.donnees.programme,
        mef=p.donnees.nomenclatures.mef,
        familles=p.donnees.familles,
        resultats=seen,
    )
    say_of(p.donnees.programme, found.summary())


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
    effects = words.effets(effect, said, year.context)
    say_of(year.programme, words.lecture(found), words.reponse(effect, said), effects)
    if sortie and a_blanc:
        from fpi_eval.records.exports import LOG

        tables = [f"{n}.csv" for n, one in found.tables.items() if not isinstance(one, Absent)]
        would("écrit", *(Path(sortie, name) for name in [*tables, *[LOG] * bool(tables)]))
    elif sortie:
        with year.programme.words():
            out = records.release(found.tables, sortie)
            lost = (f"Sans {n}.csv : {t}" for n, t in found.tables.items() if isinstance(t, Absent))
            say(*out, *lost, sep="\n")


def say_of(what: "declaration.Programme", *told: object) -> None:
    """Say paragraphs in the words of the programme's regions."""
    with what.words():
        say(*(worded(str(one)) for one in told), sep="\n\n")


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
    from fpi_eval.panel.run_files import folder_of
    from fpi_eval.programme import load_programme, parse_rentree
    from fpi_eval.report.edition import absolute, notebooks_of, project_root
    from fpi_eval.report.runner.exploration import copy_for_exploration

    what = load_programme(programme)
    year = parse_rentree(rentree)
    if donnees:
        folder_of(what, year, donnees)  # refused now rather than by the first cell
    named = what.code if what.dossier.parent.name == "data" else str(what.dossier)
    values = {"programme": named, "rentree": year, "donnees": absolute(donnees)}
    folder = project_root(what) / "notebooks" / "exploration"
    with what.words():
        copy = copy_for_exploration(notebooks_of(what), notebook, values, folder, write=not a_blanc)
    if a_blanc:
        would("écrit", copy)
        return
    say(copy)
    if ouvrir and find_spec("jupyterlab") is None:
        raise FpiError(
            "la copie est prête, mais JupyterLab n'est pas installé. Installez-le, dans le dossier "
            "du projet : pip install -e '.[lab]', ou ouvrez-la dans un autre éditeur de notebooks."
        )
    if ouvrir:
        subprocess.run([sys.executable, "-m", "jupyterlab", str(copy)], check=False)
