"""The widest of the intervals that a design calls for, and the sentence that says which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.panel.sample import Sample
from fpi_eval.regression import interval
from fpi_eval.regression.absorb import compact, interaction
from fpi_eval.regression.linear import COLLINEAR, LinearFit, cross
from fpi_eval.regression.sandwich import codes
from fpi_eval.results import Estimate, Estimates, EventStudy

ENOUGH = 5  # treated départements from which their own spread can be trusted

CR1, CR3, BJS = "CR1", "jackknife CR3", "variance prudente"
#: The rule of `Clusters.interval`, from 20 treated establishments on, in words.
INTERVAL_TEXT = (
    "erreur par département ({kind}), t à (départements traités − 1) degrés de liberté (ou "
    "comparés aux mêmes formations et années, s'ils sont moins nombreux) ; sous "
    f"{ENOUGH} départements traités, la plus large de celle-ci et de l'erreur par établissement ; "
    "élargie par les régions placebo si elles s'écartent plus que leur erreur"
)
ALONE = "trop peu de groupes traités, ou à qui les comparer : ni erreur ni intervalle"
UNKNOWN = (
    "ni nombre ni intervalle : des formations voisines sont exposées, aucune n'est comparée, "
    "et ce qu'elles perdent est inconnu"
)
FEWER = ", moins aux années où moins de groupes traités sont suivis"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way of measuring the error: standard error, degrees of freedom of its t, French name."""

    name: str
    std_error: float
    df: float


@dataclass(frozen=True, slots=True)
class ChosenInterval:
    """An interval and the rule behind it."""

    std_error: float
    ci_low: float
    ci_high: float
    p_value: float
    rule: str


def widest(estimate: float, candidates: list[Candidate]) -> ChosenInterval:
    """Return the widest interval among candidates; the rule names it and those it was compared to.

    Taking the widest is conservative by construction: each level of clustering is wrong if shocks
    are shared at a wider one, and a wide level with few clusters underestimates by chance.
    """
    kept = [c for c in dict.fromkeys(candidates) if np.isfinite(c.std_error) and c.df >= 1]
    if not kept:
        return ChosenInterval(np.nan, np.nan, np.nan, np.nan, ALONE)
    bounds = [interval(estimate, c.std_error, c.df) for c in kept]
    best = max(range(len(kept)), key=lambda j: bounds[j][1] - bounds[j][0])
    rule = kept[best].name
    if len(kept) > 1:
        rule += f" (intervalle le plus large parmi : {text.liste(c.name for c in kept)})"
    return ChosenInterval(kept[best].std_error, *bounds[best], rule)


