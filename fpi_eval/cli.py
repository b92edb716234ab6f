"""The command line, thin: parse, call the library, say in French what went wrong."""

import difflib
import errno
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter
from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from cyclopts.help import DefaultFormatter, HelpPanel
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

import fpi_eval
from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.panel.loading import Donnees as Loaded
from fpi_eval.panel.loading import load
from fpi_eval.programme import Programme as ProgrammeFacts
from fpi_eval.programme import load_programme, parse_rentree
from fpi_eval.sources.known_sources import Found
from fpi_eval.sources.reading.reading import Provenance
from fpi_eval.text import annee_scolaire, nombre

USER_ERROR = 2
TERMINAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SYSTEM = {
    errno.ENOSPC: "le disque est plein. Libérez de la place, puis relancez.",
    getattr(
        errno, "EDQUOT", errno.ENOSPC
    ): "votre quota de disque est atteint. Libérez de la place, puis relancez.",
    errno.EROFS: "ce dossier est en lecture seule. Choisissez-en un où vous pouvez écrire.",
    errno.EACCES: "vous n'avez pas le droit d'ouvrir ou d'écrire là. Vérifiez vos droits.",
    errno.EPERM: "vous n'avez pas le droit d'ouvrir ou d'écrire là. Vérifiez vos droits.",
    errno.ENOENT: "ce fichier ou ce dossier n'existe pas. Vérifiez son nom.",
    errno.ENOTDIR: "ce qui devrait être un dossier est un fichier. Vérifiez le chemin.",
    errno.EISDIR: "ce qui devrait être un fichier est un dossier. Vérifiez le chemin.",
    errno.ELOOP: "ce chemin est un lien qui tourne en rond. Corrigez-le.",
    errno.ENAMETOOLONG: "ce nom est trop long. Raccourcissez-le.",
    errno.EEXIST: "ce qui devrait être un dossier est un fichier. Vérifiez le chemin.",
    errno.EIO: "le disque ne répond pas. Vérifiez-le, puis relancez.",
}


class FrenchHelp(DefaultFormatter):
    """Help without the library's English marks: our texts say what is compulsory."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Write one panel."""
        for entry in panel.entries:
            entry.required, entry.default = False, None
        super().__call__(console, options, panel)


app = App(
    name="fpi-eval",
    help="Évalue un programme d'ouverture de places de formation : diplômés et emploi industriel.",
    usage="fpi-eval COMMANDE [ARGUMENTS]",
    version=fpi_eval.__version__,
    help_formatter=FrenchHelp(),
    default_parameter=Parameter(negative=""),
    group_commands=Group("Commandes"),
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
    suppress_keyboard_interrupt=False,  # `main` answers it with a sentence
)
app["--help"].help = "Affiche cette aide."
app["--version"].help = "Affiche la version."

Rentree = Annotated[
    str, Parameter(help="Obligatoire. Année scolaire : « 2022-2023 », ou « 2022 ».")
]
Programme = Annotated[
    str,
    Parameter(
        help="Dossier du programme (qui contient programme.toml), ou son nom ; sans lui, celui que "
        "nomme data/defaut.toml."
    ),
]
Donnees = Annotated[
    str, Parameter(help="Dossier des fichiers téléchargés. Sans lui : données simulées.")
]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a user's mistake ends with code 2 and one French message."""
    errors = Console(stderr=True)
    try:
        app(
            arguments,
            exit_on_error=False,
            print_error=False,
            error_console=errors,
            result_action="return_value",
        )
    except FpiError as error:
        refuse(errors, str(error))
    except CycloptsError as error:
        refuse(errors, in_french(error))
    except (OSError, RuntimeError) as error:
        if (said := of_the_system(error)) is None:
            raise
        refuse(errors, said)
    except KeyboardInterrupt:
        errors.print("Interrompu : le rapport précédent n'a pas été modifié.")
        sys.exit(130)


