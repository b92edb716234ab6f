"""Several outcomes at once: one common bootstrap, p-values adjusted for having seen them all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from fpi_eval import text
from fpi_eval.errors import FpiError
from fpi_eval.impact.columns import any_table
from fpi_eval.impact.frame import GROSS, WEIGHTS, sample
from fpi_eval.impact.j import combination, fit_j, report
from fpi_eval.impact.uncertainty import Clusters
from fpi_eval.regression.multiple import drawn_p, holm, romano_wolf, wild_draws
from fpi_eval.regression.wild import MAX_CLUSTERS, affordable_draws, multipliers
from fpi_eval.results import Estimate, Headed, heading, within

OUTCOMES = text.RESULTATS
ALPHA = 0.05
WILD = (
    "bootstrap sauvage par {level}, hypothèse nulle imposée, mêmes multiplicateurs ({kind}) pour "
    "tous les résultats, {draws} tirages"
)
METHOD = (
    "Regarder plusieurs résultats, c'est se donner plusieurs chances de trouver un effet par "
    "hasard. Les valeurs p ajustées tiennent à 5 % le risque d'en annoncer un seul à tort : celles "
    "de Romano et Wolf (2005), pas à pas, tiennent compte de ce que les résultats varient ensemble "
    "({draws}) ; celles de Holm (1979) valent quelle que soit cette dépendance. Les intervalles "
    "sont ceux de chaque résultat pris seul."
)
WILD_SOURCE = " Bootstrap : Cameron, Gelbach et Miller (2008) ; MacKinnon et Webb (2018)."


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Family(Headed):
    """Effects on several outcomes, with p-values adjusted over the family.

    ``table`` has one row per outcome: outcome, label, effect, estimator, estimate, std_error,
    ci_low, ci_high, p_value (each outcome's own rule), p_romano_wolf, p_holm (NaN for the outcome
    announced as ``principal``, which is not adjusted), n_cells, n_clusters, n_treated_clusters,
    n_openings (opened establishments).
    ``absent`` says why an outcome has no row.
    """

    caption = "Effet sur chaque résultat"
    xlabel = "Effet par place et intervalle à 95 %"

    table: pd.DataFrame
    draws: str
    principal: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    description: str = field(default="", repr=False)
    verdict: str | None = None

    @property
    def standing(self) -> pd.DataFrame:
        """Rows whose effect stands after the correction of Romano and Wolf."""
        return self.table[self.table["p_romano_wolf"] <= ALPHA]

    def sentence(self) -> str:
        """Return one French sentence: which outcomes stand once all have been looked at."""
        rows = self.table[self.table["p_romano_wolf"].notna()]
        count = text.pluriel(len(rows), "résultat ajusté", "résultats ajustés")
        alone = int((rows["p_value"] <= ALPHA).sum())
        kept = text.liste(self.standing["label"].str.lower())
        if rows.empty:
            return "Un seul résultat : il n'y a rien à ajuster."
        if self.standing.empty and not alone:
            return f"Sur {count}, aucun ne se distingue de zéro, même pris seul."
        said = f"Sur {count}, {text.pluriel(alone, 'se distingue', 'se distinguent')} de zéro "
        if self.standing.empty:
            return f"{said}pris un à un (seuil de 5 %) ; aucun ne résiste à la correction."
        return f"{said}pris un à un (seuil de 5 %), {len(self.standing)} après correction : {kept}."

    def summary(self) -> str:
        """Return French sentences: verdict if any, what stands, then one line per outcome."""
        lines = []
        for r in self.table.itertuples():
            said = f"p ajustée {text.valeur_p(r.p_romano_wolf)}"
            if np.isnan(r.p_romano_wolf):
                said = "résultat principal, sans ajustement"
            lines.append(
                f"{r.label} : {text.signe(r.estimate, 3)} par place "
                f"({within(r.ci_low, r.ci_high, 3)} ; {said})."
            )
        lines += [f"{OUTCOMES.get(k, k)} : {why}" for k, why in self.absent.items()]
        rules = f"Ajustement : {self.draws}. Les intervalles ne sont pas ajustés."
        return "\n".join([*heading(self.verdict), self.sentence(), *lines, rules])

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row per outcome."""
        return self.table.copy()

    def method(self) -> str:
        """Return one French paragraph on the method, with references."""
        source = WILD_SOURCE if self.draws.startswith("bootstrap") else ""
        return f"{self.description} {METHOD.format(draws=self.draws)}{source}".strip()


