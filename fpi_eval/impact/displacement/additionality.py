"""From gross to net: deadweight, leakage, displacement, substitution (HCA guide)."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.errors import FpiError
from fpi_eval.impact.displacement.net import Displacement
from fpi_eval.impact.displacement.rings import AUTRE_VOIE
from fpi_eval.results import Result

DEADWEIGHTS = (0.0, 0.25, 0.5)  # METHOD, A2: outcomes do not identify it
METHOD = (
    "Du brut au net, étape par étape : aubaine, fuite, déplacement et substitution sont des parts "
    "de ce que l'étape précédente a laissé, de sorte que les étapes s'ajoutent exactement (Homes "
    "and Communities Agency, Additionality Guide, 2014). Déplacement et substitution viennent de "
    "la régression J ; l'aubaine et la fuite sont des hypothèses ou viennent d'une autre source : "
    "les résultats ne les identifient pas."
)


@dataclass(frozen=True, slots=True)
class Case:
    """An intervention or its reference case: people counted, and what is to be taken off.

    ``leakage``, ``displacement`` and ``substitution`` are shares of what the steps before left;
    ``multiplier`` is 1 when no wider effect is claimed.
    """

    gross: float
    leakage: float = 0.0
    displacement: float = 0.0
    substitution: float = 0.0
    multiplier: float = 1.0

    def __post_init__(self) -> None:
        for name in ("leakage", "displacement", "substitution"):
            if getattr(self, name) > 1:
                raise FpiError(f"« {name} » vaut {getattr(self, name)} : une part d'au plus 1.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Waterfall(Result):
    """Levels and steps from gross to net, that add up exactly.

    ``table`` has columns step, label, amount (a level, or a signed change), remaining, level, and
    may have low and high, the interval of a level.
    """

    caption = "Du brut au net"

    table: pd.DataFrame
    outcome: str
    note: str = ""

    @property
    def net(self) -> float:
        """What is left at the end."""
        return float(self.table["remaining"].iloc[-1])

    def summary(self) -> str:
        """Return one French sentence: from gross to net, step by step."""
        steps = self.table[~self.table["level"]]
        said = [f"{r.label.lower()} {text.signe(r.amount)}" for r in steps.itertuples()]
        first = self.table.iloc[0]
        start = f"{first['label']} ({self.outcome}) : {text.nombre(first['amount'])}"
        end = f"{start} ; {' ; '.join(said)} ; reste {text.nombre(self.net)}."
        return f"{end} {self.note}".strip()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per level or step; the steps are an account and have no interval."""
        return self.table.assign(outcome=self.outcome)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the waterfall."""
        words = f"{self.outcome[:1].upper()}{self.outcome[1:]}"
        return plots.waterfall(self.table, xlabel=words or "Personnes", ax=ax)

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        return METHOD


def waterfall(
    with_programme: Case, *, deadweight: float = 0.0, outcome: str = "", note: str = ""
) -> Waterfall:
    """Return the steps from gross to net when a share would have happened anyway.

    The reference case is the same intervention with ``deadweight`` of its gross count, so that
    the last level is `additional_impact`.
    """
    if not 0 <= deadweight <= 1:
        raise FpiError(f"effet d'aubaine « {deadweight} » : une part entre 0 et 1 est attendue.")
    c = with_programme
    rows, left = [("gross", "Effet brut", c.gross, c.gross, True)], c.gross
    shares = (
        ("deadweight", "Aubaine", deadweight),
        ("leakage", "Fuite hors de la région ou de l'industrie", c.leakage),
        ("displacement", "Déplacement de formations voisines", c.displacement),
        ("substitution", "Substitution entre voies", c.substitution),
        ("multiplier", "Effet d'entraînement", 1 - c.multiplier),
    )
    for step, label, share in shares:
        if step == "multiplier" and share == 0:
            continue
        amount = 0.0 - left * share  # no share: 0, not minus 0
        left += amount
        rows.append((step, label, amount, left, False))
    rows.append(("net", "Effet net", left, left, True))
    table = pd.DataFrame(rows, columns=["step", "label", "amount", "remaining", "level"])
    return Waterfall(table, outcome, note)


def from_estimates(
    found: Displacement, n_seats: float, *, leakage: float = 0.0, deadweight: float = 0.0
) -> Waterfall:
    """Return the waterfall of an estimated displacement over ``n_seats`` opened seats.

    Substitution is what the ring of the other voie loses (`displacement.substitution`), as a
    share of what displacement left, so that with no leakage nor deadweight the end is exactly
    the net effect times the seats.

    Parameters
    ----------
    leakage : float
        Share of graduates who leave the region or industry; known from another source.
    deadweight : float
        Share that would have opened anyway: from dated funding decisions, never from outcomes.
    """
    own = found.own.estimate
    if own <= 0:
        raise FpiError("l'effet propre n'est pas positif : il n'y a rien à décomposer.")
    other = found.of(AUTRE_VOIE).estimate if AUTRE_VOIE in found.rings else 0.0
    near = found.neighbours.estimate - other
    left = own + near
    case = Case(own * n_seats, leakage, -near / own, -other / left if left else 0.0)
    note = "L'aubaine est une hypothèse, non une estimation." if deadweight else ""
    return waterfall(case, deadweight=deadweight, outcome=found.own.outcome, note=note)
