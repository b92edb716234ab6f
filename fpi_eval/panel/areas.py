"""Where the neighbours of an opening are looked for, as the programme declares it."""

import pandas as pd

from fpi_eval.errors import FpiError
from fpi_eval.panel.cells import AREA
from fpi_eval.panel.identity import latest_uai
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.secteurs import PLACES, latest, zones

COMMUNES = "resultats_lycees"  # the one source that names each lycée's commune


def with_area(table: pd.DataFrame, p: Panels) -> pd.DataFrame:
    """Return cells with the declared ``voisinage``, as they are where it is the département.

    Only lycées of the results file have a known zone: the others (CFA, BTS of general lycées) have
    their département in its stead, and are then no neighbours of those whose zone is known.
    """
    declared = p.donnees.programme.resultats.voisinage
    if declared == "departement":
        return table
    if declared in ("academie", "region"):
        return table.assign(**{AREA: table[f"code_{declared}"]})
    return table.assign(**{AREA: table["uai"].map(zones_of(p)).fillna(table["code_departement"])})


def zones_of(p: Panels) -> pd.Series:
    """Return the zone d'emploi of each establishment whose commune is known.

    Raises
    ------
    FpiError
        A file that says where establishments or communes are is absent.
    """
    files = latest(p.donnees.programme, p.donnees.dossier, PLACES)
    lost = [name for name, path in files.items() if not path.is_file()]
    lost += [] if p.donnees.a(COMMUNES) else [COMMUNES]
    if lost:
        raise FpiError(
            f"voisinage « zone_emploi » de [resultats] : il faut aussi la source « {lost[0]} », "
            "absente du dossier. Ajoutez-la, ou déclarez un autre voisinage.",
            fichier="programme.toml",
        )
    found = zones(p.donnees.programme, files)
    rows = p.donnees.table(COMMUNES).sort_values("rentree", kind="stable")
    uai = latest_uai(rows["uai"].astype("str"), p.donnees.changements_uai)
    zone = rows["code_commune"].map(found.set_index("code_commune")["code_zone"])
    return zone.groupby(uai.to_numpy()).last().dropna()
