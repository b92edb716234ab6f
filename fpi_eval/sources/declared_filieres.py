"""The programme's own table of what makes each filière: NSF groups and diplomas."""

from collections.abc import Sequence

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.text import AUTRE, liste

FILE = "filieres.csv"


def read_filieres(programme: Programme) -> pd.DataFrame:
    """Return the declared table of NSF groups and diplomas that make each filière.

    Raises `FpiError`: file absent, column absent, unknown filière, or code written twice.
    """
    table = read_declared(
        programme,
        FILE,
        ("code", "filiere"),
        "il dit quel groupe de spécialités (NSF) ou diplôme relève de quelle filière. « fpi-eval "
        "programme » en écrit un.",
    )
    known = [*programme.codes_filieres, AUTRE]
    refuse_wrong(
        table,
        FILE,
        (~table["filiere"].isin(known), "filiere", f"filière inconnue. Attendu : {liste(known)}"),
        (table["code"].duplicated(), "code", "code écrit deux fois. Gardez une ligne"),
    )
    return table


def read_declared(
    programme: Programme, file: str, columns: Sequence[str], what: str
) -> pd.DataFrame:
    """Return a table that the programme keeps in its folder, as written; ``what`` it says."""
    path = programme.dossier / file
    if not path.is_file():
        raise FpiError(f"fichier absent : {what}", fichier=str(path))
    table = pd.read_csv(path, sep=";", dtype="str", encoding="utf-8-sig", keep_default_na=False)
    if missing := [c for c in columns if c not in table]:
        raise FpiError(
            f"colonne absente (trouvé : {liste(table.columns)}). Ajoutez-la.",
            fichier=file,
            ligne=1,
            colonne=missing[0],
        )
    return table


def refuse_wrong(table: pd.DataFrame, file: str, *rules: tuple[pd.Series, str, str]) -> None:
    """Raise on the first line that breaks a rule: where it is wrong, its column, what to say."""
    for wrong, column, words in rules:
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise FpiError(
                f"{words} (trouvé : « {table[column].iloc[row]} »).",
                fichier=file,
                ligne=row + 2,
                colonne=column,
            )
