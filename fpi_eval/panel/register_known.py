"""What a run knows beside the register of openings, against which each row of it is checked."""

from collections.abc import Mapping

import pandas as pd

from fpi_eval.panel.identity import BAC_PRO
from fpi_eval.panel.matching import filieres_of, with_kin
from fpi_eval.programme import Programme
from fpi_eval.sources.declared_filieres import FILE, read_filieres
from fpi_eval.sources.nomenclatures import Nomenclatures
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.sources.register.known import Course, Known


def known_beside(
    programme: Programme,
    codes: Nomenclatures,
    identity: pd.DataFrame,
    lectures: Mapping[str, Mapping[str, Reading]],
    changes: pd.DataFrame,
) -> Known:
    """Return the courses, establishments and dates that the programme and the folder know."""
    facts = identity.drop_duplicates("cfd").set_index("cfd")
    mef = codes.mef.drop_duplicates("mefstat11")
    year = mef["annee"].fillna(1).astype(int)  # one row for all years: it is the one to enter
    columns = zip(mef["cfd"], year, mef["duree"].fillna(year).astype(int), strict=True)
    return Known(
        mef=dict(zip(mef["mefstat11"], (Course(*c) for c in columns), strict=True)),
        diplomes=facts["niveau"].astype(object).where(facts["niveau"].notna(), None).to_dict(),
        filieres=filieres_declared(programme, codes, identity),
        bac_pro=frozenset(facts.index[facts["niveau_diplome"].isin(BAC_PRO)]),
        uais=_establishments(lectures, changes),
        debuts=_starts(programme),
    )


def filieres_declared(
    programme: Programme, codes: Nomenclatures, identity: pd.DataFrame
) -> dict[str, str]:
    """Return CFD → filière of every diploma, nothing without `filieres.csv`."""
    if not (programme.dossier / FILE).is_file():
        return {}
    declared = with_kin(read_filieres(programme), identity, codes.options_bts)
    found = filieres_of(identity["cfd"], codes.tous_diplomes, declared)
    return dict(zip(identity["cfd"], found["filiere"], strict=True))


def _establishments(
    lectures: Mapping[str, Mapping[str, Reading]], changes: pd.DataFrame
) -> frozenset[str]:
    tables = [r.table for readings in lectures.values() for r in readings.values()]
    seen = [table["uai"] for table in tables if "uai" in table]
    seen += [changes["ancien_uai"], changes["nouveau_uai"]]
    return frozenset(str(uai) for one in seen for uai in one.dropna().unique())


def _starts(programme: Programme) -> dict[str, int]:
    """Return the first rentrée of each project, that of the predecessor being its own."""
    before = programme.predecesseur
    starts = dict.fromkeys(
        (name.upper() for name in programme.noms_projets), programme.rentree_debut
    )
    if before is not None:
        starts[before.nom.upper()] = before.rentree
    return starts
