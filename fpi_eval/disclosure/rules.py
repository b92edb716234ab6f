"""The two rules of primary suppression, and the thresholds they use, each named once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.programme import Secret

SECRET = Secret()  # [secret] of programme.toml, where a programme declares nothing else
TOTAL = "Total"
MARK = "s"
EFFECTIF, TAUX, COMPLEMENT = "effectif", "taux", "complement"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Smallest count shown, smallest denominator of a rate, width left around a hidden cell.

    Parameters
    ----------
    effectif_minimum : int
        Counts from 1 to this number less one are hidden (programme.toml, ``[secret]``).
    denominateur_minimum : int
        A rate under this denominator is hidden (InserJeunes, DEPP-Dares).
    largeur_protection : int
        Smallest `width` asked.
    """

    effectif_minimum: int = SECRET.effectif_minimum
    denominateur_minimum: int = SECRET.denominateur_minimum
    largeur_protection: int = 4

    def __post_init__(self) -> None:
        if min(self.effectif_minimum, self.denominateur_minimum, self.largeur_protection) < 1:
            raise FpiError("seuils du secret : chacun doit valoir au moins 1.")

    @classmethod
    def of(cls, secret: Secret) -> "Thresholds":
        """Return the thresholds that a programme declares."""
        return cls(secret.effectif_minimum, secret.denominateur_minimum)

    @property
    def width(self) -> int:
        """Difference that must stay between the ends of what a hidden cell may be.

        At 4 five values stay possible, one more than the rule « 1 à 4 » itself tells; where larger
        counts are small, no fewer than one more either.
        """
        return max(self.largeur_protection, self.effectif_minimum - 1)

    @property
    def largest_hidden(self) -> int:
        """Largest denominator under which the publisher hides a rate."""
        return self.denominateur_minimum - 1


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate shown in a table: numerator and denominator are columns of counts.

    ``step`` is the rounding step of the published value (0.01 for whole percents), needed only
    where a rate is shown without its counts. ``regle_editeur=False`` frees a rate from the
    denominator rule: places are public decisions, so a fill rate has none.
    """

    name: str
    numerator: str
    denominator: str
    step: float | None = None
    regle_editeur: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """A total and the parts it contains; what is left over is a count of people too.

    With ``exhaustive`` the parts sum to the total (three shares that sum to 100 %), else the rest
    is at least zero, and hidden like any other count when it is small; so is that of a `Rate`.
    """

    total: str
    parts: tuple[str, ...]
    exhaustive: bool = False


@dataclass(frozen=True, slots=True)
class PublicShare:
    """A count that is a public share of another in each detailed row, rounded there.

    ``share`` = round(``whole`` × ratio), ``ratio`` being a column of the public catalogue (seats of
    the programme over places). Whoever learns one of the two counts learns the other.
    """

    share: str
    whole: str
    ratio: str


def within(rates: Sequence[Rate], values: Sequence[str]) -> list[Parts]:
    """Return what rates of people tell: the numerator is a part of the denominator."""
    return [
        Parts(rate.denominator, (rate.numerator,))
        for rate in rates
        if rate.regle_editeur and {rate.numerator, rate.denominator} <= set(values)
    ]


def check_counts(detail: pd.DataFrame, values: Sequence[str]) -> None:
    """Raise unless the columns are whole non-negative counts (missing allowed)."""
    for name in values:
        if name not in detail:
            raise FpiError("colonne d'effectif absente du tableau détaillé.", colonne=name)
        counts = detail[name].dropna().infer_objects()
        numbers = counts.empty or pd.api.types.is_numeric_dtype(counts)
        found = counts.to_numpy(dtype=float) if numbers else np.array([np.nan])
        if not ((found >= 0) & (found < np.inf) & (found == np.round(found))).all():
            raise FpiError("effectifs attendus : nombres entiers, positifs ou nuls.", colonne=name)


def primary(
    counts: dict[str, np.ndarray], rates: Sequence[Rate], thresholds: Thresholds
) -> dict[str, np.ndarray]:
    """Return, for each column of counts, the reason of primary suppression, empty where shown."""
    reasons = {}
    for name, value in counts.items():
        reasons[name] = np.where(small(value, thresholds), EFFECTIF, "").astype(object)
    for rate in rates:
        if rate.regle_editeur and {rate.numerator, rate.denominator} <= set(counts):
            under = below(counts[rate.denominator], thresholds) & ~np.isnan(counts[rate.numerator])
            reason = reasons[rate.numerator]
            reason[under & (reason == "")] = TAUX
    return reasons


def small(counts: np.ndarray, thresholds: Thresholds) -> np.ndarray:
    """Return where a count of people is too small to be shown; nobody at all is not."""
    return (counts >= 1) & (counts < thresholds.effectif_minimum)


def below(denominator: np.ndarray, thresholds: Thresholds) -> np.ndarray:
    """Return where a denominator is too small for a rate to be shown; nobody at all is not."""
    return (denominator >= 1) & (denominator < thresholds.denominateur_minimum)


def may_be_zero(
    name: str,
    shown: dict[str, np.ndarray],
    rates: Sequence[Rate],
    thresholds: Thresholds,
    links: Sequence[PublicShare] = (),
) -> np.ndarray:
    """Return where a reader who sees `shown` (missing = hidden) can't exclude a hidden zero.

    The numerator of a rate under the publisher's rule is hidden whatever its value, and so is a
    share of a count that must not be given back.
    """
    free = np.full(len(shown[name]), any(link.share == name for link in links))
    for rate in rates:
        if rate.regle_editeur and rate.numerator == name:
            denominator = shown.get(rate.denominator, np.full(len(free), np.nan))
            free |= np.isnan(denominator) | below(denominator, thresholds)
    return free
