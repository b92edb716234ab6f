"""Checks on the years before: trend and what its test would miss, placebo, anticipation, bounds."""

import numpy as np

from fpi_eval import text
from fpi_eval.checks import honest
from fpi_eval.checks.drift import first_time
from fpi_eval.checks.smoothness import folded
from fpi_eval.checks.study import Study, before
from fpi_eval.checks.thresholds import Check
from fpi_eval.errors import FpiError
from fpi_eval.impact.bjs2_t import final_dose
from fpi_eval.impact.frame import DISPLACEMENT
from fpi_eval.misspelt import known_options
from fpi_eval.results import Estimate

LEADS = 5
LEVEL = 0.95


def lever(study: Study) -> float:
    """Return years between the mean year before and the mean year after, weighted by seats.

    A trend of one per seat and year moves an estimate with fixed effects by that much per seat.
    """
    frame = study.frame
    size = np.abs(final_dose(frame))
    on, moved = size > 0, (frame["dose"] != 0).to_numpy()
    time = frame["time"].to_numpy(float)
    after, early = on & moved, on & ~moved
    if not early.any():
        return float("nan")
    return np.average(time[after], weights=size[after]) - np.average(
        time[early], weights=size[early]
    )


@known_options
def explaining_slope(study: Study) -> float:
    """Return the trend of opened cells, per seat and year, that would make the whole gross effect.

    It begins before the opening and goes on after it; NaN without a year before.
    """
    return study.gross.estimate / (lever(study) or np.nan)


def tendance(study: Study) -> list[Check]:
    """Return the drift that a trend before the opening makes, and the one its test would miss.

    The slope per seat and year of untreated rows, times the years between before and after, over
    the reference effect. The test joins the slope and the last years one by one (Bonferroni).
    """
    frame, years = study.frame, lever(study)
    if not np.isfinite(years):
        reason = "aucune année avant l'ouverture dans le panel."
        return [study.blank("tendance", reason), study.blank("tendance_invisible", reason)]
    time = frame["time"].to_numpy(float)
    slope = before(frame, (time - time.min())[:, None])
    if not len(slope.slopes) or slope.df < 1:
        reason = "trop peu d'années ou de groupes pour estimer une tendance."
        return [study.blank("tendance", reason), study.blank("tendance_invisible", reason)]
    age = time - first_time(frame)
    leads = before(frame, np.column_stack([age == -m for m in range(1, LEADS + 1)]))
    p_value = slope.p_value()
    if np.isfinite(leads.p_value()):
        p_value = min(1.0, 2 * min(p_value, leads.p_value()))
    drift = abs(slope.slopes[0] * years) / study.reference
    unseen = slope.detectable() * abs(years) / study.reference
    words = (
        f"pente de {text.signe(slope.slopes[0], 4)} par place et par an, qui ajouterait "
        f"{text.pourcent(drift, 0)} de l'effet de référence ({text.p_egale(p_value)})."
    )
    half, wide = widened(study.gross, unseen * study.reference)
    missed = (
        f"une dérive de {text.pourcent(unseen, 0)} de l'effet de référence aurait été vue 8 fois "
        "sur 10, une plus petite serait souvent passée inaperçue. Compter avec elle élargit "
        f"l'intervalle de l'effet brut de ± {text.nombre(half, 2)} à ± {text.nombre(wide, 2)} par "
        "place."
    )
    return [
        study.check("tendance", drift, p_value, words, bias=drift),
        study.check("tendance_invisible", unseen, np.nan, missed),
    ]


def widened(gross: Estimate, bias: float) -> tuple[float, float]:
    """Return half the width of an interval, then when a bias of this size may have been missed.

    Armstrong and Kolesár (2018), as Rambachan and Roth (2023) use it: the quantile of a folded
    normal law, scaled as the plain interval is by its degrees of freedom.
    """
    half = (gross.ci_high - gross.ci_low) / 2
    if not (gross.std_error > 0 and np.isfinite(bias)):
        return half, float("nan")
    return half, half * folded(bias / gross.std_error, LEVEL) / folded(0.0, LEVEL)


def placebo_delai(study: Study) -> Check:
    """Return whether outcomes move between the opening and the first session it can move.

    A graduate of a course of d years cannot come from seats opened less than d − 1 rentrées ago:
    years −(d − 1) to −1 from the first possible effect are a free placebo.
    """
    frame = study.frame
    lag = frame["lag"].to_numpy()
    age = frame["time"].to_numpy(float) - first_time(frame)
    steps = [m for m in range(1, 4) if ((age == -m) & (lag >= m)).any()]
    if not steps:
        return study.blank("placebo_delai", "résultat sans délai entre l'ouverture et l'effet.")
    found = before(frame, np.column_stack([(age == -m) & (lag >= m) for m in steps]))
    p_value = found.p_value()
    if not np.isfinite(p_value):
        return study.blank("placebo_delai", "trop peu de groupes pour ce test.")
    largest = float(np.abs(found.slopes).max())
    words = (
        f"{text.pluriel(len(steps), 'session')} après l'ouverture et avant tout effet possible : "
        f"écart de {text.nombre(largest, 3)} par place au plus ({text.p_egale(p_value)})."
    )
    return study.check("placebo_delai", largest, p_value, words, bias=largest / study.reference)


