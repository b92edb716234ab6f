"""Smallest detectable effect per seat on the register's own calendar, panel and inference rule."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import binom
from scipy.stats import t as student

from fpi_eval.calendar import LABELS, SHOWN, calendrier, opened, premieres, there
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import as_panel
from fpi_eval.impact.frame import DISPLACEMENT
from fpi_eval.impact.uncertainty import CR3, ENOUGH, INTERVAL_TEXT
from fpi_eval.misspelt import known_options
from fpi_eval.panel import coding
from fpi_eval.power.placement import Pattern, pattern, untreated
from fpi_eval.power.result import Puissance
from fpi_eval.power.simulate import DRAWS, simulate
from fpi_eval.programme import Programme
from fpi_eval.regression import choose

POWER = 0.80
MARGIN = 0.20  # displacement worth seeing, per filled seat (METHOD, E11)
GRID = 41
KEYS = ["resultat", "effet", "rentree"]


@known_options
def closed_form(std_error: float, df: float = np.inf) -> float:
    """Return the smallest effect seen with `POWER`: (t .975 + t power) × standard error."""
    return float((student.ppf(0.975, df) + student.ppf(POWER, df)) * std_error)


@known_options
def puissance(
    panel: pd.DataFrame,
    register: pd.DataFrame,
    *,
    programme: Programme | None = None,
    mef: pd.DataFrame | None = None,
    familles: pd.DataFrame | None = None,
    resultats: Sequence[str] | None = None,
    horizon: int = 2030,
    rentrees: Sequence[int] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    jour: date | None = None,
) -> Puissance:
    """Return what the evaluation can see, and from when, before looking at any effect.

    The register's openings, with their seats and dates, are put in establishments of regions
    where the programme did not go, pupils of the expected effect are added there one by one, and
    J is run: what it finds beyond that effect is noise, of the size it has in these very data.
    An effect larger by b adds exactly b to the estimate and leaves its interval's width, J being
    linear in the outcome; so power at b is the share of draws whose interval, moved to b, leaves
    zero out.

    Parameters
    ----------
    panel : DataFrame
        Cell panel of several regions; those with programme seats are not used. When it stops
        before a rentrée to plan for, openings are placed so many years earlier.
    register : DataFrame
        Openings: uai, cfd or mefstat11, voie, niveau, rentree, places.
    programme : Programme, optional
        Its [[hypotheses]] give the effect expected per seat, hence when it can be seen. Without
        it the effect is taken as the same for every seat, which overstates power.
    resultats : sequence of str, optional
        Outcomes; by default those that the panel counts.
    rentrees : sequence of int, optional
        Last rentrées of the data to plan for; by default all from the first readable to
        ``horizon``.
    draws : int
        Placements; the smallest effect's own Monte Carlo interval is given.

    Raises
    ------
    FpiError
        No opening, no untreated region, an outcome the panel lacks, or too few establishments.
    """
    coding.needed(panel, "niveau", "voie", "filiere")
    panel = as_panel(panel)
    resultats = counted(panel) if resultats is None else resultats
    agenda = calendrier(register, mef=mef, familles=familles, jour=jour, resultats=tuple(resultats))
    first, whole = premieres(agenda), pattern(register)
    rest, size = untreated(panel, register)
    wanted = {
        row.resultat: [y for y in rentrees or range(row.ligne, horizon + 1) if y >= row.ligne]
        for row in first.itertuples()
    }
    if wanted and not any(wanted.values()):
        raise FpiError(
            "aucune rentrée demandée ne montre un résultat de ces ouvertures : le premier se lit à "
            f"la rentrée {first['ligne'].min()}."
        )
    kept: list[pd.DataFrame] = []
    tables: list[pd.DataFrame] = []
    short = 0
    for name, years in wanted.items():
        seen = followed(register, rest, name)
        if not years or not (opened(seen) > 0).any():
            continue
        pat, aim = pattern(seen), expected(programme, seen) if programme else {}
        effect = aim.get(name, 0.0)
        runs = simulate(rest, pat, name, years, size=size, effect=effect, draws=draws, seed=seed)
        found = detectable(runs, degrees(pat), aim)
        short += len(years) - len(found) // 3
        if len(found):
            kept.append(runs)
            tables.append(found)
    if not kept:
        raise FpiError(
            "le panel est trop court pour y placer les ouvertures du registre, ou n'en compte pas "
            "la voie."
        )
    rule = choose(whole.n_etablissements)
    return Puissance(
        pd.concat(tables, ignore_index=True),
        curves(pd.concat(kept, ignore_index=True)),
        agenda,
        first,
        INTERVAL_TEXT.format(kind=CR3) if rule.key == "cr1" else rule.name,
        draws,
        whole.n_etablissements,
        len(whole.areas),
        whole.seats,
        whole.closures,
        short,
        max(rentrees) if rentrees else horizon,
    )


def counted(panel: pd.DataFrame) -> list[str]:
    """Return the outcomes that a panel counts, among those whose power is shown."""
    return [name for name in SHOWN if name in panel and panel[name].notna().any()]


def followed(register: pd.DataFrame, panel: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return the openings of the voies in which the panel counts an outcome.

    Open files count apprentices at work alone: their seats say nothing of graduates.
    """
    if outcome not in panel:
        raise FpiError(f"résultat absent du panel : {outcome}.", colonne=outcome)
    return register[register["voie"].isin(panel.loc[panel[outcome].notna(), "voie"].unique())]


