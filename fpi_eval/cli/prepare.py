"""Commands before an evaluation: set up a programme, its register, its files, its plan."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from fpi_eval.cli.application import ABlanc, Donnees, Programme, Rentree, app, command, would
from fpi_eval.errors import FpiError
from fpi_eval.terminal import Terminal, say


@command("fetch", "2022", "2022 resultats_bac --a-blanc", "2022 --donnees mes_telechargements")
def fetch(
    rentree: Rentree,
    /,
    *sources: Annotated[str, Parameter(help="Seulement ces sources ; toutes par défaut.")],
    programme: Programme = "",
    donnees: Annotated[
        str,
        Parameter(
            metavar="DOSSIER",
            help="Dossier où ranger les fichiers ; data/<programme>/raw par défaut.",
        ),
    ] = "",
    remplacer: Annotated[
        bool, Parameter(help="Remplace aussi un fichier modifié à la main.")
    ] = False,
    a_blanc: ABlanc = False,
) -> None:
    """Télécharge les fichiers du programme depuis les portails déclarés."""
    from fpi_eval.programme import load_programme, parse_rentree
    from fpi_eval.sources.portal.portals import declared_hosts, requests_for

    what = load_programme(programme)
    folder = Path(donnees) if donnees else what.dossier / "raw"
    asked = requests_for(what, parse_rentree(rentree), sources=sources)
    if not asked:
        raise FpiError("le programme ne déclare aucun téléchargement dans programme.toml.")
    if a_blanc:
        would("téléchargé", *(f"{folder / one.fichier}, depuis {one.url}" for one in asked))
        return
    from fpi_eval.sources.portal.fetch import fetch as bring

    for brought in bring(
        asked, folder, hosts=declared_hosts(what), overwrite=remplacer, progress=True
    ):
        say(brought.summary())


@command("plan", "--programme rail_du_nord", "--a-blanc")
def plan(*, programme: Programme = "", a_blanc: ABlanc = False) -> None:
    """Écrit le plan d'analyse, daté et scellé, avant de regarder les résultats."""
    from fpi_eval.plan import PLANS, write_plan
    from fpi_eval.programme import load_programme

    what = load_programme(programme)
    folder = what.dossier / PLANS
    if a_blanc:
        would("écrit", f"{folder} : le plan de « {what.nom} », et son empreinte")
        return
    say(write_plan(what, folder))


