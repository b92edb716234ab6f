"""Of 100 final-year students of the programme's filières, how many work some months later."""

import pandas as pd

from fpi_eval.calendar import employed
from fpi_eval.misspelt import known_options
from fpi_eval.panel.panels import Panels


@known_options
def emploi_publie(p: Panels, months: int = 12) -> pd.DataFrame:
    """Return leavers employed per final-year student, by level and millésime, as published.

    Counts over counts, all courses of the programme's filières in its region, both voies; codes
    whose employment or final-year students the publisher hides are in neither sum, even where the
    course has another code that is known.

    Returns
    -------
    DataFrame
        niveau, millesime, terminale, en_emploi, taux (0..1).
    """
    name, rows = employed(months), p.inserjeunes
    here = p.donnees.programme.territoire.ici(rows["code_region"])
    kept = rows[here & rows["filiere"].isin(p.donnees.programme.codes_filieres)]
    kept = kept.dropna(subset=["niveau", "terminale", name])
    sums = kept.groupby(["niveau", "millesime"])[["terminale", name]].sum()
    sums = sums[sums["terminale"] > 0].rename(columns={name: "en_emploi"}).reset_index()
    return sums.assign(taux=sums["en_emploi"] / sums["terminale"])
