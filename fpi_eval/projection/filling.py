"""How fast opened seats fill up: the declared delay, corrected by what openings have shown."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval.checks.drift import Drift, brought, drift
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import final, sample
from fpi_eval.impact.imputation import fit, read, unexposed, used_rows
from fpi_eval.impact.uncertainty import Clusters
from fpi_eval.misspelt import known_options
from fpi_eval.panel.sample import Sample
from fpi_eval.projection.rates import SD_ANNEE, Profil, Taux
from fpi_eval.regression.absorb import compact
from fpi_eval.regression.counterfactual import Imputation

STRENGTH = (0.0, 2.0)  # the declared delay may turn out nil, or twice as long
SHAPE = 0.05  # and each of the first years off the declared path by that much (sd)
CANDIDATES = 4000
LOWEST = 0.05
LIKE, FEWEST = 100, 20  # cells that an opened one is compared with, at most and at least
MOST = 0.5  # of the variance may be fills of the openings' own


@known_options
def seen(panel: pd.DataFrame, niveau: str, *, ages: int = 3) -> Profil:
    """Return fill by age of the opening, by imputation on entrants, of the openings of one level.

    Imputation averages over the seats in force; J gives more weight to the first year of late
    openings, which lowers it when seats fill up slowly. The untreated model is that of both levels
    together, region × session effects included: what a region's year does to entrants is no fill,
    and no error clustered inside the region would show it. Errors are clustered by département, or
    by établissement when fewer than `uncertainty.ENOUGH` départements are treated; unlike
    `uncertainty.answer`, groups count by their seats, since few large ones hold an age.

    Opened cells may have grown already: their drift before opening, measured on both levels at
    once and drawn towards 0 (`Drift.linear`), is taken off, and its error is in that of the fill.

    The error counts how much fill differs between openings. Openings to come will differ too, but
    those already there keep the fill they have: ``propre`` is the part of the variance that says
    nothing of them (`_own`).
    """
    whole = sample(panel, "entrants")
    frame = unexposed(whole)
    model = fit(frame, region=True)
    on = model.treated & model.usable & (frame["dose"] > 0).to_numpy()
    on &= (frame["niveau"] == niveau).to_numpy()
    dose = frame["dose"].to_numpy()
    age = (frame["time"] - frame["cohort"]).clip(upper=ages - 1).to_numpy()
    if not on.any():
        raise FpiError("aucune formation ouverte de ce niveau n'a encore d'entrants comptés.")
    there = [a for a in range(ages) if (on & (age == a)).any()]
    seats = np.array([dose[on & (age == a)].sum() for a in there])
    target = np.column_stack([on & (age == a) for a in there]) / seats
    values, by_etab, by_dep = read(frame, model, target)
    used = used_rows(frame, model)
    used = used[(used["niveau"] == niveau) | (used["dose"] == 0)]
    wide = Clusters.of(used).wide
    column, psi = ("code_departement", by_dep) if wide else ("uai", by_etab)
    each = np.array([_alike(frame.loc[target[:, a] > 0], column) for a in range(len(there))])
    every, share = _alike(frame.loc[on], column), seats / seats.sum()
    factor, raw = np.sqrt(each / np.maximum(each - 1, 0.5)), psi.T @ psi
    error = float(np.sqrt(share @ raw @ share * every / max(every - 1, 0.5)))
    # Places without openings carry part of the error of the mean: more groups than those that open.
    moved = (psi @ share) ** 2
    carry = float(moved.sum() ** 2 / (moved**2).sum())
    found = Profil(
        np.array(there),
        share,
        values,
        np.outer(factor, factor) * raw,
        error,
        float(max(each.min() - 1, 1.0)),
        float(max(every - 1, carry - 1, 1.0)),
        by_dep @ share,
        _own(frame, model, target @ share, target @ (values * seats) * dose, niveau, error),
        int(frame.loc[on, "time"].max()),
        frame.loc[on, "cell"].nunique(),
    )
    grown = brought(frame, final(frame["cell"], dose) > 0, values @ share)
    return _without(found, drift(_not_closed(whole)), model.weights(target).T @ grown)


def _not_closed(frame: Sample) -> Sample:
    """Return the rows of cells that opened seats or never moved."""
    closed = final(frame["cell"], frame["dose"].to_numpy()) < 0
    return frame.of(frame.frame[~closed], ("formation fermée", int(closed.sum())))


def _without(found: Profil, drift: Drift, brings: np.ndarray) -> Profil:
    """Return fills less what the drift of opened cells brings, and what is not known of it.

    ``brings`` (ages,) is what a drift of 1 a year adds to each fill; the drift's error is one more
    place in the influence, the same at every level, and its degrees of freedom are joined to those
    of the mean by Welch and Satterthwaite.
    """
    slope, error = drift.linear
    mean = float(found.poids @ brings)
    own, other = found.erreur**2, (mean * error) ** 2
    total = own + other
    df = total**2 / (own**2 / found.libertes_moyenne + other**2 / drift.df)
    return replace(
        found,
        effets=found.effets - slope * brings,
        covariance=found.covariance + error**2 * np.outer(brings, brings),
        erreur=float(np.sqrt(total)),
        libertes_moyenne=float(df),
        influence=np.append(found.influence, mean * error),
        propre=found.propre * own / total,
        derive=(drift.measured, drift.std_error, slope * mean),
    )


def _own(
    frame: Sample,
    model: Imputation,
    target: np.ndarray,
    expected: np.ndarray,
    niveau: str,
    error: float,
) -> float:
    r"""Return the part of the mean's variance that is the openings' own fills, half at most.

    With v the weights of the mean and r what the mean fill of its age leaves, an opened cell adds
    :math:`c_i = \sum_t v_{it} r_{it}`; cells of its size that nothing touched show what c would be
    without seats, under the same weights. Its square beyond theirs is a fill of its own.
    """
    v = model.weights(target[:, None])[:, 0]
    cell, n = compact(frame["cell"].to_numpy())
    time, years = compact(frame["time"].to_numpy())
    weights, rest, size = np.zeros((n, years)), np.full((n, years), np.nan), np.zeros(n)
    weights[cell, time], size[cell] = v, frame["size"].to_numpy(float)
    rest[cell, time] = np.where(model.usable, model.tau - expected, 0.0)
    other = model.treated | (frame["niveau"] != niveau).to_numpy()
    opened, left = np.zeros((2, n), dtype=bool)
    opened[cell[target > 0]], left[cell[other]] = True, True
    calm = np.flatnonzero(~left & np.isfinite(rest).all(axis=1))
    beyond = 0.0
    for i in np.flatnonzero(opened) if len(calm) >= FEWEST else ():
        alike = calm[np.argsort(np.abs(np.log(size[calm] / size[i])), kind="stable")[:LIKE]]
        without = rest[alike] @ weights[i] * size[i] / size[alike]
        beyond += np.nansum(weights[i] * rest[i]) ** 2 - np.mean(without**2)
    return float(np.clip(beyond / error**2, 0.0, MOST)) if error > 0 else 0.0


def _alike(rows: pd.DataFrame, column: str) -> float:
    """Return how many groups of equal size would weigh as much as those of the rows (Kish)."""
    size = rows.groupby(column)["dose"].sum()
    return float(size.sum() ** 2 / (size**2).sum())


@known_options
def from_profile(niveau: str, profil: Profil, source: str) -> Taux:
    """Return the fill of opened seats from what they showed by age.

    The rate shown is the mean over the seat-years seen; no spread between courses is added, since
    it is the mean of these very seats.
    """
    effect, error = profil.moyenne
    mean = float(np.clip(effect, 0.01, 0.99))
    size = max(mean * (1 - mean) / error**2 - 1, 2.0)
    return Taux("remplissage", niveau, mean, size, "estimation", source, 0.0, SD_ANNEE, profil)


def ramp_draws(ramp: tuple[float, ...], n: int, rng: np.random.Generator) -> np.ndarray:
    """Return fill by age relative to full capacity, (n, ages), before any opening is seen."""
    path = np.asarray(ramp, dtype=float)
    strength = rng.uniform(*STRENGTH, n)[:, None]
    off = np.r_[rng.normal(0, SHAPE, (len(path) - 1, n)), np.zeros((1, n))].T
    return np.clip(1 - strength * (1 - path) + off, LOWEST, None)


def fill_draws(
    rates: Mapping[str, Taux], ramp: tuple[float, ...], n: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    r"""Return fill at full capacity by level, (n,) each, and relative fill by age (n, ages).

    Fill is that of openings to come, then that of those already seen, which is known better.

    Without a profile both come from the declared values. With some, paths r drawn as declared
    are kept in proportion of how well they explain the effects f seen at each age in every level
    (the delay is declared for the whole programme), V being their covariance; the mean effect
    over all seats seen, :math:`\bar f = w'f`, then gives the level:

    .. math:: weight(r) \propto \prod (1 + c'(BVB')^+c / \nu)^{-(\nu + k - 1)/2}, \quad
              c = Bf, \quad B = I - r w' / w'r, \quad F = (\bar f + \sigma\, t) / w'r

    Weighting ages by V itself (least squares) would be sharper on paper, but V comes from some
    ten groups: in simulations its bands held 65 % of outcomes instead of 80.
    """
    found = {level: r.profil for level, r in rates.items() if r.profil is not None}
    path = ramp_draws(ramp, CANDIDATES if found else n, rng)
    if found:
        log = np.sum([_fit(f, f.along(path)) for f in found.values()], axis=0)
        weight = np.exp(log - log.max())
        path = path[rng.choice(CANDIDATES, n, p=weight / weight.sum())]
    full = {level: r.draw(rng, n) for level, r in rates.items() if r.profil is None}
    there = dict(full)
    for (level, f), off in zip(found.items(), _shared(list(found.values()), n, rng), strict=True):
        mean, error = f.moyenne
        for fill, part in ((full, 1.0), (there, 1 - f.propre)):
            fill[level] = (mean + error * np.sqrt(part) * off) / (f.along(path) @ f.poids)
    ahead, known = ({k: np.clip(v, 0.01, 0.999) for k, v in d.items()} for d in (full, there))
    return ahead, known, path


def _shared(found: list[Profil], n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return Student draws for the mean of each level, (n,), correlated as their influences are.

    The levels share the same region's years, and most of what is not known of them.
    """
    if not found:
        return []
    moves = np.stack([f.influence for f in found])
    size = np.sqrt((moves**2).sum(axis=1))
    normal = rng.multivariate_normal(
        np.zeros(len(found)), moves @ moves.T / np.outer(size, size), n
    )
    df = [max(f.libertes_moyenne, 2.5) for f in found]
    return [normal[:, k] / np.sqrt(rng.chisquare(d, n) / d) for k, d in enumerate(df)]


def _fit(found: Profil, paths: np.ndarray) -> np.ndarray:
    """Return the log-likelihood (Student) of effects by age around paths of their mean, (n,).

    A path that asks for more than one pupil a seat at full capacity is ruled out.
    """
    shown, df = paths @ found.poids, found.libertes
    log = np.empty(len(paths))
    for i, path in enumerate(paths):
        b = np.eye(len(path)) - np.outer(path, found.poids) / shown[i]
        gap = b @ found.effets
        far = gap @ np.linalg.pinv(b @ found.covariance @ b.T, hermitian=True) @ gap
        log[i] = -0.5 * (df + len(path) - 1) * np.log1p(far / df)
    mean, error = found.moyenne
    return log + stats.t.logcdf((shown - mean) / error, found.libertes_moyenne)
