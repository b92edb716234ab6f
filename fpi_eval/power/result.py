"""What the power study hands over: words, table, figure, method."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.calendar import LABELS, month
from fpi_eval.impact.frame import DISPLACEMENT, GROSS, NET
from fpi_eval.results import Result

METHOD = (
    "Les ouvertures du registre dont le panel compte la voie sont placées {draws} fois, avec leurs "
    "places et leurs dates, dans des établissements de régions où le programme n'est pas allé ; "
    "celles d'un même département restent ensemble autant qu'il y a de la place. L'estimateur J et "
    "sa règle d'inférence ({rule}) y sont appliqués, une fois ajoutés, place par place, les élèves "
    "de l'effet attendu. Un effet plus grand de b déplace l'estimation de b : le plus petit effet "
    "visible est celui dont l'intervalle à 95 % exclut zéro dans 80 % des tirages (Bloom, 1995, "
    "pour la formule (t₀,₉₇₅ + t₀,₈₀) × erreur, donnée à côté). Les régions non traitées doivent "
    "varier autant que celle du programme, et leurs formations être aussi exposées : sinon la "
    "puissance de l'effet net et du déplacement est surestimée."
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Puissance(Result):
    """Smallest detectable effect per seat by outcome and rentrée, and when each can be read.

    ``table``: see `detect.detectable`; ``courbe``: power against the size of the effect;
    ``calendrier``, ``premieres``: see `calendar`; ``rentrees_ecartees`` counts the (outcome,
    rentrée) for which the panel is too short; ``derniere`` is the last rentrée asked for.
    """

    caption = "Puissance de l'évaluation"

    table: pd.DataFrame
    courbe: pd.DataFrame
    calendrier: pd.DataFrame
    premieres: pd.DataFrame
    regle: str
    tirages: int
    n_etablissements: int
    n_departements: int
    places: float
    fermetures: int
    rentrees_ecartees: int
    derniere: int

    def premiere_detectable(self, resultat: str) -> int | None:
        """Return the first rentrée from which the expected gross effect is always seen."""
        rows = self.table[(self.table["resultat"] == resultat) & (self.table["effet"] == GROSS)]
        rows = rows.sort_values("rentree", ascending=False, kind="stable")
        always = rows["detectable"].to_numpy(bool)
        count = len(always) if always.all() else int(np.argmin(always))
        return int(rows["rentree"].iloc[count - 1]) if count else None

    def summary(self) -> str:
        """Return French lines: the plan, then what each outcome can show and from when."""
        head = (
            f"{text.nombre(self.places)} places dans "
            f"{text.pluriel(self.n_etablissements, 'établissement')} de "
            f"{text.pluriel(self.n_departements, 'département')} ; {self.regle}."
        )
        lines = [self._line(row) for row in self.premieres.itertuples()]
        aside = []
        if self.fermetures:
            aside.append(
                f"Laissé de côté : {text.pluriel(self.fermetures, 'fermeture')} de places."
            )
        if self.rentrees_ecartees:
            aside.append(
                f"Panel trop court pour {text.pluriel(self.rentrees_ecartees, 'couple')} "
                "résultat × rentrée."
            )
        return "\n".join([head, *lines, *aside])

    def _line(self, first) -> str:
        start = f"{first.label} : premiers chiffres publiés vers {month(first.publication)}"
        rows = self.table[self.table["resultat"] == first.resultat]
        if rows.empty:
            if first.ligne > self.derniere:
                return f"{start}, lus à la rentrée {first.ligne} : après celles demandées."
            return f"{start} ; panel trop court, ou sans la voie de ces places, pour la puissance."
        last = rows[rows["rentree"] == rows["rentree"].max()].set_index("effet")
        sizes = " ; ".join(
            f"{name} {_size(last.loc[label, 'mde'])}"
            for label, name in ((GROSS, "brut"), (NET, "net"), (DISPLACEMENT, "déplacement"))
        )
        said = f"{start}. Plus petit effet visible par place avec les données allant jusqu'à la "
        until = last["rentree"].iloc[0]
        said += f"rentrée {until} : {sizes}"
        aim = last.loc[GROSS, "attendu"]
        if np.isnan(aim):
            return f"{said}."
        when = self.premiere_detectable(first.resultat)
        seen = f"visible dès la rentrée {when}" if when else f"trop petit pour être vu en {until}"
        return f"{said}. L'effet brut attendu ({text.nombre(aim, 2)}) est {seen}."

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per outcome × effect × rentrée."""
        return self.table.assign(label=self.table["resultat"].map(LABELS))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw power against the size of the gross effect, one line an outcome."""
        rows = self.courbe[self.courbe["effet"] == GROSS]
        return plots.power_curves(rows.assign(label=rows["resultat"].map(LABELS)), ax)

    def method(self) -> str:
        """Return one French paragraph on the method."""
        return METHOD.format(draws=self.tirages, rule=self.regle)


def _size(value: float) -> str:
    return text.nombre(value, 2) if np.isfinite(value) else "aucun"
