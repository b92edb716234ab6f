"""Why the target was missed: each factor's fair share of the gap (Shapley, 1953)."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import factorial, prod

import pandas as pd

from fpi_eval.errors import FpiError


def attribute(
    planned: Mapping[str, float],
    achieved: Mapping[str, float],
    value: Callable[[Sequence[float]], float] = prod,
) -> pd.DataFrame:
    """Return the share of ``target − achieved`` due to each factor; shares add up to the gap.

    Averages, over every order in which factors go from planned to achieved, what each one takes
    away. A product by default: seats × fill × retention × success × (1 − diversion).

    Parameters
    ----------
    planned, achieved : mapping
        Same factors, in French words that readers see.
    value : callable
        From factor values to the count.

    Returns
    -------
    DataFrame
        Columns facteur, prevu, realise, manque (positive when the factor costs people).
    """
    if list(planned) != list(achieved):
        raise FpiError(f"facteurs différents : {list(planned)} et {list(achieved)}.")
    names, n = list(planned), len(planned)

    def total(late: Sequence[str]) -> float:
        return value([achieved[k] if k in late else planned[k] for k in names])

    lost = []
    for name in names:
        others = [k for k in names if k != name]
        lost.append(
            sum(
                factorial(size)
                * factorial(n - size - 1)
                / factorial(n)
                * (total(before) - total((*before, name)))
                for size in range(n)
                for before in combinations(others, size)
            )
        )
    return pd.DataFrame(
        {
            "facteur": names,
            "prevu": list(planned.values()),
            "realise": list(achieved.values()),
            "manque": lost,
        }
    )
