"""The programme's own table of what makes each filière: NSF groups and diplomas."""

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Programme
from fpi_eval.text import AUTRE

FILE = "filieres.csv"


def read_filieres(programme: Programme) -> pd.DataFrame:
    """Return the declared table of NSF groups and diplomas that make each filière.

    Raises
    ------
    FpiError
        File absent, column absent, unknown filière, or code written twice.
    """
    path = programme.dossier / FILE
    if not path.is_file():
        raise FpiError(
            "fichier absent : il dit quel groupe de spécialités (NSF) ou diplôme relève de quelle "
            "filière. « fpi-eval programme » en écrit un.",
            fichier=str(path),
        )
    table = pd.read_csv(path, sep=";", dtype="str", encoding="utf-8-sig")
    if missing := {"code", "filiere"} - set(table.columns):
        raise FpiError("colonne absente.", fichier=path.name, ligne=1, colonne=min(missing))
    known = programme.codes_filieres
    wrong = ~table["filiere"].isin([*known, AUTRE])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise FpiError(
            f"filière « {table['filiere'].iloc[row]} » inconnue. Attendu : {', '.join(known)} ou "
            f"{AUTRE}.",
            fichier=path.name,
            ligne=row + 2,
            colonne="filiere",
        )
    again = table["code"].duplicated()
    if again.any():
        row = int(again.to_numpy().argmax())
        raise FpiError(
            f"code {table['code'].iloc[row]} écrit deux fois. Gardez une ligne.",
            fichier=path.name,
            ligne=row + 2,
            colonne="code",
        )
    return table
