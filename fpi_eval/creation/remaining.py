"""What a programme's folder still lacks before its report says all it can."""

from pathlib import Path

from fpi_eval.creation.answers import TODO
from fpi_eval.creation.new_programme import REGISTER
from fpi_eval.panel import emplois, secteurs, tension
from fpi_eval.panel.run_files import register_file
from fpi_eval.programme import Programme
from fpi_eval.several_regions import worded

OPTIONAL = {
    emplois.OWN: "l'emploi industriel de la région et sa source : sans lui ni fichier de l'Urssaf, "
    "la page sur l'emploi industriel ne dit pas quel effet se verrait",
    secteurs.FILE: "les secteurs que chaque filière alimente : sans lui, les emplois de ces "
    "secteurs ne sont pas montrés",
    tension.FILE: "les métiers auxquels mènent les formations : sans lui, l'effet n'est pas "
    "comparé selon la tension du métier",
}


def remaining(programme: Programme, donnees: Path, *, simulated: bool = False) -> list[str]:
    """Return, in French, what is still to do, each with its file and line."""
    path = programme.dossier / "programme.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [
        f"programme.toml, ligne {number} : {line.strip()}"
        for number, line in enumerate(lines, start=1)
        if TODO in line and not line.lstrip().startswith("#")
    ]
    register = programme.sources.get("ouvertures")
    if not simulated and register and not register_file(donnees, register):
        ready = (programme.dossier / REGISTER).is_file()
        template = (
            f"{REGISTER}, dans {programme.dossier.name}," if ready else "le modèle (fpi-eval new)"
        )
        found.append(
            f"{register.fichier} : le registre des ouvertures n'est pas dans le dossier de "
            f"données. Remplissez {template} et déposez-le"
        )
    for name, why in OPTIONAL.items():
        if not (programme.dossier / name).is_file():
            with programme.words():
                found.append(f"{name} (facultatif) : {worded(why)}")
    return found
