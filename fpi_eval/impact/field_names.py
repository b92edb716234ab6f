"""What the field calls things, and where they are here."""

#: Where a thing is → what else the field calls it.
ALSO = {
    "impact.opening_study": "event_study",
    "impact.callaway_santanna": "att_gt did csdid",
    "impact.imputation": "bjs borusyak_jaravel_spiess did2s did_imputation",
    "impact.bjs2_t": "bjs2t bjs2",
    "impact.intertemporal": "did_multiplegt did_multiplegt_dyn",
    "impact.twfe": "bacon goodman_bacon",
    "impact.synthetic": "synthetic_did synthetic_control sdid synthdid",
    "impact.dose_response": "contdid continuous_did",
    "impact.triple_difference": "ddd triple_differences",
    "impact.wald": "iv",
    "impact.masked": "tobit masked_outcomes",
    "checks.honest_bounds": "honest honest_bounds honest_did honestdid",
    "checks.leave_one_out": "leave_one_out",
    "regression.shift_share.shift_share": "shift_share bartik ssiv",
}


def place_of(name: str) -> str:
    """Return where what the field calls by this name is, empty if nowhere."""
    found = (place for place, names in ALSO.items() if name.lower() in names.split())
    return next(found, "")
