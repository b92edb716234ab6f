"""What an indicator is: its words, its columns, and the bases it may not mix."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from fpi_eval import text
from fpi_eval.calendar import HORIZONS, employed
from fpi_eval.errors import FpiError
from fpi_eval.misspelt import checked_fields, known_options

EMPLOYED = tuple(map(employed, HORIZONS))
# What each base of people contains: a numerator outside it would mix two bases.
BASES = {
    "sortants": {*EMPLOYED},
    "terminale": {"poursuite", "sortants", "autres", "diplomes", EMPLOYED[0]},
    "presents": {"diplomes", "diplomes_attendus"},
    "entrants_cohorte": {"terminale"},
}
STOCKS = frozenset({"places", "voeux_1", "voeux", "entrants", "seats"})
LEVELS = ("etablissement", "formation", "departement", "region")
UNITS = ("effectif", "taux", "points", "decimal", "euros")


@checked_fields()
@dataclass(frozen=True, slots=True)
class Indicator:
    """A declared indicator: ``facteur × (Σ numerator − Σ minus) / Σ denominator``.

    Parameters
    ----------
    name, label : str
        Column name and French label.
    definition, formula, source, limite : str
        French sentences: what it measures, how, from where, and what it cannot say.
    numerator, minus : tuple of str
        Columns of counts added and subtracted.
    denominator : str, optional
        Column of counts; none for a count. A rate over people has a numerator inside its base.
    unit : str
        ``effectif``, ``taux`` (0 to 1), ``points`` (difference of rates), ``decimal``, ``euros``.
    niveau_validite : str
        Finest level at which it may be read: ``etablissement``, ``formation``, ``departement`` or
        ``region``.
    proportion : bool
        Every person of the numerator is in the denominator: at most 1, with a Wilson interval.
    niveau : str, optional
        Only level of study (column ``niveau``) where the source has it.
    par_uai : bool
        Published per establishment only: not summed over several.
    digits : int, optional
        Digits after the comma that readers see, where they are not those of its unit.
    signed : bool
        A gap, which readers see with its sign.
    """

    name: str
    label: str
    definition: str
    formula: str
    source: str
    limite: str
    numerator: tuple[str, ...]
    denominator: str | None = None
    minus: tuple[str, ...] = ()
    unit: str = "effectif"
    niveau_validite: str = "etablissement"
    proportion: bool = False
    niveau: str | None = None
    facteur: float = 1.0
    par_uai: bool = False
    digits: int | None = None
    signed: bool = False

    def __post_init__(self) -> None:
        base = BASES.get(self.denominator or "")
        outside = set(self.numerator) | set(self.minus)
        if base is not None and outside - base:
            others = ", ".join(sorted(map(str, outside - base)))
            raise FpiError(
                f"indicateur « {self.name} » : {others} ne fait pas partie de la base "
                f"« {self.denominator} ». Ne mélangez pas sortants et élèves de dernière année."
            )
        for option, known in (("niveau_validite", LEVELS), ("unit", UNITS)):
            if (given := getattr(self, option)) not in known:
                raise FpiError(
                    f"indicateur « {self.name} » : {option} = « {given} » inconnu. Choisissez "
                    f"parmi {text.liste(known)}."
                )
        if not self.numerator or (self.proportion and self.denominator is None):
            lost = "proportion sans dénominateur" if self.numerator else "numérateur vide"
            raise FpiError(f"indicateur « {self.name} » : {lost}. Nommez la colonne à compter.")
        words = (self.label, self.definition, self.formula, self.source, self.limite)
        if not all(words):
            raise FpiError(
                f"indicateur « {self.name} » : libellé, définition, formule, source "
                "et limite sont obligatoires."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of counts that the indicator needs."""
        last = (self.denominator,) if self.denominator else ()
        return (*self.numerator, *self.minus, *last)


@known_options
def definitions(indicators: Iterable[Indicator]) -> pd.DataFrame:
    """Return the data dictionary of indicators, one row each, in French."""
    rows = [
        (i.name, i.label, i.definition, i.formula, i.unit, i.source, i.niveau_validite, i.limite)
        for i in indicators
    ]
    header = [
        "nom", "libelle", "definition", "formule", "unite", "source", "niveau_validite", "limite",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=header)
