"""Write a new programme's folder, whole or not at all; an existing one is never touched."""

import csv
import math
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
from fpi_eval.text import NIVEAUX, liste

REGISTER = "ouvertures.xlsx"
FILES = ("programme.toml", FILE, REGISTER)


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
    environment.filters["euros"] = lambda amount: f"{amount:.2f}".removesuffix(".00")
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
    """Return seats a rentrée that would reach each target if every seat were filled every year.

    The same number of seats opens every rentrée, and a seat receives an entrant each year from then
    to the target's own. What levels do not bring to a target of the whole is shared in halves.
    """
    years = range(answers.debut, answers.fin + 1)

    def needed(*levels: str) -> int:
        aimed = [target for target in answers.cibles if target.niveau in levels]
        entries = [sum(max(t.echeance + 1 - year, 0) for year in years) for t in aimed]
        counts = zip(aimed, entries, strict=True)
        return max((math.ceil(t.personnes / one) for t, one in counts), default=0)

    seats = {level: needed(level) for level in NIVEAUX}
    more = math.ceil(max(needed("ensemble") - sum(seats.values()), 0) / len(NIVEAUX))
    return [{"rentree": y, **{level: n + more for level, n in seats.items()}} for y in years]
