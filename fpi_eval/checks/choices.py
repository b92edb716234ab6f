"""The effect under other choices of method: what each finds, or why it could not be made."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.results import Result

SEAT, OPENING = "place", "ouverture"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Choices(Result):
    """Effects on one outcome, a row for each choice of method, per ``unit``.

    ``table`` has columns label, estimate, std_error, ci_low, ci_high, n_openings and raison: a
    remark, or why the choice could not be made, its figures then missing. Where one choice is the
    primary one, ``principal`` says which, and ``famille`` which ask the same question.
    """

    caption = "Effet selon le choix de méthode"
    methode = (
        "Le même effet est estimé selon chaque choix de méthode défendable, déclaré d'avance, sans "
        "en retenir un d'après son résultat ; l'étendue des estimations dit ce que la réponse doit "
        "à ces choix (Steegen, Tuerlinckx, Gelman et Vanpaemel, 2016 ; Simonsohn, Simmons et "
        "Nelson, 2020). Les intervalles sont ceux de chaque méthode, sans étalonnage."
    )

    outcome: str
    table: pd.DataFrame
    unit: str = SEAT

    @property
    def known(self) -> pd.DataFrame:
        """The choices that could be made."""
        return self.table.dropna(subset=["estimate"])

    @property
    def same(self) -> pd.DataFrame:
        """Those of `known` that ask the primary one's question, not of a part of the programme."""
        found = self.known
        if "famille" not in found:
            return found
        return found[found["famille"].isin(self.table.loc[self.table["principal"], "famille"])]

    def summary(self) -> str:
        """Return French sentences: how far choices lead, then those that could not be made."""
        found = self.same
        lost = self.table[self.table["estimate"].isna()]
        made = text.pluriel(len(found), "choix de méthode", "choix de méthode")
        said = f"Effet par {self.unit} sur « {self.outcome} », {made}"
        if len(found):
            low, high = (text.signe(end, 3) for end in found["estimate"].agg(["min", "max"]))
            said += f" : de {low} à {high}"
        lines = [f"{said}."]
        lines += [f"Non estimé : {r.label} ({r.raison.rstrip('.')})." for r in lost.itertuples()]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per choice."""
        return self.table.copy()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the choices that could be made."""
        return plots.estimates(self.known, ax, xlabel=f"Effet par {self.unit} et intervalle à 95 %")
