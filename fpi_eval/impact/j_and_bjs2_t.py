"""J and BJS2-T side by side: their gap is a finding, with its own error."""

import pandas as pd

from fpi_eval import text
from fpi_eval.impact.bjs2_t import DESCRIPTION, fit_t
from fpi_eval.impact.bjs2_t import report as t_report
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import GROSS, WEIGHTS, described, sample
from fpi_eval.impact.j import J_TEXT, combination, fit_j, report
from fpi_eval.impact.uncertainty import BJS, answer
from fpi_eval.panel.sample import Sample
from fpi_eval.regression.linear import LinearFit
from fpi_eval.results import Estimate, Estimates

GAP = "Écart J − BJS2-T"


@any_table
def j_and_bjs2_t(
    panel: pd.DataFrame,
    y: str = "diplomes",
    *,
    niveau: str | None = None,
    proportional: bool = True,
) -> Estimates:
    """Return gross, displacement and net of J, BJS2-T, and the gap between the two gross effects.

    The gap's error comes from the difference of influences, cluster by cluster: both use the same
    schools, and their errors are far from independent.
    """
    frame = sample(panel, y, niveau=niveau)
    return side_by_side(frame, fit_j(frame, proportional=proportional), proportional=proportional)


def side_by_side(frame: Sample, fit: LinearFit, *, proportional: bool = True) -> Estimates:
    """Return both estimators of a sample, of which J is fitted, and their gap."""
    texts = [described(words, proportional=proportional) for words in (J_TEXT, DESCRIPTION)]
    primary = report(frame, fit, description=texts[0])
    second = fit_t(frame, fit, proportional=proportional)
    other = t_report(second, texts[1])
    gross = combination(fit, WEIGHTS[GROSS])
    by = [
        fit.among_all(frame[column].to_numpy()) @ gross - psi
        for column, psi in (("uai", second.by_etab), ("code_departement", second.by_dep))
    ]
    gap = answer(
        second.used,
        primary[GROSS].estimate - second.value,
        by[0],
        by[1],
        estimator="J et BJS2-T",
        label=GAP,
        kind=BJS,
        clusters=second.clusters,
        dropped=second.used.dropped,
        description=" ".join(texts),
    )
    note = " ".join(filter(None, [primary.note, _reading(gap)]))
    return Estimates((*primary, other, gap), note=note)


def _reading(gap: Estimate) -> str:
    if not gap.std_error > 0:
        return (
            "L'erreur de l'écart n'est pas mesurable : on ne sait pas si les deux estimateurs "
            "s'accordent."
        )
    ratio = abs(gap.estimate) / gap.std_error
    size = f"{text.nombre(ratio, 1)} fois son erreur"
    if ratio < 1:
        return f"Les deux estimateurs s'accordent : leur écart vaut {size}."
    if ratio < 2:
        return f"Les deux estimateurs s'écartent un peu ({size}) : donnez les deux."
    return (
        f"Les deux estimateurs se contredisent ({size}) : les sites ouverts suivaient peut-être "
        "déjà une autre tendance ; BJS2-T est alors le moins trompeur."
    )
