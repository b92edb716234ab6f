"""Planted programmes: how often the method, on these data, finds what was put there.

Plasmode simulation (Franklin et al., 2014) and negative controls (Schuemie et al., 2018): fake
programmes like the real one, drawn where none was, known effects, the whole pipeline on each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.absent import Absent
from fpi_eval.checks.calibration import Calibration, calibrate, over_groups, wilson
from fpi_eval.checks.donors import SHARES, Donor, donors
from fpi_eval.checks.drawing import Openings, features, hosts, openings_of, propensity, sites
from fpi_eval.checks.drift import Drift, drift
from fpi_eval.checks.planting import Truth, design_of, outcome_of, run_j, seats_of
from fpi_eval.errors import FpiError
from fpi_eval.impact.frame import DEP, ETAB, GROSS, NET
from fpi_eval.impact.placebo_regions import candidate
from fpi_eval.regression import choose
from fpi_eval.regression.linear import LinearFit
from fpi_eval.results import Estimates

DRAWS = 200
STREAM = 16  # of the programme's seed
RAMP = (1.0,)
METHOD = (
    "Faux programmes plantés dans les données : mêmes nombres d'établissements, tailles, dates et "
    "montée en charge que le vrai, là où rien n'a ouvert (autres régions, années d'avant, autres "
    "formations), sites tirés par un logit sur ce qu'on savait d'avance, avec la dérive que les "
    "sites ouverts montraient avant d'ouvrir, tirée de sa loi a posteriori ; effet connu en élèves "
    "entiers (Franklin et al., 2014). L'erreur systématique est estimée par maximum de "
    "vraisemblance sur ces programmes et corrige l'intervalle (Schuemie et al., 2018)."
)


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
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
    """

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
        """Wilson's interval of the share contained."""
        return wilson(self.n_contained, self.n_draws)

    @property
    def found_ci(self) -> tuple[float, float]:
        """Wilson's interval of the share found without effect."""
        return wilson(self.n_found_at_zero, self.n_draws)

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

    def sentence(self) -> str:
        """Return the verdict's first sentence."""
        return (
            f"sur {text.nombre(self.n_draws)} faux programmes plantés dans ces données, "
            f"l'intervalle a contenu l'effet vrai {text.nombre(self.n_contained)} fois ; sans "
            f"effet, il en a trouvé un {text.nombre(self.n_found_at_zero)} fois"
        )

    def summary(self) -> str:
        """Return French sentences: what was found of what was planted, drift, calibration."""
        low, high = (text.pourcent(v, 0) for v in self.contained_ci)
        none, some = (text.pourcent(v, 0) for v in self.found_ci)
        lines = [
            f"{self.sentence()} (parts à 95 % : {low} à {high} ; {none} à {some}).",
            f"Effet planté : {text.signe(self.effect, 2)} par place ; erreur médiane "
            f"{text.signe(self.median_error, 3)} ; mauvais signe "
            f"{text.pourcent(self.wrong_sign, 0)}.",
            f"{text.nombre(self.n_sites)} établissements distincts, soit "
            f"{text.nombre(self.n_effective, 1)} programmes sans établissement commun : les "
            "tirages se recoupent.",
            self._drift_words(),
            *(self._calibrated_words(r) for r in self.calibrated.itertuples()),
        ]
        if self.thinned < 1:
            lines.append(
                f"Les régions d'accueil étaient trop petites : {text.pourcent(self.thinned, 0)} "
                "des ouvertures y tenaient en moyenne."
            )
        return "\n".join(lines)

    def _drift_words(self) -> str:
        d = self.drift
        if np.isnan(d.measured):
            return "La dérive des sites avant l'ouverture n'est pas mesurable : seul l'a priori joue."
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
            n_draws=self.n_draws, n_contained=self.n_contained,
            n_found_at_zero=self.n_found_at_zero, median_error=self.median_error,
            wrong_sign=self.wrong_sign, n_sites=self.n_sites, n_effective=self.n_effective,
            mu=[self.calibration[label].mu for label in self.calibrated["label"]],
            s=[self.calibration[label].s for label in self.calibrated["label"]],
        )  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the errors of every fake programme beside the interval of the real estimate."""
        return plots.planted(self._at(True), self.calibrated.iloc[0], ax)

    def method(self) -> str:
        """Return one French paragraph, with references."""
        return METHOD


def plant(
    panel: pd.DataFrame,
    frame: pd.DataFrame,
    fit: LinearFit,
    estimates: Estimates,
    outcome: str,
    *,
    niveau: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    ramp: Sequence[float] = RAMP,
) -> Planted | Absent:
    """Return what J finds on fake programmes; absent, with its reason, where none can be planted.

    Parameters
    ----------
    panel, frame, fit : DataFrame, DataFrame, LinearFit
        Cell panel, estimation frame and fitted J of the real run.
    estimates : Estimates
        J's gross and net effect: their size is planted, their interval calibrated.
    ramp : sequence of float
        Effect by age of an opening, relative.
    """
    openings = openings_of(panel, frame)
    if choose(int(openings.uai.max()) + 1).minimum < FEWEST:
        return Absent(
            "Moins de cinq établissements ouvrent des places : l'intervalle vient déjà de "
            "déplacements au hasard, et rien de plus ne peut être planté."
        )
    here = panel[panel["code_region"].isin(openings.regions) & (panel["filiere"] != "autre")]
    known = features(here[here["rentree"] < openings.start])
    if known.empty:
        return Absent("Aucune rentrée avant la première ouverture : rien ne peut être planté.")
    opened = known.index.isin(frame.loc[frame["dose"] != 0, "cell"]).astype(float)
    found = donors(panel, outcome, niveau, openings, propensity(known, opened))
    if not found:
        return Absent(
            "Aucune région, année ou formation sans ouverture n'est assez longue ou assez grande "
            "pour y planter un programme comme celui-ci."
        )
    gross = estimates[GROSS]
    kappa = [fit.coefficients[fit.names.index(k)] if k in fit.names else 0.0 for k in (ETAB, DEP)]
    planted = _Plan(
        openings, float(np.clip(gross.estimate, -1, 1)), tuple(min(max(k, -0.5), 0.0) for k in kappa),
        drift(frame), tuple(ramp), candidate(frame, 1.0),
    )  # fmt: skip
    rows, used, kept = _all(found, planted, draws, np.random.default_rng([seed, STREAM]))
    if not rows:
        return Absent("Aucun programme planté n'a pu être estimé : trop peu de variation.")
    return _read(pd.DataFrame(rows), used, kept, planted, estimates, outcome)


FEWEST = 5  # establishments, under which the interval is a permutation


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """What every fake programme shares."""

    openings: Openings
    effect: float
    kappa: tuple[float, float]
    drift: Drift
    ramp: tuple[float, ...]
    factor: list


def _all(found: list[Donor], plan: _Plan, draws: int, rng: np.random.Generator):
    """Return rows of all fake programmes, their establishments, shares of openings kept."""
    weight = np.array([SHARES[d.kind] for d in found])
    counts = np.diff(np.rint(np.cumsum([0.0, *weight / weight.sum()]) * draws).astype(int))
    rows, used, kept, number = [], [], [], 0
    for donor, count in zip(found, counts, strict=True):
        base = donor.cells.iloc[donor.row[donor.used]]
        clusters = (pd.factorize(base["uai"])[0], pd.factorize(base["code_departement"])[0])
        for _ in range(count):
            own = np.random.default_rng(rng.integers(2**63))
            chosen = sites(
                plan.openings, donor.cells, hosts(donor.cells, plan.openings.n_host, own), own
            )
            try:
                rows += _one(donor, plan, chosen, clusters, number, own)
            except (FpiError, np.linalg.LinAlgError):
                continue  # nothing opened can act there, or is told from the effects
            number += 1
            kept.append(float((chosen >= 0).mean()))
            used.append(donor.cells["uai"].to_numpy()[chosen[chosen >= 0]])
    return rows, used, kept


def _one(donor: Donor, plan: _Plan, chosen, clusters, number: int, rng) -> list[dict]:
    """Return the two rows of one fake programme: with the effect, and without."""
    fake = seats_of(donor, plan.openings, chosen)
    if not fake.dose.any():
        raise FpiError("aucune place plantée ne peut agir.")
    design, drifted = design_of(donor, fake, *clusters), plan.drift.draw(rng)
    region = donor.cells["code_region"].to_numpy()[chosen[chosen >= 0][0]]
    state, rows = rng.integers(2**63), []
    for planted in (True, False):
        truth = Truth(
            plan.effect * planted, tuple(k * planted for k in plan.kappa), drifted, plan.ramp
        )
        y, gross, net = outcome_of(donor, fake, truth, np.random.default_rng(state))
        found = run_j(donor, design, fake, y, plan.factor)
        (value, said), (net_value, net_said) = found[GROSS], found[NET]
        rows.append(
            {"draw": number, "kind": donor.kind, "region": region, "planted": planted,
             "drift": drifted, "truth": gross, "estimate": value, "std_error": said.std_error,
             "ci_low": said.ci_low, "ci_high": said.ci_high,
             "contained": said.ci_low <= gross <= said.ci_high,
             "found": not said.ci_low <= 0 <= said.ci_high, "net_truth": net,
             "net_estimate": net_value, "net_std_error": net_said.std_error,
             "net_contained": net_said.ci_low <= net <= net_said.ci_high}
        )  # fmt: skip
    return rows


def _read(rows: pd.DataFrame, used, kept, plan: _Plan, estimates: Estimates, outcome) -> Planted:
    errors = {
        GROSS: calibrate((rows["estimate"] - rows["truth"]).to_numpy(),
                         rows["std_error"].to_numpy()),
        NET: calibrate((rows["net_estimate"] - rows["net_truth"]).to_numpy(),
                       rows["net_std_error"].to_numpy()),
    }  # fmt: skip
    table = []
    for label, error in errors.items():
        e = estimates[label]
        low, high, p = error.interval(e.estimate, e.std_error, e.n_treated_clusters - 1)
        table.append((label, e.estimate, e.ci_low, e.ci_high, e.p_value, low, high, p))
    columns = ["label", "estimate", "ci_low", "ci_high", "p_value", "cal_low", "cal_high",
               "cal_p_value"]  # fmt: skip
    n_sites = len(set().union(*(set(u) for u in used)))
    each = float(np.mean([len(set(u)) for u in used]))
    on = rows[rows["planted"]]
    return Planted(
        outcome=outcome, effect=plan.effect, draws=rows, drift=plan.drift, calibration=errors,
        calibrated=pd.DataFrame(table, columns=columns), n_sites=n_sites,
        n_effective=n_sites / each, thinned=float(np.mean(kept)),
        contained_over_regions=over_groups(
            on["contained"].to_numpy(float), on["kind"].str.cat(on["region"].astype(str)).to_numpy(),
            np.random.default_rng(0),
        ),
    )  # fmt: skip


__all__ = ["DRAWS", "Planted", "plant", "replace"]