def refuse(errors: Console, message: str) -> None:
    """Say what went wrong, without what a terminal would obey, and end with code 2."""
    shown = TERMINAL.sub("", message)
    errors.print(Text.assemble(("Erreur : ", "bold red"), shown), soft_wrap=True)
    sys.exit(USER_ERROR)


def of_the_system(error: OSError | RuntimeError) -> str | None:
    """Return the French sentence for what the disk or the folder refuses, None for other faults."""
    if isinstance(error, RuntimeError):
        loop = "symlink loop" in str(error).lower()
        return "ce chemin est un lien qui tourne en rond. Corrigez-le." if loop else None
    where = f"{error.filename} : " if getattr(error, "filename", None) else ""
    said = SYSTEM.get(getattr(error, "errno", None))
    return None if said is None else f"{where}{said} Le rapport précédent n'a pas été modifié."


def in_french(error: CycloptsError) -> str:
    """Return the French sentence for a mistake on the command line."""
    command = " ".join(error.command_chain or ())
    aide = f"fpi-eval {command} --help".replace("  ", " ")
    name = error.argument.name.removeprefix("--") if error.argument else ""
    match error:
        case UnknownCommandError():
            names = [n for n in app if not n.startswith("-")]
            found = error.unused_tokens[0] if error.unused_tokens else ""
            hint = nearest(found, names)
            return f"commande « {found} » inconnue.{hint} Commandes possibles : {', '.join(names)}."
        case UnknownOptionError():
            token = error.token.keyword or error.token.value
            return (
                f"option « {token} » inconnue.{nearest(token, options_of(error))} Voir « {aide} »."
            )
        case RepeatArgumentError():
            return f"« {name} » est donné plusieurs fois. Gardez-en une seule."
        case MissingArgumentError():
            return f"il manque « {name} ». Voir « {aide} »."
        case CoercionError():
            return f"la valeur de « {name} » n'est pas du type attendu. Voir « {aide} »."
        case UnusedCliTokensError():
            return f"argument(s) en trop : {' '.join(error.unused_tokens or ())}. Voir « {aide} »."
        case _:
            return f"ligne de commande non comprise. Voir « {aide} »."


def nearest(word: str, known: Iterable[str]) -> str:
    """Return « Vouliez-vous dire … ? » for the nearest known word, nothing if none is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f" Vouliez-vous dire « {found[0]} » ?" if found else ""


def options_of(error: CycloptsError) -> list[str]:
    """Return the options of the command that the mistake is about."""
    if not error.command_chain:
        return ["--help", "--version"]
    arguments = app[error.command_chain[0]].assemble_argument_collection()
    return [name for one in arguments for name in one.names if name.startswith("--")]


@app.command(name="run")
def run_report(
    rentree: Rentree,
    /,
    *,
    programme: Programme = "",
    donnees: Donnees = "",
    refaire: Annotated[bool, Parameter(help="Refait le rapport même si rien n'a changé.")] = False,
    a_blanc: Annotated[
        bool, Parameter(help="Dit ce qui serait lu et écrit, sans rien produire.")
    ] = False,
) -> None:
    """Produit le rapport d'une année scolaire dans reports/."""
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.report.edition import Edition
    from fpi_eval.report.published import book as classeur
    from fpi_eval.report.runner.notebooks import discover
    from fpi_eval.report.runner.run import run

    year = parse_rentree(rentree)
    what = load_programme(programme)
    root = project_root(what)
    p = load_year(what, year, donnees)
    found = p.donnees
    if a_blanc:
        for name in sorted(found.fichiers):
            print(f"serait lu : {name}")
        for info in discover(root / "notebooks"):
            print(f"serait exécuté : {info.name}")
        print(f"serait écrit : {root / 'reports' / what.code / str(year)}")
        return
    edition = Edition.of(what, year, simulated=found.simulees, sources=(found.credit,))
    report = run(
        discover(root / "notebooks"),
        {"programme": str(what.dossier), "rentree": year, "donnees": absolute(donnees)},
        root / "reports" / what.code / str(year),
        edition=edition,
        inputs=found.fichiers | classeur.inputs(p),
        root=root,
        force=refaire,
        extras=lambda folder: classeur.write(folder, p, edition),
    )
    print(report.index)


