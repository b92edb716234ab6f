"""Planted programmes: how often the method, on these data, finds what was put there.

Plasmode simulation (Franklin et al., 2014) and negative controls (Schuemie et al., 2018): fake
programmes like the real one, drawn where none was, known effects, the whole pipeline on each.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.checks.calibration import Calibration, wilson
from fpi_eval.checks.drift import Drift
from fpi_eval.impact.frame import GROSS, NET
from fpi_eval.impact.groups.totals import ALL, Totals
from fpi_eval.results import Estimates, Result

METHOD = (
    "Faux programmes plantés dans les données : mêmes nombres d'établissements, tailles, dates et "
    "montée en charge que le vrai, là où rien n'a ouvert (autres régions, années d'avant, autres "
    "formations), sites tirés par un logit sur ce qu'on savait d'avance, avec la dérive que les "
    "sites ouverts montraient avant d'ouvrir, tirée de sa loi a posteriori ; effet connu en élèves "
    "entiers (Franklin et al., 2014). L'erreur systématique est estimée par maximum de "
    "vraisemblance sur ces programmes, à dérive donnée, sous la loi de Student de l'intervalle, "
    "qu'elle corrige (Schuemie et al., 2018) ; la dérive des vrais sites s'y ajoute, sans compter "
    "deux fois le bruit que l'effet estimé et la dérive mesurée ont en commun. L'intervalle "
    "étalonné contient toujours l'effet estimé et, pour l'effet net, l'intervalle de départ."
)

J = "J"  # the estimator that is planted
RULE = "intervalle étalonné sur {n} programmes plantés ; sans étalonnage, {rule}"
INTERVALS = {
    GROSS: ("gross", "gross_low", "gross_high"),
    NET: ("estimate", "ci_low", "ci_high"),
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Planted(Result):
    """What the method finds on programmes whose effect is known, planted in the run's own data.

    Attributes
    ----------
    outcome : str
    effect : float
        Effect per seat planted, beside 0.
    draws : DataFrame
        One row per fake programme and effect: draw, kind, region, planted, truth, estimate,
        std_error, ci_low, ci_high, contained, found, net_truth, net_estimate, net_std_error,
        drift.
    drift : Drift
        The opened sites' own before opening, put in every fake programme.
    calibration : mapping of label → Calibration
        Systematic error of the gross and of the net effect.
    calibrated : DataFrame
        Columns label, estimate, ci_low, ci_high, p_value, cal_low, cal_high, cal_p_value.
    n_sites, n_effective : int, float
        Distinct establishments used, and how many programmes without a common one they make.
    thinned : float
        Mean share of the programme's openings that the hosts could receive.
    contained_over_regions, found_over_regions : (float, float)
        Intervals of the two shares that count, host regions drawn again.
    """

    caption = "Faux programmes plantés dans les données"
    outcome: str
    effect: float
    draws: pd.DataFrame
    drift: Drift
    calibration: dict[str, Calibration]
    calibrated: pd.DataFrame
    n_sites: int
    n_effective: float
    thinned: float
    contained_over_regions: tuple[float, float] = field(default=(0.0, 1.0))
    found_over_regions: tuple[float, float] = field(default=(0.0, 1.0))

    def _at(self, planted: bool) -> pd.DataFrame:
        return self.draws[self.draws["planted"] == planted]

    @property
    def n_draws(self) -> int:
        """Fake programmes."""
        return int(self._at(True)["draw"].size)

    @property
    def n_contained(self) -> int:
        """Fake programmes with an effect whose interval holds it."""
        return int(self._at(True)["contained"].sum())

    @property
    def n_found_at_zero(self) -> int:
        """Fake programmes without effect where one was found."""
        return int(self._at(False)["found"].sum())

    @property
    def contained_ci(self) -> tuple[float, float]:
        """Interval of the share contained: draws that share their regions are no separate ones."""
        return _wider(wilson(self.n_contained, self.n_draws), self.contained_over_regions)

    @property
    def found_ci(self) -> tuple[float, float]:
        """Interval of the share found without effect, made alike."""
        return _wider(wilson(self.n_found_at_zero, self.n_draws), self.found_over_regions)

    @property
    def median_error(self) -> float:
        """Median of estimate − truth, per seat, where an effect was planted."""
        rows = self._at(True)
        return float((rows["estimate"] - rows["truth"]).median())

    @property
    def wrong_sign(self) -> float:
        """Share of planted effects estimated with the other sign."""
        rows = self._at(True)
        return float((np.sign(rows["estimate"]) != np.sign(rows["truth"])).mean())

    def corrected(self, found: Estimates) -> Estimates:
        """Return estimates of the outcome, each with its calibrated interval where there is one."""
        known = self.calibrated.set_index("label")

        def one(item):
            if item.estimator != J or item.label not in known.index:  # BJS2-T is gross too
                return item
            low, high, p = known.loc[item.label, ["cal_low", "cal_high", "cal_p_value"]]
            rule = RULE.format(n=text.nombre(self.n_draws), rule=item.rule)
            return replace(
                item, ci_low=float(low), ci_high=float(high), p_value=float(p), rule=rule
            )

        return replace(found, items=tuple(one(item) for item in found))

    def corrected_totals(self, found: Totals) -> Totals:
        """Return totals whose intervals are as much wider as calibration makes the whole's.

        The whole's is the calibrated one; groups are never narrower than their own.
        """
        table = found.table.copy()
        whole = table["dimension"].eq(ALL).to_numpy()
        for label, names in INTERVALS.items():
            row = self.calibrated.set_index("label").loc[label]
            wider = max((row["cal_high"] - row["cal_low"]) / (row["ci_high"] - row["ci_low"]), 1.0)
            value, low, high = (table[name].copy() for name in names)
            table[names[1]] = value - wider * (value - low)
            table[names[2]] = value + wider * (high - value)
            table.loc[whole, names[1]] = row["cal_low"] * table.loc[whole, "seats"]
            table.loc[whole, names[2]] = row["cal_high"] * table.loc[whole, "seats"]
        return replace(found, table=table)

    def sentence(self) -> str:
        """Return the verdict's first sentence."""
        return (
            f"sur {text.nombre(self.n_draws)} faux programmes plantés dans ces données, "
            f"l'intervalle a contenu l'effet brut vrai {text.nombre(self.n_contained)} fois ; sans "
            f"effet, il en a trouvé un {text.nombre(self.n_found_at_zero)} fois"
        )

    def doubt(self) -> str:
        """Return how sure the two counts are: draws that share sites are no separate evidence."""
        low, high, none, some = (text.pourcent(v, 0) for v in (*self.contained_ci, *self.found_ci))
        n = text.nombre(self.n_effective, 1)
        fewer = (
            f" Les régions d'accueil étaient trop petites : {text.pourcent(self.thinned, 0)} des "
            "ouvertures y tenaient en moyenne."
        )
        return (
            f"Soit {low} à {high}, et {none} à {some}, régions d'accueil tirées à nouveau. Les "
            f"tirages se recoupent : leurs établissements ne feraient que {n} programmes sans "
            "établissement commun."
            f"{fewer * (self.thinned < 0.995)}"
        )

    def summary(self) -> str:
        """Return French sentences: what was found of what was planted, drift, calibration."""
        lines = [
            f"{self.sentence()}. {self.doubt()}",
            f"Effet planté : {text.signe(self.effect, 2)} par place ; erreur médiane "
            f"{text.signe(self.median_error, 3)} ; mauvais signe "
            f"{text.pourcent(self.wrong_sign, 0)}.",
            f"{text.nombre(self.n_sites)} établissements distincts ont reçu un faux programme.",
            self._drift_words(),
            *(self._calibrated_words(r) for r in self.calibrated.itertuples()),
        ]
        return "\n".join(lines)

    def _drift_words(self) -> str:
        d = self.drift
        if np.isnan(d.measured):
            return (
                "La dérive des sites avant l'ouverture n'est pas mesurable : seul l'a priori joue."
            )
        return (
            f"Dérive des sites avant l'ouverture : {text.signe(100 * d.measured, 1)} % par an "
            f"(erreur {text.nombre(100 * d.std_error, 1)}), probabilité qu'il y en ait une : "
            f"{text.pourcent(d.chance, 0)}."
        )

    def _calibrated_words(self, r) -> str:
        return (
            f"{r.label} : {text.signe(r.estimate, 2)}, intervalle "
            f"{text.intervalle(r.ci_low, r.ci_high, 2)}, étalonné "
            f"{text.intervalle(r.cal_low, r.cal_high, 2)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per effect: plain and calibrated interval, and what was planted."""
        return self.calibrated.assign(
            n_draws=self.n_draws,
            n_contained=self.n_contained,
            n_found_at_zero=self.n_found_at_zero,
            median_error=self.median_error,
            wrong_sign=self.wrong_sign,
            n_sites=self.n_sites,
            n_effective=self.n_effective,
            mu=[self.calibration[label].mu for label in self.calibrated["label"]],
            s=[self.calibration[label].s for label in self.calibrated["label"]],
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the errors of every fake programme beside the interval of the real estimate."""
        return plots.planted(self._at(True), self.calibrated.iloc[0], ax)

    def method(self) -> str:
        """Return one French paragraph, with references."""
        return METHOD


def _wider(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Return the interval that holds both."""
    return min(one[0], other[0]), max(one[1], other[1])
