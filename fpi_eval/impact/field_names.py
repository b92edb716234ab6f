"""What the field calls things, and where they are here."""

from collections.abc import Sequence

from fpi_eval.misspelt import near

#: Where a thing is → what else the field calls it.
ALSO = {
    "impact.opening_study": "event_study eventstudy es",
    "impact.callaway_santanna": "att_gt did csdid callaway callaway_sant_anna cs",
    "impact.imputation": "bjs borusyak_jaravel_spiess did2s did_imputation didimputation",
    "impact.sun_abraham": "sunab eventstudyinteract interaction_weighted",
    "impact.stacked": "stacked_did stackedev",
    "impact.poisson_imputation": "ppml fepois poisson",
    "impact.bjs2_t": "bjs2t bjs2",
    "impact.intertemporal": "did_multiplegt did_multiplegt_dyn",
    "impact.twfe": "bacon goodman_bacon feols two_way_fixed_effects",
    "impact.synthetic": "synthetic_did synthetic_control sdid synthdid synth scm",
    "impact.dose_response": "contdid continuous_did",
    "impact.triple_difference": "ddd triple_differences",
    "impact.wald": "iv",
    "impact.masked": "tobit masked_outcomes",
    "impact.adjusted": "drdid doubly_robust",
    "impact.displacement": "spillover spillovers",
    "impact.heterogeneity": "cate subgroups",
    "checks.honest_bounds": "honest honest_bounds honest_did honestdid rambachan_roth",
    "checks.leave_one_out": "leave_one_out jackknife",
    "checks.specification_curve": "specification_curve multiverse",
    "impact.study_family": "romano_wolf rwolf multiple_testing",
    "impact.placebo_regions": "placebo randomization_inference ritest",
    "power.puissance": "mde minimum_detectable_effect",
    "regression.wild_cluster": "wild_bootstrap wild_cluster wild_cluster_bootstrap boottest",
    "regression.shift_share.shift_share": "shift_share bartik ssiv",
}


def place_of(name: str) -> str:
    """Return where what the field calls by this name is, empty if nowhere."""
    found = (place for place, names in ALSO.items() if name.lower() in names.split())
    return next(found, "")


def unknown(module: str, name: str, names: Sequence[str]) -> AttributeError:
    """Return the refusal of a name that a module lacks: where it is, or what was meant."""
    said = f" (trouvé : {', '.join(names)})"
    if place := place_of(name):
        said = f" : voyez fpi_eval.{place}"
    elif meant := near(name, names):
        said = f" : {meant} ?"
    return AttributeError(f"{module} n'a pas « {name} »{said}")
