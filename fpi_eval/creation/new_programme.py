"""Write a new programme's folder, whole or not at all; an existing one is never touched."""

import csv
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from fpi_eval import escapes
from fpi_eval.creation.answers import TODO, Answers, check_answers
from fpi_eval.creation.search import Catalogue
from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme, load_programme
from fpi_eval.sources.declared_filieres import FILE, read_filieres
from fpi_eval.sources.register.template import ProgrammeFacts, write_template
from fpi_eval.text import liste

REGISTER = "ouvertures.xlsx"
FILES = ("programme.toml", FILE, REGISTER)
LEVELS = ("secondaire", "superieur")


def write_programme(
    answers: Answers, catalogue: Catalogue, root: Path, *, write: bool = True
) -> Path:
    """Write ``programme.toml``, ``filieres.csv`` and the register's template; return the folder.

    Parameters
    ----------
    root : Path
        Folder of the programmes, made if it is not there.
    write : bool
        Without it, everything is made and read again elsewhere, then thrown away.

    Raises
    ------
    FpiError
        Answers that do not go together, or a programme of that name there.
    """
    check_answers(answers)
    target = root / answers.nom
    if target.exists():
        raise FpiError(
            f"le programme « {answers.nom} » existe déjà et n'est pas remplacé. Choisissez un "
            "autre nom, ou modifiez ses fichiers.",
            fichier=str(target),
        )
    if write:
        root.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=root if write else None, prefix=f".{answers.nom}_"))
    try:
        _fill(making, answers, catalogue)
        if write:
            making.chmod(0o755)
            making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return target


def _fill(folder: Path, answers: Answers, catalogue: Catalogue) -> None:
    (folder / "programme.toml").write_text(toml_of(answers, catalogue), encoding="utf-8")
    with (folder / FILE).open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, delimiter=";", lineterminator="\n")
        rows.writerow(["code", "libelle", "filiere", "motif"])
        for choice in answers.filieres:
            for code in choice.codes:
                rows.writerow([code, catalogue.name_of(code), choice.code, choice.motif])
    made = _read_again(folder)
    write_template(folder / REGISTER, ProgrammeFacts.of(made))


def _read_again(folder: Path) -> Programme:
    """Return the programme just written: what cannot be read is never put in place."""
    made = load_programme(folder)
    read_filieres(made)
    return made


def toml_of(answers: Answers, catalogue: Catalogue) -> str:
    """Return the commented text of ``programme.toml``."""
    environment = Environment(
        loader=PackageLoader("fpi_eval.creation"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["toml"] = escapes.toml
    rows = catalogue.places[catalogue.places["code_region"].isin(answers.regions)]
    rows = rows.drop_duplicates("code_departement").sort_values("code_departement", kind="stable")
    names = rows.drop_duplicates("code_region").set_index("code_region")["region"]
    return environment.get_template("programme.toml.j2").render(
        answers=answers,
        region=liste(names[code] for code in answers.regions),
        academies=_unique(rows, "code_academie", "academie"),
        departements=rows.to_dict("records"),
        ouvertures=_openings(answers),
        horizon=max(answers.fin + 4, *(t.echeance for t in answers.cibles)),
        todo=TODO,
    )


def _unique(rows: pd.DataFrame, code: str, name: str) -> list[tuple[str, str]]:
    kept = rows.drop_duplicates(code).sort_values(code, kind="stable")
    return list(zip(kept[code], kept[name], strict=True))


def _openings(answers: Answers) -> list[dict[str, int]]:
    """Return seats a rentrée that would reach the targets if every seat were filled every year.

    A seat opened the first year receives an entrant each year since: the same number of seats is
    opened every rentrée. A target that no level names is shared in halves.
    """
    years = range(answers.debut, answers.fin + 1)
    entries = len(years) * (len(years) + 1) / 2
    people: dict[str, float] = dict.fromkeys(LEVELS, 0.0)
    for target in answers.cibles:
        if target.niveau in people:
            people[target.niveau] += target.personnes
    if not any(people.values()):
        people = dict.fromkeys(LEVELS, answers.cibles[0].personnes / 2)
    seats = {level: max(round(n / entries), 1) if n else 0 for level, n in people.items()}
    return [{"rentree": year, **seats} for year in years]
