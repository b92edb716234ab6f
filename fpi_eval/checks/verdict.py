"""The verdict: is the answer valid, is it precise, and what no check can see."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fpi_eval import text
from fpi_eval.absent import Absent
from fpi_eval.checks.calibration import wilson
from fpi_eval.checks.planted import Planted
from fpi_eval.checks.thresholds import FAIL, THRESHOLDS, Check
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.misspelt import advised
from fpi_eval.regression import holm
from fpi_eval.results import beyond_zero

SOLID, CAREFUL, INCONCLUSIVE = "solide", "à lire avec prudence", "non concluant"
UNKNOWABLE = "on ne peut pas le savoir"
YES, DOUBTFUL, NO = "oui", "douteux", "non"

# Shares of planted programmes, set on draws of the twin and of benchmarks/worlds.py, judged on
# later draws of both (benchmarks/results/planted.md). A clean run holds some 94 %, not 95: the
# rest is the price of not knowing whether sites drifted.
HELD = {YES: 0.85, DOUBTFUL: 0.70}
FOUND = {YES: 0.15, DOUBTFUL: 0.30}
ALPHA = 0.05  # of the family of tests of a violation
SMALLEST_BIAS = 0.08  # share of the reference effect under which a violation does no harm
SMALLEST_EFFECT = 0.10  # per seat: METHOD B7; a programme declares its own
TESTS = ("tendance", "placebo_delai", "anticipation", "ecart_j_t", "portee", "manquants_lies")
INVISIBLE = (
    "Ce qu'aucun contrôle ne peut voir : un choc propre aux sites ouverts, ou à leurs formations "
    "dans la région, à la date même de l'ouverture. Ni un registre faux, ni des élèves pris dans "
    "toute la région."
)


def rule() -> str:
    """Return the rule of the verdict in words, as plan and method print it."""
    held, found = (
        [text.pourcent(shares[word], 0) for word in (YES, DOUBTFUL)] for shares in (HELD, FOUND)
    )
    titles = text.liste(f"« {THRESHOLDS[name].titre} »" for name in TESTS)
    return (
        f"Valide, « {YES} » : l'intervalle avant étalonnage contient l'effet d'au moins {held[0]} "
        f"des programmes plantés, et en trouve un dans {found[0]} au plus de ceux qui n'en ont "
        f"pas. « {text.capitale(DOUBTFUL)} » : {held[1]} et {found[1]}. « {text.capitale(NO)} » : "
        f"au-delà. Un « {YES} » que l'erreur de tirage (Wilson, 95 %) mène à « {NO} » devient "
        f"« {DOUBTFUL} ». Précis : la demi-largeur de l'intervalle "
        f"étalonné de l'effet brut est d'au plus {text.nombre(SMALLEST_EFFECT, 2)} par place, ou "
        "du plus petit effet que déclare le programme. Violation : un test d'ensemble à "
        f"{text.pourcent(ALPHA, 0)} (Holm) des contrôles {titles}. Il ne compte que si le biais "
        f"passe {text.pourcent(SMALLEST_BIAS, 0)} de l'effet de référence. "
        f"« {text.capitale(SOLID)} » : valide, sans violation, et l'effet brut précis ou "
        "distinct de zéro. "
        f"« {text.capitale(CAREFUL)} » : de même, mais la validité est douteuse ou une violation "
        f"trouvée. « {text.capitale(UNKNOWABLE)} » : rien n'a été planté. "
        f"« {text.capitale(INCONCLUSIVE)} » : le reste, ou l'échec d'un contrôle dur."
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two questions apart, and the word they lead to.

    Attributes
    ----------
    niveau : str
        ``solide``, ``à lire avec prudence``, ``non concluant`` or ``on ne peut pas le savoir``.
    valide : str
        ``oui``, ``douteux``, ``non``, from planted programmes alone; empty where none could be.
    precis : bool or None
        Whether half of the gross effect's calibrated interval is at most the smallest effect that
        matters.
    violations : tuple of str
        Titles of the checks that, together, give evidence of a violation.
    raisons : tuple of str
        What weighs, one sentence each; ``phrase`` says it all, planted programmes first.
    bloque : bool
        A hard check failed: the number must not be given.
    """

    niveau: str
    valide: str
    precis: bool | None
    violations: tuple[str, ...]
    raisons: tuple[str, ...]
    phrase: str
    bloque: bool = False

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        """Write what a notebook shows."""
        printer.text(self.phrase)


def validity(held: float, found: float) -> str:
    """Return whether planted programmes say that the method is valid on these data."""
    for word in (YES, DOUBTFUL):
        if held >= HELD[word] and found <= FOUND[word]:
            return word
    return NO