def anticipation(study: Study) -> Check:
    """Return whether entrants already move at the rentrée before the opening."""
    if "entrants" not in study.panel or study.panel["entrants"].isna().all():
        return study.blank("anticipation", "entrants inconnus.")
    entry = Study(study.facts, "entrants", study.niveau)
    age = entry.frame["time"].to_numpy(float) - first_time(entry.frame)
    found = before(entry.frame, (age == -1)[:, None])
    p_value = found.p_value()
    if not np.isfinite(p_value):
        return study.blank("anticipation", "trop peu de groupes ou d'années pour ce test.")
    words = (
        f"{text.signe(found.slopes[0], 3)} entrant par place à ouvrir, la rentrée d'avant "
        f"({text.p_egale(p_value)})."
    )
    size = abs(found.slopes[0])
    return study.check("anticipation", size, p_value, words, bias=size / study.reference)


def rupture(study: Study) -> Check:
    """Return how many times the worst change before would be needed to cancel the effect.

    Rambachan and Roth (2023), relative magnitudes; without an effect there is nothing to cancel.
    """
    if not study.gross.beyond_zero:
        return study.blank(
            "rupture", "sans étalonnage, l'effet ne se distingue pas de zéro : rien à annuler."
        )
    table = study.event.table
    try:
        # The error of a year of one treated cluster is unknown, though its influence is a number.
        kept = _consecutive(table["rel_time"].where(table["ci_low"].notna()).to_numpy())
        found = honest.event(
            table["rel_time"].to_numpy()[kept],
            table["estimate"].to_numpy()[kept],
            study.event.covariance[np.ix_(kept, kept)],
            study.event.df,
        )
    except FpiError as error:
        return study.blank("rupture", str(error))
    m = honest.breakdown(found)
    shown = "plus de 20" if np.isinf(m) else text.nombre(m, 1)
    words = (
        f"il faudrait que les tendances divergent chaque année de {shown} fois la pire variation "
        "d'avant pour que l'effet moyen ne se distingue plus de zéro."
        if m > 0
        else "l'effet moyen, année après année, ne se distingue pas de zéro, même sans écart."
    )
    return study.check("rupture", min(m, honest.LARGEST_M), np.nan, words)


def _consecutive(rel_time: np.ndarray) -> np.ndarray:
    """Return the rows of the years around the reference −1 that follow one another."""
    have = set(rel_time.tolist()) | {-1}
    low = high = -1
    while low - 1 in have:
        low -= 1
    while high + 1 in have:
        high += 1
    return np.flatnonzero((rel_time >= low) & (rel_time <= high))


def ecart(study: Study) -> Check:
    """Return whether J and BJS2-T agree, with the error of their gap."""
    gap = study.estimates[-1]
    share, error = (part / study.reference for part in (gap.estimate, gap.std_error))
    words = (
        f"J et BJS2-T diffèrent de {text.signe(100 * share)}\u00a0% de l'effet de référence "
        f"(erreur {text.pourcent(error, 0)} ; {text.p_egale(gap.p_value)})."
    )
    return study.check("ecart_j_t", abs(share), gap.p_value, words, bias=abs(share))


def deplacement(study: Study) -> Check:
    """Return whether displacement is small, or known well enough to read the net effect."""
    moved = study.estimates[DISPLACEMENT]
    if not np.isfinite(moved.std_error):
        return study.blank("deplacement", "déplacement non mesurable : pas d'intervalle.")
    share = -moved.estimate / study.reference
    half = (moved.ci_high - moved.ci_low) / 2 / study.reference
    worst = -moved.ci_low / study.reference
    ends = [text.pourcent(-end / study.reference, 0) for end in (moved.ci_high, moved.ci_low)]
    words = f"{text.pourcent(share, 0)} de l'effet de référence (de {ends[0]} à {ends[1]}) ; "
    margin = study.table["deplacement"].good
    if worst <= margin:
        words += f"au plus {text.pourcent(max(worst, 0.0), 0)}, selon l'intervalle à 95 %."
    elif half <= margin:
        words += "mesuré assez précisément : l'effet net se lit, l'effet brut seul tromperait."
    else:
        words += "trop incertain pour exclure qu'il efface une part notable de l'effet."
    return study.check("deplacement", min(worst, half), np.nan, words)
