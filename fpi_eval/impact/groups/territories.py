r"""What opened seats added in each département: its own effect drawn halfway to the mean one.

A département has few opened establishments. Its own effect per seat :math:`\hat\theta_g` is noisy;
the programme's :math:`\hat\theta` is precise but may not be its effect. Write
:math:`\hat\theta_g - \hat\theta = h_g + n_g`: how much the département truly differs, and noise.
Data show the variance of the sum, not of each. Halfway between the two, the error is
:math:`(n_g - h_g) / 2`: its variance is a quarter of what data show, whatever the split. Any other
weight would have to guess it.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import SEATS, sample
from fpi_eval.impact.groups.heterogeneity import fit_groups
from fpi_eval.impact.j import combination, fit_j
from fpi_eval.impact.uncertainty import ENOUGH, Clusters
from fpi_eval.panel import align
from fpi_eval.regression import interval

FEWEST_SITES = 10  # opened establishments under which their spread cannot be told
HALF = 0.5
EXPOSED = ("exposure_etab", "exposure_dep")


@dataclass(frozen=True, slots=True, eq=False)
class Territories:
    r"""Effects per seat of every opened département, and what adding some of them up gives.

    ``table`` has one row per département: seats (seat-years), moved (those opened plus those
    closed), n_etab (opened establishments), exposure_etab, exposure_dep (seat-years around its
    other courses), own and half (effects per seat), noise (variance of ``own``). ``between`` is the
    variance between départements beyond their noise; ``covariance`` that of gross effect and both
    displacements, ``effects`` their values; ``df`` the degrees of freedom.
    """

    outcome: str
    table: pd.DataFrame
    between: float
    effects: np.ndarray = field(repr=False)
    covariance: np.ndarray = field(repr=False)
    df: int = 1

    def total(self, kept: np.ndarray, *, net: bool = True) -> tuple[float, float]:
        """Return the effect of the seats of some départements (mask) and its standard error.

        Notes
        -----
        Halving leaves a quarter of each département's variance, a quarter of the mean's, and half
        of their covariance, a département being part of the mean.
        """
        rows = self.table[kept]
        n = rows["seats"].to_numpy()
        moved = np.r_[n.sum(), rows[list(EXPOSED)].sum()] if net else np.r_[n.sum(), 0.0, 0.0]
        none = moved == 0  # what nothing tells (`j.combination`) counts only where there is some
        value = n @ rows["half"] + moved[1:] @ np.where(none, 0.0, self.effects)[1:]
        noise, share = (rows[c].to_numpy() for c in ("noise", "moved"))
        share = share / self.table["moved"].sum()
        variance = HALF**2 * (n**2) @ (noise + self.between)
        variance += 2 * HALF**2 * n.sum() * (n @ (share * noise))
        mean = self.covariance.copy()
        mean[0, 0] *= HALF**2
        mean[none] = mean[:, none] = 0.0
        return float(value), float(np.sqrt(max(variance + moved @ mean @ moved, 0.0)))

    def interval(self, kept: np.ndarray, *, net: bool = True) -> tuple[float, float, float]:
        """Return the effect of the seats of some départements and its 95 % interval.

        As many seats closed as opened: nothing of their sum can be told.
        """
        if not self.table.loc[kept, "seats"].sum():
            return (np.nan,) * 3
        value, error = self.total(kept, net=net)
        low, high, _ = interval(value, error, self.df)
        return value, low, high


def territories(panel: pd.DataFrame, outcome: str = "diplomes") -> Territories:
    r"""Return the effect of opened seats by département, :math:`(\hat\theta_g + \hat\theta) / 2`.

    Own effects come from J with one coefficient a département, displacement per seat from J: what
    neighbours lose is counted where they are. Noise is :math:`\sigma^2 / S_g`, :math:`\sigma^2`
    from the spread of all opened establishments; the variance between départements beyond it is
    that of Paule and Mandel (1982). Where no seat closes, half effects add up to the programme's
    total.

    Raises
    ------
    FpiError
        Fewer than `FEWEST_SITES` opened establishments or `ENOUGH` opened départements.
    """
    frame, whole = sample(panel, outcome), align(panel, outcome)
    clusters = Clusters.of(frame)
    if clusters.n_treated_etab < FEWEST_SITES or clusters.n_treated_dep < ENOUGH:
        raise FpiError(
            f"il faut {FEWEST_SITES} établissements ouverts dans {ENOUGH} départements pour un "
            f"total par territoire (ici : {clusters.n_treated_etab} et {clusters.n_treated_dep})."
        )
    fit = fit_j(frame)
    fit.position(SEATS)
    used = frame[fit.keep]
    weights = np.column_stack([combination(fit, w) for w in np.eye(3)])
    effects = fit.coefficients @ weights
    psi = fit.jackknife(used["code_departement"].to_numpy()) @ weights
    one_seat = _spread(frame, fit.jackknife(used["uai"].to_numpy())[:, 0], used["uai"])
    found = _rows(frame, whole).assign(noise=lambda t: one_seat / t["moved"])
    known = found["own"].notna()
    between = paule_mandel(found.loc[known, "own"].to_numpy(), found.loc[known, "noise"].to_numpy())
    gap = found["own"] - np.average(found.loc[known, "own"], weights=found.loc[known, "moved"])
    found["half"] = effects[0] + HALF * gap.fillna(0.0)
    # No course with a past, or compared: nothing is halved, all it differs by is error.
    found["noise"] = found["noise"].where(known, (found["noise"] + between) / HALF**2 - between)
    return Territories(outcome, found, between, effects, psi.T @ psi, int(known.sum()) - 1)


def _rows(frame: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Return one row per opened département: seats, exposures, own effect (NaN untold)."""
    groups, at = frame["code_departement"].astype(str), whole["code_departement"].astype(str)
    opened = whole["dose"] != 0
    names = sorted(groups[frame["dose"] != 0].unique())
    fit = fit_groups(frame, groups, names)
    seats = whole[["dose", *EXPOSED]].assign(moved=whole["dose"].abs())
    sums = seats.groupby(at).sum().loc[sorted(at[opened].unique())]
    told = [name for name in names if name not in fit.emptied]
    own = pd.Series({name: fit.coefficients[fit.position(name)] for name in told}, dtype=float)
    return pd.DataFrame(
        {
            "code_departement": sums.index,
            "seats": sums["dose"].to_numpy(),
            "moved": sums["moved"].to_numpy(),
            "n_etab": whole["uai"].where(opened).groupby(at).nunique().loc[sums.index].to_numpy(),
            **{name: sums[name].to_numpy() for name in EXPOSED},
            "own": own.reindex(sums.index).to_numpy(),
        }
    )


def _spread(frame: pd.DataFrame, psi: np.ndarray, uai: pd.Series) -> float:
    """Return the variance of one seat's effect, from the influences of opened establishments."""
    each = frame["dose"].abs().groupby(frame["uai"]).sum().reindex(np.unique(uai)).to_numpy()
    opened = each > 0
    return float(np.mean(psi[opened] ** 2 * each.sum() ** 2 / each[opened]))


def paule_mandel(values: np.ndarray, noise: np.ndarray) -> float:
    """Return the variance between groups beyond their noise, 0 if noise explains the spread.

    Parameters
    ----------
    values, noise : ndarray, shape (G,)
        Estimates and their variances.
    """

    def excess(between: float) -> float:
        w = 1 / (noise + between)
        return float(w @ (values - w @ values / w.sum()) ** 2) - (len(values) - 1)

    if len(values) < 2 or excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, len(values) * np.ptp(values) ** 2))
