"""What the register says was spent, beside what the programme declares."""

import pandas as pd

from fpi_eval.programme import Programme
from fpi_eval.text import nombre

CENT = 0.01
TOPS = {"cout": ("coûts", "total"), "subvention": ("subventions", "subvention")}


def overspent(register: pd.DataFrame, programme: Programme, fichier: str) -> tuple[str, ...]:
    """Return a sentence for each amount whose sum in the register exceeds the one declared.

    The predecessor's seats are of another budget; a declared minimum has no top.
    """
    before = programme.predecesseur.nom.upper() if programme.predecesseur else ""
    own, declared, found = register[register["projet"] != before], programme.cout, []
    for column, (noun, key) in TOPS.items():
        top, spent = getattr(declared, key), float(own[column].sum())
        if not declared.minimum and top is not None and spent >= top + CENT:
            found.append(
                f"ouvertures : les {noun} de {fichier} font {_exact(spent)}, plus que « {key} » "
                f"de [cout] dans programme.toml ({_exact(top)}). Corrigez l'un ou l'autre, en "
                "euros."
            )
    return tuple(found)


def _exact(amount: float) -> str:
    """Return an amount in euros, with its cents where it has any."""
    return f"{nombre(amount, 2 if round(amount % 1, 2) % 1 else 0)}\u00a0€"