@app.command
def check(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Contrôle tous les fichiers du dossier, sans produire de rapport."""
    from fpi_eval.creation import remaining
    from fpi_eval.sources import known_sources as catalogue
    from fpi_eval.sources.portal.lock import verify

    year = parse_rentree(rentree)
    what = load_programme(programme)
    found = load(what, year, donnees)
    out = Console()
    table = Table("Source", "Année", "Fichier", "Lignes", "Écartées", box=None)
    seen = catalogue.discover(found.dossier, what)
    for source, period, origin in [*found.provenances(), *read_others(found, seen.files)]:
        aside = sum(origin.lignes_ecartees.values())
        table.add_row(source, period, origin.fichier, nombre(origin.lignes), nombre(aside))
    out.print(table)
    for row in found.alertes().itertuples():
        kind = "Absente (facultative)" if row.constat == "Absente" else row.constat
        effect = "Sans elle, vide" if row.constat == "Absente" else "Concerne"
        without = f" {effect} : {row.sections}." * bool(row.sections)
        out.print(Text(f"{kind} : {row.source}, {row.detail.rstrip('.')}.{without}"))
    if found.absentes or found.retards:
        out.print(
            Text(
                "Le rapport se fait sans ces sources et dit ce qui manque. Pour qu'une source soit "
                "exigée, écrivez « obligatoire = true » sous [sources.<nom>] de programme.toml."
            )
        )
    register = {path.resolve() for path in found.fichiers.values()}
    for path in (p for p in seen.unexplained if p.resolve() not in register):
        out.print(f"Fichier qu'aucune source n'explique : {path.name}.")
    changed = [v for v in verify(found.dossier) if v.etat != "conforme"]
    if changed:
        raise FpiError(
            "des fichiers ne sont plus ceux qui ont été téléchargés : "
            + " ; ".join(v.summary() for v in changed)
            + " Relancez « fpi-eval fetch », ou retirez-les de sources.lock.json."
        )
    for line in remaining(what, found.dossier, simulated=found.simulees):
        out.print(f"Reste à faire — {line}.", soft_wrap=True)
    out.print(f"Entrées valides pour {annee_scolaire(year)} ({found.credit}).")


def read_others(found: Loaded, files: list[Found]) -> list[tuple[str, str, Provenance]]:
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


@app.command
def fetch(
    rentree: Rentree,
    /,
    *sources: Annotated[str, Parameter(help="Seulement ces sources ; toutes par défaut.")],
    programme: Programme = "",
    donnees: Annotated[
        str, Parameter(help="Dossier où ranger les fichiers ; data/<programme>/raw par défaut.")
    ] = "",
    remplacer: Annotated[
        bool, Parameter(help="Remplace aussi un fichier modifié à la main.")
    ] = False,
) -> None:
    """Télécharge les fichiers du programme depuis les portails déclarés."""
    from fpi_eval.sources.portal.fetch import fetch as bring
    from fpi_eval.sources.portal.portals import declared_hosts, requests_for

    what = load_programme(programme)
    folder = Path(donnees) if donnees else what.dossier / "raw"
    asked = requests_for(what, parse_rentree(rentree), sources=sources)
    if not asked:
        raise FpiError("le programme ne déclare aucun téléchargement dans programme.toml.")
    folder.mkdir(parents=True, exist_ok=True)
    for brought in bring(
        asked, folder, hosts=declared_hosts(what), overwrite=remplacer, progress=True
    ):
        print(brought.summary())


@app.command
def plan(*, programme: Programme = "") -> None:
    """Écrit le plan d'analyse, daté et scellé, avant de regarder les résultats."""
    from fpi_eval.plan import write_plan

    what = load_programme(programme)
    print(write_plan(what, what.dossier / "plans"))


@app.command
def puissance(rentree: Rentree, /, *, programme: Programme = "", donnees: Donnees = "") -> None:
    """Dit le plus petit effet décelable, et dès quelle rentrée chaque résultat pourra se lire."""
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.power import puissance as detect
    from fpi_eval.power.detect import SHOWN

    p = load_year(programme, parse_rentree(rentree), donnees)
    if p.registre.empty:
        raise FpiError(
            "le registre des ouvertures (ouvertures.csv) manque : la puissance se calcule sur le "
            "calendrier réel des places. « fpi-eval new » en écrit le modèle.",
            fichier=donnees or None,
        )
    panel = p.cells
    seen = [name for name in SHOWN if name in panel and panel[name].notna().any()]
    Console(stderr=True).print(f"Tirages sur {text.liste(seen)} (une minute environ)…")
    codes = p.donnees.nomenclatures
    found = detect(
        panel,
        p.registre,
        programme=p.donnees.programme,
        mef=codes.mef,
        familles=codes.familles,
        resultats=seen,
    )
    print(found.summary())


@app.command(name="programme")
def set_up(
    nom: Annotated[
        str, Parameter(help="Nom du programme, qui devient celui de son dossier dans data/.")
    ] = "",
    /,
    *,
    region: Annotated[
        tuple[str, ...], Parameter(help="Région, par son nom ou son code ; répétez l'option.")
    ] = (),
    debut: Annotated[int, Parameter(help="Première rentrée d'ouverture de places.")] = 0,
    fin: Annotated[int, Parameter(help="Dernière rentrée d'ouverture ; la première sinon.")] = 0,
    filiere: Annotated[
        tuple[str, ...],
        Parameter(
            help="« Électronique=255,32025516 », ou un mot à chercher dans les nomenclatures ; "
            "répétez l'option."
        ),
    ] = (),
    cible: Annotated[
        tuple[str, ...],
        Parameter(help="« secondaire=500 », « ensemble=9000@2030 » ; répétez l'option."),
    ] = (),
    cout: Annotated[float, Parameter(help="Coût complet, en euros.")] = 0.0,
    subvention: Annotated[float, Parameter(help="Subvention, en euros, si elle est connue.")] = 0.0,
    source: Annotated[str, Parameter(help="D'où viennent cibles et coûts.")] = "",
    chercher: Annotated[
        str, Parameter(help="Cherche un mot dans les nomenclatures, sans rien écrire.")
    ] = "",
    donnees: Donnees = "",
    dossier: Annotated[str, Parameter(help="Dossier des programmes ; data par défaut.")] = "data",
) -> None:
    """Prépare un nouveau programme : demande ce qui manque, puis écrit son dossier."""
    from fpi_eval import creation
    from fpi_eval.creation import answers as said
    from fpi_eval.creation.ask import Questions, show

    known = creation.catalogue_of(donnees)
    if chercher:
        show(known.search(chercher, known.regions(region)), Console())
        return
    ask = Questions()
    if not sys.stdin.isatty():
        refuse_missing(nom=nom, region=region, debut=debut, filiere=filiere, cible=cible, cout=cout)
    titre = nom or ask.words("Nom du programme")
    codes = known.regions(region) if region else ask.regions(known)
    first = parse_rentree(debut or ask.whole("Première rentrée d'ouverture de places"))
    last = parse_rentree(fin or (first if debut else ask.whole("Dernière rentrée d'ouverture")))
    chosen = tuple(said.parse_filiere(text, known, codes) for text in filiere)
    targets = tuple(said.parse_target(text, last) for text in cible)
    asked_cost = not cout
    made = creation.Answers(
        nom=said.folder_name(titre),
        titre=titre,
        regions=tuple(codes),
        debut=first,
        fin=last,
        filieres=chosen or ask.filieres(known, codes),
        cibles=targets or ask.targets(last),
        cout=cout or ask.amount("Coût complet, en euros"),
        subvention=subvention
        or (ask.amount("Subvention, en euros (Entrée si inconnue)", 0.0) if asked_cost else None)
        or None,
        source=source or (ask.source() if asked_cost else said.TODO),
    )
    folder = creation.write_programme(made, known, Path(dossier))
    print(folder)
    for line in creation.remaining(load_programme(folder), Path(donnees), simulated=not donnees):
        print(f"Reste à faire — {line}.")


def refuse_missing(**options: object) -> None:
    """Raise with the options that must be given when nobody can answer."""
    lost = [name for name, value in options.items() if not value]
    if lost:
        raise FpiError(
            f"il manque {text.liste(lost if lost != ['nom'] else ['le nom'])}, et personne n'est "
            "au clavier pour répondre. Donnez-les en options (« fpi-eval programme --help »)."
        )


@app.command
def new(
    *,
    programme: Programme = "",
    fichier: Annotated[
        str, Parameter(help="Classeur à écrire ; ouvertures.xlsx du programme par défaut.")
    ] = "",
) -> None:
    """Écrit le modèle Excel du registre des ouvertures, avec listes et mode d'emploi."""
    from fpi_eval.sources.register.template import ProgrammeFacts as TemplateFacts
    from fpi_eval.sources.register.template import write_template

    what = load_programme(programme)
    target = Path(fichier) if fichier else what.dossier / "ouvertures.xlsx"
    print(write_template(target, TemplateFacts.of(what)))


@app.command
def individus(
    rentree: Rentree,
    /,
    *,
    programme: Programme = "",
    donnees: Donnees = "",
    fichiers: Annotated[
        str, Parameter(help="Dossier des fichiers individuels ; [individus] dossier par défaut.")
    ] = "",
    sortie: Annotated[
        str, Parameter(help="Dossier où écrire les tableaux protégés et leur journal d'exports.")
    ] = "",
) -> None:
    """Compte les fichiers individuels : qui travaille dans l'industrie de la région."""
    from fpi_eval import impact, records
    from fpi_eval.absent import Absent
    from fpi_eval.panel.year import load as load_year
    from fpi_eval.report.pages import individus as words

    year = load_year(programme, parse_rentree(rentree), donnees)
    found = records.count(year, fichiers)
    print(words.controle(found))
    if isinstance(found, Absent):
        return
    effect = impact.in_industry(found.panel)
    print(words.reponse(effect), words.effets(effect, year.context), sep="\n\n")
    for path in records.release(found.tables, sortie) if sortie else ():
        print(path)


@app.command
def notebooks(*, programme: Programme = "") -> None:
    """Liste les notebooks, leurs paramètres et ce qu'ils déclarent."""
    from fpi_eval.report.runner.notebooks import discover

    out = Console()
    for info in discover(project_root(load_programme(programme)) / "notebooks"):
        out.print(Text(info.name, style="bold"), info.title, "—", info.question)
        values = (f"{name} = {value!r}" for name, value in info.parameters.items())
        out.print("  paramètres :", ", ".join(values))
        for kind, names in info.declares.items():
            if isinstance(names, list):
                out.print(f"  {kind} :", ", ".join(names))


@app.command
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
) -> None:
    """Ouvre JupyterLab sur une copie du notebook, paramètres remplis."""
    from fpi_eval.report.runner.exploration import copy_for_exploration

    what = load_programme(programme)
    year = parse_rentree(rentree)
    values = {"programme": what.code, "rentree": year, "donnees": absolute(donnees)}
    copy = copy_for_exploration(project_root(what) / "notebooks", notebook, values)
    print(copy)
    if ouvrir:
        subprocess.run([sys.executable, "-m", "jupyterlab", str(copy)], check=False)


def project_root(programme: ProgrammeFacts) -> Path:
    """Return the folder that holds data/, notebooks/ and reports/."""
    return programme.dossier.parents[1]


def absolute(folder: str) -> str:
    """Return the folder as an absolute path, so that a notebook finds it from where it runs."""
    return str(Path(folder).absolute()) if folder else ""
