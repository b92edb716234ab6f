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
CALIBRATED = ["estimate", "cal_low", "cal_high", "cal_p_value"]
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
        Intervals of the two shares that count, host regions drawn again; 0 to 1 if there is one.
    failed : int
        Fake programmes that were drawn and could not be estimated: they are in no share.
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
    failed: int = 0

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
        return float((rows["estimate"] * rows["truth"] < 0).mean())

    def corrected(self, found: Estimates) -> Estimates:
        """Return estimates, those that were calibrated with their calibrated interval.

        BJS2-T, or J on a part of the panel or otherwise made, are no such ones: they stay plain.
        """
        known = self.calibrated.set_index("label")

        def one(item):
            if item.estimator != J or item.label not in known.index:
                return item
            value, low, high, p = map(float, known.loc[item.label, CALIBRATED])
            if not np.isclose(item.estimate, value, rtol=1e-6):
                return item
            rule = RULE.format(n=text.nombre(self.n_draws), rule=item.rule)
            return replace(item, ci_low=low, ci_high=high, p_value=p, rule=rule)

        return replace(found, items=tuple(one(item) for item in found))

    def corrected_totals(self, found: Totals) -> Totals:
        """Return totals whose intervals are as much wider as calibration makes the whole's.

        The whole's is the calibrated one; groups are never narrower than their own, and have none
        where the whole's is not known.
        """
        table, rows = found.table.copy(), self.calibrated.set_index("label")
        whole = table["dimension"].eq(ALL)
        seats = table.loc[whole, "seats"].sum() or np.nan  # none in all: no total
        for label, (at, *ends) in INTERVALS.items():
            row = rows.loc[label]
            plain, wide = (row[f"{which}_high"] - row[f"{which}_low"] for which in ("ci", "cal"))
            wider = np.maximum(wide / plain, 1.0)  # not known: no interval
            table[ends] = table[ends].sub(table[at], axis=0).mul(wider).add(table[at], axis=0)
            table.loc[whole, ends] = sorted((seats * row["cal_low"], seats * row["cal_high"]))
        return replace(found, table=table)

    def sentence(self) -> str:
        """Return the verdict's first sentence."""
        return (
            f"sur {text.nombre(self.n_draws)} faux programmes plantés dans ces données, "
            "l'intervalle avant étalonnage a contenu l'effet brut vrai "
            f"{text.nombre(self.n_contained)} fois ; sans effet, il en a trouvé un "
            f"{text.nombre(self.n_found_at_zero)} fois"
        )

    def doubt(self) -> str:
        """Return how sure the two counts are: draws that share sites are no separate evidence."""
        alone = len(self.draws[["kind", "region"]].drop_duplicates()) < 2
        ends = (
            (*wilson(self.n_contained, self.n_draws), *wilson(self.n_found_at_zero, self.n_draws))
            if alone
            else (*self.contained_ci, *self.found_ci)
        )
        low, high, none, some = (text.pourcent(v, 0) for v in ends)
        again = (
            "à l'erreur de tirage près ; une seule région d'accueil ne dit rien des autres"
            if alone
            else "régions d'accueil tirées à nouveau"
        )
        n = text.nombre(self.n_effective, 1)
        lost = f" Tirés, impossibles à estimer et hors des comptes : {text.nombre(self.failed)}."
        fewer = (
            f" Les régions d'accueil étaient trop petites : {text.pourcent(self.thinned, 0)} des "
            "ouvertures y tenaient en moyenne."
        )
        return (
            f"Soit {low} à {high}, et {none} à {some}, {again}. Les tirages se recoupent : leurs "
            f"établissements ne feraient que {n} programmes sans établissement commun."
            f"{fewer * (self.thinned < 0.995)}{lost * bool(self.failed)}"
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
            *(self._calibrated_words(r) for r in self.calibrated.dropna().itertuples()),
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