def degrees(pat: Pattern) -> int:
    """Return the degrees of freedom of the rule: treated départements − 1 if enough of them."""
    few = len(pat.areas) < ENOUGH
    return max((pat.n_etablissements if few else len(pat.areas)) - 1, 1)


def smallest(margins: np.ndarray) -> tuple[float, float, float]:
    """Return the effect seen in the share `POWER` of draws, and its 95 % Monte Carlo interval.

    ``margins`` says how far each draw's interval reaches on the wrong side of zero: the effect it
    takes to leave zero out. Missing ones (no interval) are infinite. Ends are those of a quantile
    from order statistics: the upper one is infinite when draws are too few to bound it.
    """
    known = np.sort(np.where(np.isfinite(margins), margins, np.inf))
    order, n = np.concatenate([[-np.inf], known, [np.inf]]), len(known)
    below, above = binom.ppf([0.025, 0.975], n, POWER).astype(int)
    picked = order[[int(np.ceil(POWER * n)), below, above + 1]]
    middle, low, high = (float(max(value, 0.0)) for value in picked)
    return middle, low, high


def margins_of(runs: pd.DataFrame) -> pd.Series:
    """Return the effect that each draw's interval needs: displacement is looked for below zero."""
    down = runs["effet"] == DISPLACEMENT
    return runs["ci_high"].where(down, -runs["ci_low"])


def detectable(runs: pd.DataFrame, df: int, expectation: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per outcome × effect × rentrée: smallest detectable effect, both ways.

    A draw where nothing could be estimated saw nothing.

    Columns: ``mde`` (simulated) with ``mde_bas`` and ``mde_haut``, ``mde_formule``,
    ``ecart_type`` (spread of the placebos), ``erreur`` (mean standard error), ``fausse_alarme``,
    ``attendu`` (effect to be seen), ``detectable``, ``tirages``.
    """
    rows = []
    for key, group in runs.assign(marge=margins_of(runs)).groupby(KEYS, sort=False):
        known = group.dropna(subset=["estimate"])
        if known.empty:
            continue
        mde, low, high = smallest(group["marge"].to_numpy())
        error = known["std_error"].mean()
        wrong = (known["ci_low"] > 0) | (known["ci_high"] < 0)
        aim = expectation.get(key[0], np.nan) * (MARGIN if key[1] == DISPLACEMENT else 1.0)
        sizes = (mde, low, high, closed_form(error, df), known["estimate"].std(), error)
        rows.append((*key, *sizes, wrong.mean(), aim, mde <= aim, len(known)))
    names = [
        "mde", "mde_bas", "mde_haut", "mde_formule", "ecart_type", "erreur", "fausse_alarme",
        "attendu", "detectable", "tirages",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*KEYS, *names])


def curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Return power against the effect per seat at each outcome's last rentrée, gross and net.

    Columns: resultat, effet, rentree, taille, puissance.
    """
    parts = []
    last = runs.groupby("resultat")["rentree"].transform("max")
    kept = runs[(runs["rentree"] == last) & (runs["effet"] != DISPLACEMENT)]
    for key, group in kept.groupby(KEYS, sort=False):
        if group["estimate"].isna().all():
            continue
        reach = smallest(margins_of(group).to_numpy())[0]
        sizes = np.linspace(0.0, 2 * reach if 0 < reach < np.inf else 1.0, GRID)
        low, high = group["ci_low"].to_numpy(), group["ci_high"].to_numpy()
        seen = (low + sizes[:, None] > 0) | (high + sizes[:, None] < 0)
        part = pd.DataFrame({"taille": sizes, "puissance": seen.mean(axis=1)})
        parts.append(part.assign(**dict(zip(KEYS, key, strict=True))))
    columns = [*KEYS, "taille", "puissance"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


@known_options
def expected(programme: Programme, register: pd.DataFrame) -> dict[str, float]:
    """Return the effect per seat that the programme's [[hypotheses]] lead to, by outcome."""
    there(register, "niveau")
    places = opened(register).clip(lower=0).groupby(register["niveau"]).sum()
    totals = dict.fromkeys(("entrants", "terminale", "diplomes", "sortants"), 0.0)
    totals |= {name: 0.0 for name in LABELS if name in ("en_emploi_6_mois", "en_emploi_24_mois")}
    for niveau, share in (places / places.sum()).items():
        rate = {
            lien: programme.hypothese(lien, niveau).valeur
            for lien in (
                "remplissage", "retention", "reussite", "sortie", "emploi_6_mois", "emploi_24_mois",
            )
        }  # fmt: skip
        final = rate["remplissage"] * rate["retention"]
        leavers = final * rate["sortie"]
        good = rate["reussite"] * (1 - programme.projection.perte_marginale)
        per_seat = (
            rate["remplissage"],
            final,
            final * good,
            leavers,
            leavers * rate["emploi_6_mois"],
            leavers * rate["emploi_24_mois"],
        )
        for name, value in zip(totals, per_seat, strict=True):
            totals[name] += share * value
    return totals
