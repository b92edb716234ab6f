"""Opened seats and graduates where exams are published: effect on both counts, and their ratio.

No open file has graduates by establishment × course. They are counted by département × speciality
(CAP), académie × speciality (bac professionnel) and lycée (all specialities): the effect is
estimated there, by the same regression J, a cell being a territory × speciality. What neighbours
in the same territory and speciality lose is then already in the count.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.absent import Absent, attempt
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import GROSS
from fpi_eval.impact.j import j
from fpi_eval.impact.uncertainty import ENOUGH
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.panel.cell_panel import opened_seats
from fpi_eval.panel.examens import DEPARTEMENT_MESH
from fpi_eval.regression import interval
from fpi_eval.regression.ratio import fieller
from fpi_eval.results import Estimate, Estimates

OUTCOMES = {"presents": "Candidats", "diplomes": "Diplômés"}
SUCCESS = "reussite"  # outcome: graduates / candidates
NOTE = (
    "Comptes d'examens, voie scolaire, à la maille la plus fine qui soit ouverte. Les voisines de "
    "même spécialité et de même territoire sont dans le compte : leur perte est déjà ôtée. "
    # benchmarks/results/exams.md
    "Sur des tableaux inventés, ces intervalles à 95 % contiennent la vérité de 92 à 100 fois sur "
    "100, selon la maille et le nombre de territoires."
)

RATIO = (
    "Réussite : diplômés en plus / candidats en plus, là où l'effet sur les candidats se distingue "
    "de zéro."
)


@known_options
def exam_effects(panel: pd.DataFrame, cells: pd.DataFrame | None = None) -> Estimates:
    """Return candidates and graduates per opened seat, then success, at each mesh that allows it.

    Parameters
    ----------
    panel : DataFrame
        A year's ``exams``: maille, cell, territoire, code_region, course, filiere, rentree,
        presents, diplomes, seats (of those who sit the exam).
    cells : DataFrame, optional
        The year's cells: the note then says what share of all opened seats each mesh sees.

    Raises
    ------
    FpiError
        If no mesh has a session that opened seats led to, with the reason of each.
    """
    items: list[Estimate] = []
    reasons: dict[str, str] = {}
    coding.needed(panel, "maille", "cell", "territoire", "seats", *OUTCOMES)
    for mesh, rows in panel.groupby("maille", sort=False):
        found = attempt(_mesh, rows, str(mesh))
        if isinstance(found, Absent):
            reasons[str(mesh)] = found.reason
        else:
            items += found
    if not items:
        why = " ".join(f"{mesh} : {reason}" for mesh, reason in reasons.items())
        raise FpiError(f"aucun examen publié n'a encore de candidats entrés dans ces places. {why}")
    left = [f"{mesh} : pas d'estimation. {reason}" for mesh, reason in reasons.items()]
    seen = [] if cells is None else [_seen(panel, cells)]
    ratio = [RATIO] * any(one.outcome == SUCCESS for one in items)
    return Estimates(tuple(items), note=" ".join([NOTE, *ratio, *seen, *left]), public=True)


def seats_seen(panel: pd.DataFrame) -> pd.Series:
    """Return, by mesh, the opened seats whose entrants have sat an exam that its file counts."""
    seats = opened_seats(panel, ["maille", "cell"]).groupby(level="maille").sum()
    return seats.reindex(panel["maille"].unique())


def _seen(panel: pd.DataFrame, cells: pd.DataFrame) -> str:
    """Return the sentence on the share of opened seats that each mesh sees."""
    opened = opened_seats(cells).sum()
    shares = [
        f"{text.pourcent(seats / opened, 0)} ({mesh})" for mesh, seats in seats_seen(panel).items()
    ]
    return (
        f"Des {text.nombre(opened)} places ouvertes que montrent les fichiers, ces examens en "
        f"voient : {text.liste(shares)}. Les autres mènent à un BTS, sont en apprentissage, ou "
        "leurs entrants n'ont pas encore passé d'examen publié."
    )


def _mesh(rows: pd.DataFrame, mesh: str) -> list[Estimate]:
    """Return the effects on candidates and graduates of one mesh, and their ratio.

    No ratio where the effect on candidates may be zero: it would be graduates over noise.
    """
    if not (rows["seats"] != 0).any():
        raise FpiError("aucune place ouverte ne mène encore à une session publiée.")
    treated = rows.loc[rows["seats"] != 0, "territoire"].nunique()
    if mesh == DEPARTEMENT_MESH and treated < ENOUGH:
        raise FpiError(
            f"{text.pluriel(treated, 'département concerné', 'départements concernés')}, moins de "
            f"{ENOUGH} : une année ordinaire de toutes les spécialités cacherait l'effet."
        )
    table = rows.assign(exposure_etab=0.0, exposure_dep=0.0)
    sat, passed = (_effect(table, key, f"{name}, {mesh}") for key, name in OUTCOMES.items())
    success = [_ratio(sat, passed, f"Réussite, {mesh}")] if sat.ci_low > 0 else []
    return [sat, passed, *success]


def _effect(table: pd.DataFrame, outcome: str, label: str) -> Estimate:
    found = j(
        table,
        outcome,
        size="presents",
        cluster="territoire",
        departement="territoire",
        famille=None,
        lag=0,
    )
    return _wide_enough(replace(found[GROSS], label=label))


def _wide_enough(found: Estimate) -> Estimate:
    """Return an effect on few territories with an interval no narrower than Student's.

    Permuting three académies among twenty-five held the truth in 63 % of simulated programmes where
    95 were meant, with t at two degrees of freedom in 97 %.
    """
    if found.n_treated_clusters >= ENOUGH or not np.isfinite(found.ci_low):
        return found
    df = max(found.df, 1)
    low, high, _ = interval(found.estimate, found.std_error, df)
    rule = f"{found.rule}, jamais plus étroit que t à {df} degrés de liberté"
    low, high = min(low, found.ci_low), max(high, found.ci_high)
    return replace(found, ci_low=low, ci_high=high, rule=rule)


def _ratio(candidates: Estimate, graduates: Estimate, label: str) -> Estimate:
    """Return graduates per candidate, both counts of the same seats, with Fieller's interval."""
    psi = pd.concat([graduates.influence, candidates.influence], axis=1).fillna(0.0).to_numpy()
    (above, both), (_, below) = psi.T @ psi
    n, d = graduates.estimate, candidates.estimate
    found = fieller(n, d, above, below, both, df=max(graduates.df, 1))
    ratio = n / d
    error = np.sqrt(max(above - 2 * ratio * both + ratio**2 * below, 0.0)) / abs(d)
    return replace(
        graduates,
        outcome=SUCCESS,
        estimator="J, rapport de deux effets",
        estimate=ratio,
        std_error=error,
        ci_low=found.low if found.bounded else -np.inf,
        ci_high=found.high if found.bounded else np.inf,
        p_value=np.nan,
        rule=f"Fieller, {graduates.rule}",
        label=label,
        influence=None,
    )
