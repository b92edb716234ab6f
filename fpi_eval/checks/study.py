"""What the checks share: the estimation frame, the fitted estimators, regressions on years before.

Each piece is computed when first asked for, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
import pandas as pd
from scipy import stats

from fpi_eval import text
from fpi_eval.checks.thresholds import (
    SMALLEST_REFERENCE,
    UNKNOWN,
    Check,
    Threshold,
    thresholds,
)
from fpi_eval.impact.bjs2_t import final_dose
from fpi_eval.impact.columns import as_panel
from fpi_eval.impact.frame import GROSS, effects, sample, scale
from fpi_eval.impact.j import design, fit_j
from fpi_eval.impact.j_and_bjs2_t import side_by_side
from fpi_eval.impact.stacked import stacked
from fpi_eval.impact.uncertainty import Clusters
from fpi_eval.misspelt import checked_fields
from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.programme import Programme
from fpi_eval.regression import linear
from fpi_eval.regression.bands import joint_test
from fpi_eval.results import Estimate, Estimates, EventStudy


@checked_fields("Les colonnes d'un tableau à soi : columns=dict(unit=…, lag=…).")
@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """The evaluation of one outcome on one panel, fitted once.

    ``columns`` maps what estimators read (`Columns`) to the names that a table of one's own gives.
    """

    given: CellPanel | pd.DataFrame
    outcome: str
    niveau: str | None = None
    programme: Programme | None = None
    columns: Mapping = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say what is studied, not the table itself."""
        rows = text.pluriel(len(self.panel), "ligne")
        return (
            f"Étude de « {self.outcome} » sur {rows}. Ses réponses : .estimates, .event ; "
            "fpi.checks.specification_curve(…) et fpi.checks.leave_one_out(…) la prennent."
        )

    @cached_property
    def table(self) -> dict[str, Threshold]:
        """Thresholds of the checks, with those that the programme sets."""
        return thresholds(self.programme.seuils if self.programme else None)

    @property
    def whose(self) -> str:
        """Programmes whose seats the panel holds, in words; nothing where no register says."""
        if self.programme is None or self.facts.seats_derived:
            return ""
        return self.programme.whose(self.panel.loc[self.panel["seats"] != 0, "rentree"].min())

    @cached_property
    def facts(self) -> CellPanel:
        """The panel with what is known of its files, rows by cell and rentrée.

        Placebo regions draw establishments in their order: the same panel, the same answer.
        """
        known = CellPanel.of(self.given)
        return known.with_table(as_panel(known.table, self.columns, self.outcome))

    @property
    def panel(self) -> pd.DataFrame:
        """One row per cell × rentrée."""
        return self.facts.table

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Estimation frame of J."""
        return sample(self.panel, self.outcome, niveau=self.niveau)

    @cached_property
    def fit(self) -> linear.LinearFit:
        """Return the regression J."""
        return fit_j(self.frame)

    @cached_property
    def estimates(self) -> Estimates:
        """J (gross, displacement, net), BJS2-T and their gap."""
        return side_by_side(self.frame, self.fit)

    @cached_property
    def event(self) -> EventStudy:
        """Event study against one reference year, that bounds can be put on."""
        return stacked(self.panel, self.outcome, niveau=self.niveau)

    @property
    def gross(self) -> Estimate:
        """Gross effect per seat of J."""
        return self.estimates[GROSS]

    @property
    def reference(self) -> float:
        """Size against which others are judged: the gross effect, or its floor if smaller."""
        return max(abs(self.gross.estimate), SMALLEST_REFERENCE)

    @cached_property
    def clusters(self) -> Clusters:
        """Clusters of the frame, and how many opened seats."""
        return Clusters.of(self.frame)

    @cached_property
    def treated(self) -> pd.DataFrame:
        """One row per cell that opens or closes seats, with its largest net ``dose``."""
        frame = self.frame.assign(dose=final_dose(self.frame))
        return frame[frame["dose"] != 0].drop_duplicates("cell")

    def check(
        self,
        name: str,
        value: float,
        spread: float,
        phrase: str,
        *,
        light: str | None = None,
        bias: float = np.nan,
    ) -> Check:
        """Return the check of that name; its light from the table unless given."""
        row = self.table[name]
        p_value = spread if row.p is not None else np.nan
        found = light or row.light(float(value), float(p_value))
        return Check(
            name,
            row.titre,
            found,
            float(value),
            float(spread),
            row.words,
            phrase,
            row.hard,
            float(bias),
        )

    def blank(self, name: str, reason: str) -> Check:
        """Return a check that could not be made, and why."""
        return self.check(name, np.nan, np.nan, reason, light=UNKNOWN)


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """Coefficients per seat on untreated rows, their covariance and degrees of freedom."""

    slopes: np.ndarray
    covariance: np.ndarray
    df: int

    def p_value(self) -> float:
        """Return the p-value of the joint test that all are zero; NaN if it cannot be made."""
        if not len(self.slopes) or self.df < 1:
            return float("nan")
        return joint_test(self.slopes, self.covariance, self.df)[2]

    def detectable(self) -> float:
        """Return the size of the first coefficient that its t-test would see 80 times in 100."""
        if self.df < 1:
            return float("nan")
        t = stats.t.ppf(0.975, self.df) + stats.t.ppf(0.80, self.df)
        return float(t * np.sqrt(self.covariance[0, 0]))


def before(frame: pd.DataFrame, at: np.ndarray) -> Before:
    """Return coefficients of ``at`` (n_obs, k) × seats to come, on rows not yet treated.

    Same effects, scale, weights and neighbours' exposures as J; the sign of seats is the
    instrument, so that every seat weighs the same.
    """
    rows = (frame["dose"] == 0).to_numpy()
    seats_to_come = final_dose(frame)[rows]
    base, at = frame[rows], at[rows].astype(float)
    n = scale(base)
    (_, *others), (_, *x), (_, *z) = design(base)
    fit = linear.fit(
        base["y"].to_numpy() / n,
        chain((column * seats_to_come / n for column in at.T), x),
        effects(base),
        names=(*(f"avant {j}" for j in range(at.shape[1])), *others),
        instruments=chain((column * np.sign(seats_to_come) for column in at.T), z),
        weights=n,
    )
    kept = [j for j, name in enumerate(fit.names) if name.startswith("avant")]
    clusters = Clusters.of(frame)
    wide = clusters.wide
    label = base["code_departement" if wide else "uai"].to_numpy()[fit.keep]
    psi = fit.jackknife(label)[:, kept]
    df = clusters.df_at(wide=wide)
    return Before(fit.coefficients[kept], psi.T @ psi, df)