def error(influence: np.ndarray) -> float:
    """Return the standard error from cluster influences (G,)."""
    return float(np.sqrt(np.sum(influence**2)))


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters of the rows used, at both levels, and how many of each have opened seats.

    ``narrow`` is what readers call the first ones, ``df_etab`` and ``df_dep`` degrees of freedom.
    """

    etab: np.ndarray | pd.Categorical
    dep: np.ndarray | pd.Categorical
    n_treated_etab: int
    n_treated_dep: int
    narrow: str = "établissement"
    n_compared_etab: float = np.inf
    n_compared_dep: float = np.inf

    @property
    def wide(self) -> bool:
        """Whether enough départements are treated for their own spread to be trusted."""
        return self.n_treated_dep >= ENOUGH

    @property
    def df_etab(self) -> int:
        """Treated clusters less one, or those they are compared with if there are fewer."""
        return int(min(self.n_treated_etab, self.n_compared_etab)) - 1

    @property
    def df_dep(self) -> int:
        """The same of départements."""
        return int(min(self.n_treated_dep, self.n_compared_dep)) - 1

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        treated: np.ndarray | None = None,
        compared: np.ndarray | None = None,
    ) -> "Clusters":
        """Return the clusters of an estimation frame.

        ``treated`` are `changing` rows by default, ``compared`` those that they are `opposite` to
        within the effects.
        """
        etab, dep = (pd.Categorical(frame[name]) for name in ("uai", "code_departement"))
        moved = changing(frame)
        treated = moved if treated is None else treated
        stratum = frame["course" if "course" in frame else "code_region"]  # as effects
        sides = opposite(treated, ~moved, interaction(stratum, frame["time"]))
        return cls.counted(etab, dep, treated, *(sides if compared is None else [compared]))

    @classmethod
    def counted(
        cls,
        etab: np.ndarray | pd.Categorical,
        dep: np.ndarray | pd.Categorical,
        treated: np.ndarray,
        *sides: np.ndarray,
    ) -> "Clusters":
        """Return the clusters of rows, treated ones counted, and those of the lesser side."""
        (n_etab, *by_etab), (n_dep, *by_dep) = (
            [pd.unique(by[on]).size for on in (treated, *sides)] for by in (etab, dep)
        )
        return cls(
            etab, dep, n_etab, n_dep, n_compared_etab=min(by_etab), n_compared_dep=min(by_dep)
        )

    def of_years(self, frame: pd.DataFrame, treated: np.ndarray) -> "Clusters":
        """Return the same, compared clusters being those of the treated rows' own years.

        The untreated model fits a year's effect on them alone: the mean of n has a variance in
        1 / n, so that n is their harmonic mean over treated rows. Those opened later compare
        nothing afterwards.
        """
        stratum = frame["course" if "course" in frame else "code_region"]
        strata = interaction(stratum, frame["time"])
        on, others = opposite(treated, ~changing(frame), strata)
        time, years = compact(frame["time"].to_numpy())
        rows, least = np.bincount(time[on], minlength=years), []
        for by in (self.etab, self.dep):
            pairs = pd.DataFrame({"time": time[others], "by": codes(by)[0][others]})
            n = np.bincount(pairs.drop_duplicates()["time"], minlength=years)
            there = rows > 0
            least.append(rows.sum() / np.sum(rows[there] / n[there]) if there.any() else 0.0)
        etab, dep = np.round(least, 9)
        return replace(
            self,
            n_compared_etab=min(self.n_compared_etab, etab),
            n_compared_dep=min(self.n_compared_dep, dep),
        )

    def df_at(self, *, wide: bool) -> int:
        """Return the degrees of freedom of départements, or of the clusters in them."""
        return self.df_dep if wide else self.df_etab

    def corrected(
        self, by_etab: np.ndarray, by_dep: np.ndarray, kind: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return influences with the factor ``G1 / (G1 - 1)`` that theorem 3 of BJS leaves out.

        Their variance is asymptotic; here the mean effect is estimated on G1 treated clusters.
        """
        if kind != BJS:
            return by_etab, by_dep
        factors = [np.sqrt(g / max(g - 1, 1)) for g in (self.n_treated_etab, self.n_treated_dep)]
        return by_etab * factors[0], by_dep * factors[1]

    def candidates(self, by_etab: np.ndarray, by_dep: np.ndarray, kind: str) -> list[Candidate]:
        """Return the candidate of each level, establishments and départements: t(G1 - 1).

        G1 are the treated clusters: untreated ones say much about year effects and nothing about
        the spread of the effect (METHOD, B3), unless they are fewer.
        """
        levels = ((self.narrow, self.df_etab, by_etab), ("département", self.df_dep, by_dep))
        return [
            Candidate(f"erreur par {level} ({kind}), t à {df} degrés de liberté", error(psi), df)
            for level, df, psi in levels
        ]

    def interval(
        self,
        value: float,
        by_etab: np.ndarray,
        by_dep: np.ndarray,
        kind: str,
        also: Sequence[Candidate] = (),
    ) -> tuple[ChosenInterval, str]:
        """Return the widest interval and the level of its clusters.

        Établissements lie in départements, so errors by département allow for shocks of both;
        with t(G1 - 1) they are the rule as long as `ENOUGH` départements are treated. With fewer,
        their spread is a guess, and the widest of both levels is taken. ``also`` are candidates of
        another nature (placebo regions), always in the comparison.
        """
        etab, dep = self.candidates(by_etab, by_dep, kind)
        if self.wide:
            return widest(value, [dep, *also]), "département"
        found = widest(value, [etab, dep, *also])
        return found, "département" if found.rule.startswith(dep.name) else self.narrow


def changing(frame: pd.DataFrame) -> np.ndarray:
    """Return rows with seats, but for cells open since the first year: they compare nothing.

    A cell whose years before are hidden did open: it counts.
    """
    dose, time = (frame[name].to_numpy(float) for name in ("dose", "time"))
    if "lag" in frame:  # the first year with seats acting, of long courses too
        time = time - frame["lag"].to_numpy(float)
    cell, n = compact(frame["cell"].to_numpy())
    (least, first), most = np.full((2, n), np.inf), np.full(n, -np.inf)
    np.minimum.at(least, cell, dose)
    np.minimum.at(first, cell, time)
    np.maximum.at(most, cell, dose)
    always = (least == most) & (first == time.min(initial=np.inf))
    return (dose != 0) & ~always[cell]


