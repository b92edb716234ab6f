"""How headline numbers moved between two reports, and what each replaced input accounts for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from fpi_eval import rounding
from fpi_eval.disclosure import Thresholds
from fpi_eval.headline.quantity import COUNTED, Headline, Quantity
from fpi_eval.impact.shapley import attribute

#: What is neither a file, nor the register, nor the definition; all of them together.
REST, TOGETHER = "reste", "ensemble"
#: Say again, as a share of a target, what people and target say.
AGAIN = ("avancement_",)
Amounts = Callable[[frozenset[str]], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Change:
    """One number in two reports; ``parts`` add up to ``amount``, both as they are shown."""

    before: Quantity
    after: Quantity
    parts: Mapping[str, float]

    @property
    def amount(self) -> float:
        """Difference of the two numbers as they are shown."""
        return _published(self.after) - _published(self.before)

    @property
    def within(self) -> bool:
        """Whether each number is inside the other's likely range: they may well be the same."""
        return _inside(self.before, self.after) and _inside(self.after, self.before)


@dataclass(frozen=True, slots=True)
class Changes:
    """What moved between two reports, what did not, what only one of them knows."""

    years: tuple[int, int]
    moved: tuple[Change, ...]
    same: tuple[Quantity, ...] = ()
    come: tuple[Quantity, ...] = ()
    gone: tuple[Quantity, ...] = ()
    redefined: tuple[Quantity, ...] = ()
    vague: tuple[Quantity, ...] = ()
    unseparated: tuple[str, ...] = ()


def compared(before: Headline, after: Headline) -> list[tuple[Quantity, Quantity]]:
    """Return the numbers that both reports give in the same unit, and not as a range alone."""
    pairs = ((before.get(one.key), one) for one in after if not one.key.startswith(AGAIN))
    return [(a, b) for a, b in pairs if a and b and a.unit == b.unit and a.sure and b.sure]


def change(
    before: Quantity,
    after: Quantity,
    causes: Sequence[str],
    amounts: Amounts,
    *,
    ends: bool = False,
    thresholds: Thresholds = Thresholds(),  # noqa: B008
) -> Change:
    """Return the change of a number split between the inputs replaced, in no order (Shapley).

    What the number published then differs by from the one computed today on the inputs of then is
    the definition's or the code's; so is, in the same way, today's.

    Parameters
    ----------
    causes : sequence of str
        Inputs that are not the same.
    amounts : callable
        From the inputs taken from today to every number, by key; one that cannot be computed is
        left out.
    ends : bool
        Compute with all inputs of then and with all of today only: the number is dear.
    """
    raw = _shares(before, after, causes, amounts, ends)
    total = _published(after) - _published(before)
    return Change(before, after, controlled(raw, total, _step(before, after, thresholds)))


def _shares(
    before: Quantity, after: Quantity, causes: Sequence[str], amounts: Amounts, ends: bool
) -> dict[str, float]:
    """Return each input's share, unrounded; all together where one cannot be replaced alone."""
    whole, key = after.amount - before.amount, after.key
    everything = frozenset(causes)
    first, last = (amounts(taken).get(key) for taken in (frozenset[str](), everything))
    if first is None or last is None:
        return {TOGETHER: whole}
    value = cache(lambda taken: amounts(taken)[key])
    try:
        shares = {TOGETHER: last - first} if ends else _shapley(causes, value)
    except KeyError:
        shares = {TOGETHER: last - first}
    return shares | {REST: whole - sum(shares.values())}


def _shapley(causes: Sequence[str], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    def of(flags: Sequence[float]) -> float:
        return value(frozenset(name for name, on in zip(causes, flags, strict=True) if on))

    found = attribute(dict.fromkeys(causes, 0.0), dict.fromkeys(causes, 1.0), of)
    return dict(zip(found["facteur"], -found["manque"], strict=True))


def controlled(shares: Mapping[str, float], total: float, step: float) -> dict[str, float]:
    """Return shares rounded to a step that still add up: the largest takes what is left."""
    rounded = {name: rounding.rounded(value, step) + 0.0 for name, value in shares.items()}
    first = max(shares, key=lambda name: abs(shares[name]))
    others = sum(value for name, value in rounded.items() if name != first)
    return {name: total - others if name == first else v for name, v in rounded.items()}


def _published(one: Quantity) -> float:
    """Return a number as it is shown: to the percent, or whole."""
    value = one.amount if one.rounded is None else one.rounded
    return rounding.rounded(value, _own_step(one) if one.unit == "%" else 1.0)


def _step(before: Quantity, after: Quantity, thresholds: Thresholds) -> float:
    """Return the step of the shares: that of the numbers, wider where they count people.

    A share rests on counts that no report published: rounded so, it leaves room for more values
    than the protection of a hidden cell asks.
    """
    step = max(_own_step(before), _own_step(after))
    if after.nature == COUNTED and after.unit == "personnes":
        return max(step, 2.0 * (thresholds.width + 1))
    return step


def _own_step(one: Quantity) -> float:
    if one.unit == "%":
        return max(one.step, 0.01)
    if one.step or one.nature == COUNTED:
        return one.step or 1.0
    return max(rounding.figure_step(one.amount), 1.0)


def _inside(one: Quantity, other: Quantity) -> bool:
    if other.low is None or other.high is None:
        return False
    return other.low <= one.amount <= other.high


def listed(found: Iterable[Quantity], other: Headline) -> tuple[Quantity, ...]:
    """Return what is known here and is not there, restatements left out."""
    return tuple(
        one for one in found if one and not one.key.startswith(AGAIN) and not other.get(one.key)
    )