@any_table
def study_family(
    panel: pd.DataFrame,
    outcomes: Sequence[str] = tuple(OUTCOMES),
    *,
    effect: str = GROSS,
    principal: str | None = None,
    niveau: str | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> Family:
    r"""Return J's effect on each outcome, p-values adjusted by one common wild bootstrap.

    Samples of all outcomes share the multipliers of their clusters, residuals being those of each
    J fitted with :math:`c'\beta = 0`, c the combination behind ``effect``. Seats, exposures and
    instruments are taken as fixed.

    Parameters
    ----------
    outcomes : sequence of str, or str
        Columns of the panel; one that is absent, or that no seat can have moved yet, is told.
    effect : str
        A label of `impact.frame.WEIGHTS`: gross effect, displacement or net effect.
    principal : str, optional
        The outcome announced as primary: shown, and left out of the adjustment.

    Raises
    ------
    FpiError
        No outcome can be estimated, or the effect has no name of J.
    """
    outcomes = (outcomes,) if isinstance(outcomes, str) else tuple(outcomes)
    if not outcomes:
        raise FpiError("aucun résultat demandé : nommez au moins une colonne du tableau.")
    if principal is not None and principal not in outcomes:
        raise FpiError(
            f"résultat principal « {principal} » : il n'est pas de ceux demandés, "
            f"{text.liste(outcomes)}. Ajoutez-le, ou prenez l'un d'eux."
        )
    if effect not in WEIGHTS:
        raise FpiError(f"effet « {effect} » inconnu : choisissez parmi {text.liste(WEIGHTS)}.")
    fits, found, absent = {}, {}, {}
    for name in outcomes:
        try:
            if name not in panel or panel[name].notna().sum() == 0:
                raise FpiError("absent des données.")
            frame = sample(panel, name, niveau=niveau)
            fit = fit_j(frame)
            one = report(frame, fit)[effect]
            if np.isnan(one.estimate):
                raise FpiError(f"{one.rule}.")
            found[name] = one
        except FpiError as error:
            absent[name] = str(error)
            continue
        except np.linalg.LinAlgError:
            absent[name] = "trop peu de places ouvertes pour séparer leur effet du reste."
            continue
        weights = np.multiply(WEIGHTS[effect], (1.0, *frame.reach))
        fits[name] = (frame[fit.keep], fit, combination(fit, weights))
    if not fits:
        name, why = next(iter(absent.items()))
        raise FpiError(f"aucun résultat de la famille n'est estimable : « {name} », {why}")
    adjusted = {k: v for k, v in fits.items() if k != principal}
    t, null, rule = _wild(adjusted, draws, seed) if adjusted else (np.empty(0), None, "sans objet")
    return _family(found, principal, t, null, rule, absent)


def _wild(fits: dict, draws: int | None, seed: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Return t (k,), their draws under the null (draws, k), and the rule in French."""
    counts = [Clusters.of(used) for used, _, _ in fits.values()]
    wide = all(c.wide for c in counts)
    labels = [c.dep if wide else c.etab for c in counts]
    names = np.unique(np.concatenate([np.unique(found) for found in labels]))
    if len(names) > MAX_CLUSTERS:
        raise FpiError(
            "trop de groupes pour le bootstrap commun.",
            conseil="Étudiez les résultats un à un (fpi.impact.j).",
        )
    draws = draws or affordable_draws(len(names))
    signs, kind, _ = multipliers(len(names), draws, seed)
    t, null = np.empty(len(fits)), np.empty((len(signs), len(fits)))
    for k, ((_, fit, tested), label) in enumerate(zip(fits.values(), labels, strict=True)):
        here = np.searchsorted(names, np.unique(label))
        t[k], null[:, k] = wild_draws(
            fit.y,
            fit.endogenous,
            fit.x,
            tested,
            label,
            signs[:, here],
            effects=fit.absorber,
            weights=fit.weights,
        )
    level = "département" if wide else "établissement"
    return t, null, WILD.format(level=level, kind=kind.capitalize(), draws=text.nombre(len(signs)))


def _family(
    found: Mapping[str, Estimate], principal: str | None, t, null, rule: str, absent
) -> Family:
    """Return the table: estimates as they are, p-values adjusted over all but the primary."""
    names = (
        "outcome", "estimator", "estimate", "std_error", "ci_low", "ci_high", "p_value", "n_cells",
        "n_clusters", "n_treated_clusters", "n_openings",
    )  # fmt: skip
    table = pd.DataFrame([{n: getattr(e, n) for n in names} for e in found.values()])
    effects = [e.label for e in found.values()]
    table.insert(1, "label", [OUTCOMES.get(n, n) for n in found])
    table.insert(2, "effect", effects)
    place = table.columns.get_loc("p_value") + 1
    rows = (table["outcome"] != principal).to_numpy()
    stepped, ordered = np.full(len(table), np.nan), np.full(len(table), np.nan)
    if rows.any():
        own = np.fmax(table.loc[rows, "p_value"].to_numpy(), drawn_p(t, null))
        # Each outcome's own rule may be wider than the common draws: no p-value goes below it.
        stepped[rows] = np.fmax(romano_wolf(t, null), own)
        ordered[rows] = holm(own)
    table.insert(place, "p_romano_wolf", stepped)
    table.insert(place + 1, "p_holm", ordered)
    texts = dict.fromkeys(e.description for e in found.values())
    return Family(table, rule, principal, dict(absent), " ".join(texts))
