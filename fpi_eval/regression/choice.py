"""Which inference, given how many clusters are treated. The one table; results quote it."""

from dataclasses import dataclass

from fpi_eval.errors import FpiError


@dataclass(frozen=True, slots=True)
class Rule:
    """An inference rule: from ``minimum`` treated clusters on; ``name`` is what readers see."""

    key: str
    minimum: int
    name: str
    has_interval: bool = True


RULES = (
    Rule("cr1", 20, "erreur robuste par groupe (CR1), loi t à G − 1 degrés de liberté"),
    Rule("wild", 5, "bootstrap sauvage par groupe, hypothèse nulle imposée, test inversé"),
    Rule("permutation", 2, "permutation des groupes traités, test inversé"),
    Rule("placebo", 1, "distribution placebo sur les groupes non traités, sans intervalle", False),
)


def choose(n_treated_clusters: int) -> Rule:
    """Return the rule for a number of treated clusters (DESIGN table: 20, 5, 2, 1)."""
    for rule in RULES:
        if n_treated_clusters >= rule.minimum:
            return rule
    raise FpiError("aucun groupe traité : il n'y a pas d'effet à estimer.")