@command(
    "programme",
    "",
    "--chercher électronique --region Bretagne",
    '"Rail du Nord" --region Hauts-de-France --debut 2023 \\\n'
    '    --filiere "Électricité=255,227" --cible secondaire=500 --cout 5000000',
)
def set_up(
    nom: Annotated[
        str, Parameter(help="Nom du programme, qui devient celui de son dossier dans data/.")
    ] = "",
    /,
    *,
    region: Annotated[
        tuple[str, ...],
        Parameter(metavar="NOM", help="Région, par son nom ou son code ; répétez l'option."),
    ] = (),
    debut: Annotated[
        str, Parameter(metavar="ANNÉE", help="Première rentrée d'ouverture de places.")
    ] = "",
    fin: Annotated[
        str, Parameter(metavar="ANNÉE", help="Dernière rentrée d'ouverture ; la première sinon.")
    ] = "",
    filiere: Annotated[
        tuple[str, ...],
        Parameter(
            metavar="NOM=CODES",
            help="« Électronique=255,32025516 », ou un mot à chercher dans les nomenclatures ; "
            "répétez l'option.",
        ),
    ] = (),
    cible: Annotated[
        tuple[str, ...],
        Parameter(
            metavar="NIVEAU=NOMBRE",
            help="« secondaire=500 », « ensemble=9000@2030 » ; répétez l'option.",
        ),
    ] = (),
    cout: Annotated[str, Parameter(metavar="EUROS", help="Coût complet, en euros.")] = "",
    subvention: Annotated[
        str, Parameter(metavar="EUROS", help="Subvention, en euros, si elle est connue.")
    ] = "",
    source: Annotated[str, Parameter(metavar="TEXTE", help="D'où viennent cibles et coûts.")] = "",
    chercher: Annotated[
        str,
        Parameter(metavar="MOT", help="Cherche un mot dans les nomenclatures, sans rien écrire."),
    ] = "",
    donnees: Donnees = "",
    dossier: Annotated[
        str, Parameter(metavar="DOSSIER", help="Dossier des programmes ; data par défaut.")
    ] = "data",
    a_blanc: ABlanc = False,
) -> None:
    """Prépare un nouveau programme : demande ce qui manque, puis écrit son dossier."""
    from fpi_eval import creation
    from fpi_eval.creation.ask import answers_of, show
    from fpi_eval.programme import load_programme

    if not chercher and not sys.stdin.isatty():
        refuse_missing(nom=nom, region=region, debut=debut, filiere=filiere, cible=cible, cout=cout)
    known = creation.catalogue_of(donnees)
    if chercher:
        show(known.search(chercher, known.regions(region)), Terminal(), known.hint)
        return
    made = answers_of(
        known,
        nom=nom,
        region=region,
        debut=debut,
        fin=fin,
        filiere=filiere,
        cible=cible,
        cout=cout,
        subvention=subvention,
        source=source,
    )
    folder = creation.write_programme(made, known, Path(dossier), write=not a_blanc)
    if a_blanc:
        would("écrit", *(folder / name for name in creation.FILES))
        return
    say(folder)
    for line in creation.remaining(load_programme(folder), Path(donnees), simulated=not donnees):
        say(f"Reste à faire — {line}.")
    with_files = f" --donnees {shlex.quote(donnees)}" if donnees else ""
    named = made.nom if dossier == "data" else shlex.quote(str(folder))
    for step in ("check", "run"):
        say(f"Ensuite : fpi-eval {step} {made.debut} --programme {named}{with_files}")


def refuse_missing(**options: object) -> None:
    """Raise with the options that must be given when nobody can answer."""
    from fpi_eval.text import liste

    lost = [name for name, value in options.items() if not value]
    if lost:
        names = ["le nom" if name == "nom" else f"--{name}" for name in lost]
        raise FpiError(
            f"il manque {liste(names)}, et personne n'est au clavier pour répondre. "
            "Ajoutez à la ligne ce qui manque (voir « fpi-eval programme --help »)."
        )


@command("new", "", "--programme rail_du_nord --fichier registre.xlsx")
def new(
    *,
    programme: Programme = "",
    fichier: Annotated[
        str,
        Parameter(
            metavar="FICHIER", help="Classeur à écrire ; ouvertures.xlsx du programme par défaut."
        ),
    ] = "",
    a_blanc: ABlanc = False,
) -> None:
    """Écrit le modèle Excel du registre des ouvertures, avec listes et mode d'emploi."""
    from fpi_eval.programme import load_programme
    from fpi_eval.sources.register.template import ProgrammeFacts as TemplateFacts
    from fpi_eval.sources.register.template import write_template

    what = load_programme(programme)
    target = Path(fichier) if fichier else what.dossier / "ouvertures.xlsx"
    written = write_template(target, TemplateFacts.of(what), write=not a_blanc)
    would("écrit", written) if a_blanc else say(written)


@command(
    "completion",
    "bash > ~/.local/share/bash-completion/completions/fpi-eval",
    "zsh > ~/.zfunc/_fpi-eval",
    "fish > ~/.config/fish/completions/fpi-eval.fish",
)
def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish"],
        Parameter(help="Obligatoire. bash, zsh ou fish.", show_choices=False),
    ],
    /,
) -> None:
    """Écrit ce qui permet à votre terminal de compléter commandes et options."""
    say(app.generate_completion(shell=shell))