def opposite(
    moved: np.ndarray, others: np.ndarray, strata: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows moved, then the others, of strata that have both: they tell of each other.

    ``strata`` are one integer a row, of an effect: course × year, region × year without courses. A
    course open everywhere says no more of an effect than one that nobody opens.
    """
    codes, n = compact(strata)
    both = np.bincount(codes, moved, n) * np.bincount(codes, others, n) > 0
    return moved & both[codes], others & both[codes]


def single(frame: Sample, fit: LinearFit, name: str, **facts) -> Estimate:
    """Return the estimate of one coefficient of a fit, its rows' errors clustered."""
    at, used = fit.position(name), frame[fit.keep]
    by_etab, by_dep = (influence(fit, at, used[c]) for c in ("uai", "code_departement"))
    dropped = frame.dropped + fit.dropped
    return answer(used, fit.coefficients[at], by_etab, by_dep, dropped=dropped, **facts)


def influence(fit: LinearFit, at: int, cluster: pd.Series) -> np.ndarray:
    """Return cluster influences (G,) of one coefficient, missing where they all cancel.

    Two clusters that effects compare with each other alone have scores of sum zero, each of them:
    what is left is rounding, and would be told as an error of nothing.
    """
    psi = fit.influence(cluster.to_numpy())[:, at]
    plain = np.sqrt(fit.bread[at, at] * cross(fit.residuals, fit.residuals, fit.weights))
    return np.full_like(psi, np.nan) if error(psi) < COLLINEAR * plain else psi


def answer(
    frame: Sample,
    value: float,
    by_etab: np.ndarray,
    by_dep: np.ndarray,
    *,
    kind: str = CR1,
    instead: ChosenInterval | None = None,
    also: Sequence[Candidate] = (),
    clusters: Clusters | None = None,
    **facts,
) -> Estimate:
    """Return an estimate from its cluster influences, interval by `Clusters.interval`.

    ``kind`` names the variance; ``also`` are further candidates for the widest interval;
    ``instead`` is an interval by another rule, which says its own level: influence, numbers of
    clusters and degrees of freedom then go with the error, by establishment. ``clusters`` are
    those of the influences, where they are known already. An effect of neighbours that nothing
    tells (`j.combination`) has neither number nor interval.
    """
    clusters = clusters or Clusters.of(frame)
    if np.isnan(value):
        instead = ChosenInterval(np.nan, np.nan, np.nan, np.nan, UNKNOWN)
    by_etab, by_dep = clusters.corrected(by_etab, by_dep, kind)
    found, level = clusters.interval(value, by_etab, by_dep, kind, also)
    if instead is not None:
        found, level = instead, "établissement"
    cluster, n_treated, psi = (
        (clusters.dep, clusters.n_treated_dep, by_dep)
        if level == "département"
        else (clusters.etab, clusters.n_treated_etab, by_etab)
    )
    names = codes(cluster)[1]
    return Estimate(
        outcome=frame.outcome,
        estimate=float(value),
        std_error=found.std_error,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        rule=found.rule,
        n_obs=len(frame),
        n_cells=frame["cell"].nunique(),
        n_clusters=len(names),
        n_treated_clusters=n_treated,
        influence=pd.Series(psi, index=names),
        n_openings=clusters.n_treated_etab,
        df=clusters.df_at(wide=level == "département"),
        **facts,
    )


def answers(
    frame: Sample,
    coefficients: np.ndarray,
    psi: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray],
    own: Mapping[str, Mapping] = MappingProxyType({}),
    **facts,
) -> Estimates:
    """Return an estimate for each label: a combination of a fit's coefficients.

    ``psi`` are their influences by establishment and by département, (G, k); ``own`` what `answer`
    takes for one label alone.
    """
    found = []
    for label, w in weights.items():
        said = {"label": label, **facts, **own.get(label, {})}
        found.append(answer(frame, w @ coefficients, psi[0] @ w, psi[1] @ w, **said))
    return Estimates(tuple(found))


def event_table(
    frame: Sample,
    rel_time: list[int],
    values: np.ndarray,
    by_etab: np.ndarray,
    by_dep: np.ndarray,
    **facts,
) -> EventStudy:
    """Return an event study from cluster influences (G, k), at one level for all its years.

    Départements if enough are treated, établissements otherwise: errors and covariance belong
    together. Degrees of freedom are those of the treated clusters that the year has; a single one
    gives no interval.
    """
    clusters = Clusters.of(frame)
    level, treated = int(clusters.wide), frame[frame["cohort"].notna()]
    psi = (by_etab, by_dep)[level]
    whole = clusters.candidates(by_etab, by_dep, CR1)[level]
    there = treated.groupby("rel_time")[("uai", "code_departement")[level]].nunique()
    freedom = np.minimum(there.reindex(rel_time).to_numpy() - 1, whole.df)
    years = [
        widest(v, [replace(whole, std_error=error(p), df=df)])
        for v, p, df in zip(values, psi.T, freedom, strict=True)
    ]
    alone = whole.df < 1
    covariance = np.full((len(values),) * 2, np.nan) if alone else psi.T @ psi
    table = pd.DataFrame({"rel_time": rel_time, "estimate": values})
    for name in ("std_error", "ci_low", "ci_high", "p_value"):
        table[name] = [getattr(year, name) for year in years]
    table["n_cells"] = table["rel_time"].map(treated.groupby("rel_time")["cell"].nunique())
    order = np.argsort(rel_time, kind="stable")
    return EventStudy(
        outcome=frame.outcome,
        table=table.iloc[order].reset_index(drop=True),
        n_obs=len(frame),
        n_cells=frame["cell"].nunique(),
        n_clusters=pd.unique((clusters.etab, clusters.dep)[level]).size,
        n_treated_clusters=(clusters.n_treated_etab, clusters.n_treated_dep)[level],
        rule=ALONE if alone else whole.name + FEWER * bool((freedom < whole.df).any()),
        covariance=covariance[np.ix_(order, order)],
        df=whole.df,
        **facts,
    )
