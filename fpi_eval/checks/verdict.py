"""The verdict: is the answer valid, is it precise, and what no check can see."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fpi_eval import text
from fpi_eval.absent import Absent
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
        f"Valide, « {YES} » : l'intervalle contient l'effet d'au moins {held[0]} des programmes "
        f"plantés, et en trouve un dans {found[0]} au plus de ceux qui n'en ont pas. "
        f"« {text.capitale(DOUBTFUL)} » : {held[1]} et {found[1]}. « {text.capitale(NO)} » : "
        "au-delà. Précis : l'intervalle étalonné de l'effet brut est à moins de "
        f"{text.nombre(SMALLEST_EFFECT, 2)} par place de l'effet estimé, ou du plus petit effet "
        "que déclare le programme. Violation : un test d'ensemble à "
        f"{text.pourcent(ALPHA, 0)} (Holm) des contrôles {titles}. Il ne compte que si le biais "
        f"passe {text.pourcent(SMALLEST_BIAS, 0)} de l'effet de référence. "
        f"« {text.capitale(SOLID)} » : valide, sans violation, et l'effet brut précis ou "
        "distinct de zéro. "
        f"« {text.capitale(CAREFUL)} » : de même, mais la validité est douteuse ou une violation "
        f"trouvée. « {text.capitale(INCONCLUSIVE)} » : le reste."
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
        Whether the calibrated interval is within the smallest effect that matters, on each side.
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
    checks = _checks(checks)
    if not checks:
        raise FpiError("aucun contrôle : il n'y a pas de verdict à rendre.")
    hard = tuple(c for c in checks if c.dur and c.statut == FAIL)
    against = violations(checks)
    valid = _valid(planted)
    precise = _half(planted, GROSS) <= smallest if planted else None
    word = INCONCLUSIVE if hard else UNKNOWABLE
    told = False
    if planted and not hard:
        row = planted.calibrated.iloc[0]
        told = beyond_zero(row["cal_low"], row["cal_high"])
        word = level(valid, bool(against), bool(precise), told)
    reasons = tuple(f"{c.titre} : {c.phrase}" for c in (*hard, *against))
    of = "" if hard or not planted else ", pour l'effet brut"
    why = _why(planted, valid, smallest, hard, against, told)
    said = [_first(planted), f"Donc{of} : {word}.", why]
    return Verdict(
        word, valid, precise, tuple(c.titre for c in against), reasons, " ".join(said), bool(hard)
    )


def _checks(given: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks; raise on a study, an evaluation or anything else that holds none."""
    checks = tuple(given) if isinstance(given, Iterable) else (given,)
    for one in checks:
        if not isinstance(one, Check):
            raise FpiError(
                f"des contrôles sont attendus, non « {type(one).__name__} » : "
                "fpi.checks.evaluate(panel, résultat) les fait, et rend son .verdict."
            )
    return checks


def _valid(planted: Planted | Absent) -> str:
    if not planted:
        return ""
    return validity(
        planted.n_contained / planted.n_draws, planted.n_found_at_zero / planted.n_draws
    )


def _half(planted: Planted, label: str) -> float:
    """Return half the width of the calibrated interval."""
    row = planted.calibrated.set_index("label").loc[label]
    return float(row["cal_high"] - row["cal_low"]) / 2


def level(valid: str, violated: bool, precise: bool, told: bool) -> str:
    """Return the word: ``told`` says whether the calibrated interval leaves zero out.

    An interval that holds both no effect and a large one concludes nothing, valid or not.
    """
    if valid == NO or not (precise or told):
        return INCONCLUSIVE
    return CAREFUL if valid == DOUBTFUL or violated else SOLID


def _first(planted: Planted | Absent) -> str:
    if isinstance(planted, Absent):
        return planted.reason
    return f"{planted.sentence()}. {planted.doubt()}"


def _why(planted, valid: str, smallest: float, hard, against, told: bool) -> str:
    """Return the two answers and what weighs on them, in one sentence."""
    parts = []
    if planted:
        parts.append(f"valide : {valid}")
        halves = [_half(planted, label) for label in (GROSS, NET)]
        words = [YES if h <= smallest else NO for h in halves]
        wide = [text.nombre(h, 3 if smallest < h < smallest + 0.005 else 2) for h in halves]
        zero = ", mais distinct de zéro" if told and words[0] == NO else ""
        parts.append(
            f"précis à {text.nombre(smallest, 2)} par place : {words[0]} pour l'effet brut "
            f"(± {wide[0]}{zero}), {words[1]} pour l'effet net (± {wide[1]})"
        )
    if against:
        parts.append(f"indice de violation : {text.liste(f'« {c.titre} »' for c in against)}")
    if hard:
        named = text.liste(f"« {c.titre} »" for c in hard)
        parts.append(f"le chiffre n'est pas donné, échec de {named}")
    found = " ; ".join(parts or ["aucun programme n'a pu être planté"])
    return f"{found[0].upper()}{found[1:]}."