def violations(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks that together give evidence of a violation that would do harm.

    One test: Holm's procedure over `TESTS`, at 5 % for the family; a finding counts only if the
    bias it implies passes `SMALLEST_BIAS` of the reference effect.
    """
    made = [c for c in checks if c.name in TESTS and np.isfinite(c.incertitude)]
    if not made:
        return ()
    adjusted = holm(np.array([c.incertitude for c in made]))
    return tuple(
        c for c, p in zip(made, adjusted, strict=True) if p <= ALPHA and c.biais > SMALLEST_BIAS
    )


@advised("Pour juger un résultat : fpi.checks.evaluate(panel, résultat).verdict.")
def verdict(
    checks: Iterable[Check],
    planted: Planted | Absent,
    *,
    smallest: float = SMALLEST_EFFECT,
) -> Verdict:
    """Return the verdict: validity from planted programmes, precision from the interval's width.

    Lack of information is no alarm: it widens the interval. A failed hard check forbids the number.
    """
    checks = listed(checks)
    if not checks:
        raise FpiError("aucun contrôle : il n'y a pas de verdict à rendre.")
    hard = tuple(c for c in checks if c.dur and c.statut == FAIL)
    against = violations(checks)
    valid = _valid(planted)
    precise, word = None, INCONCLUSIVE if hard else UNKNOWABLE
    if planted:
        low, high = _calibrated(planted, GROSS)
        precise = (high - low) / 2 <= smallest
        word = word if hard else level(valid, bool(against), precise, beyond_zero(low, high))
    reasons = tuple(dict.fromkeys(f"{c.titre} : {c.phrase}" for c in (*hard, *against)))
    of = "" if hard or not planted else ", pour l'effet brut"
    why = _why(planted, valid, smallest, hard, against)
    said = " ".join(filter(None, [_first(planted), f"Donc{of} : {word}.", why]))
    return Verdict(word, valid, precise, tuple(c.titre for c in against), reasons, said, bool(hard))


def listed(given: Check | Iterable[Check]) -> tuple[Check, ...]:
    """Return checks, or the only one; raise on a study, an evaluation or what else holds none."""
    checks = tuple(given) if isinstance(given, Iterable) else (given,)
    for one in checks:
        if not isinstance(one, Check):
            raise FpiError(
                f"des contrôles sont attendus, non « {type(one).__name__} » : "
                "fpi.checks.evaluate(panel, résultat) les fait, et rend son .verdict."
            )
    return checks


def _valid(planted: Planted | Absent) -> str:
    """Return the validity of a run; a yes whose own error reaches a no is doubtful."""
    if not planted:
        return ""
    n, held, found = planted.n_draws, planted.n_contained, planted.n_found_at_zero
    word = validity(held / n, found / n)
    worst = validity(wilson(held, n)[0], wilson(found, n)[1])
    return DOUBTFUL if word == YES and worst == NO else word


def _calibrated(planted: Planted, label: str) -> tuple[float, float]:
    """Return the ends of an effect's calibrated interval."""
    low, high = planted.calibrated.set_index("label").loc[label, ["cal_low", "cal_high"]]
    return float(low), float(high)


def level(valid: str, violated: bool, precise: bool, told: bool) -> str:
    """Return the word: ``told`` says whether the calibrated interval leaves zero out.

    An interval that holds both no effect and a large one concludes nothing, valid or not.
    """
    if valid == NO or not (precise or told):
        return INCONCLUSIVE
    return CAREFUL if valid == DOUBTFUL or violated else SOLID


def _first(planted: Planted | Absent) -> str:
    if isinstance(planted, Absent):
        return f"{planted.reason.rstrip('.')}."
    return f"{planted.sentence()}. {planted.doubt()}"


def _why(planted, valid: str, smallest: float, hard, against) -> str:
    """Return the two answers and what weighs on them, in one sentence."""
    parts = []
    if planted:
        parts.append(f"valide : {valid}")
        said = [
            _precision(*_calibrated(planted, label), whose, smallest, blocked=bool(hard))
            for label, whose in ((GROSS, "l'effet brut"), (NET, "l'effet net"))
        ]
        parts.append(f"précis à {_shown(smallest, smallest)} par place : {', '.join(said)}")
    if against:
        parts.append(f"indice de violation : {text.liste(f'« {c.titre} »' for c in against)}")
    if hard:
        named = text.liste(f"« {c.titre} »" for c in hard)
        parts.append(f"le chiffre n'est pas donné, échec de {named}")
    return text.capitale(f"{' ; '.join(parts)}.") if parts else ""


def _precision(low: float, high: float, whose: str, smallest: float, *, blocked: bool) -> str:
    """Return whether an effect is precise, half its interval's width, and if it is told from zero.

    A number that may not be given is not said to be apart from zero.
    """
    half = (high - low) / 2
    word = YES if half <= smallest else NO
    if np.isnan(half):
        return f"{word} pour {whose} (sans intervalle)"
    apart = word == NO and not blocked and beyond_zero(low, high)
    zero = ", mais distinct de zéro" if apart else ""
    return f"{word} pour {whose} (± {_shown(half, smallest)}{zero})"


def _shown(half: float, smallest: float) -> str:
    """Return half a width with the digits, two at least, that tell it from the smallest effect."""
    digits = 2
    while digits < 6 and (
        text.arrondi(smallest, digits) != smallest
        or (text.arrondi(half, digits) > smallest) != (half > smallest)
    ):
        digits += 1
    return text.nombre(half, digits)
