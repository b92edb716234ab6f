"""Jobs in the sectors that each filière feeds, where they are, and where seats open beside them."""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from fpi_eval.calendar import durees
from fpi_eval.disclosure import TOTAL
from fpi_eval.panel.panels import Panels, du_programme
from fpi_eval.panel.regional_panel import ELSEWHERE, HERE
from fpi_eval.panel.run_files import REFERENCE
from fpi_eval.panel.secteurs import (
    PLACES,
    ZONE_NAMES,
    emplois_alimentes,
    emplois_filieres,
    latest,
    table_of,
    urssaf_files,
)
from fpi_eval.programme import Programme
from fpi_eval.sources import geographie
from fpi_eval.sources.reading import TableSchema, column
from fpi_eval.sources.reading.cache import cached
from fpi_eval.sources.reading.reading import read_table
from fpi_eval.text import plain

NO_JOBS = "le dossier ne contient pas le fichier d'emploi de l'Urssaf."


#: National figures, and those of the programme's own region, declared in its folder.
NATIONAL, OWN = REFERENCE / "industrie.csv", "reference.csv"
#: Figures that only the programme's folder can give, as they are those of its region.
REGIONAL = ("emploi_industriel", "departs_fin_carriere", "annees_departs")


def reference(programme: Programme) -> pd.DataFrame:
    """Return declared figures on industry: indicateur (index), libelle, valeur, date, source….

    Those of the region are in the programme's folder, and none are shown if it has none.

    Raises
    ------
    FpiError
        A column absent, a figure of another region than the programme's, or that is no number.
    """
    paths = [path for path in (programme.dossier / OWN, NATIONAL) if path.is_file()]
    tables = [_figures(path, programme) for path in paths]
    return pd.concat(tables).set_index("indicateur")


def freed(jobs: float, known: pd.DataFrame) -> float | None:
    """Return the jobs that ends of careers free each year, None where no share is declared.

    ``known`` are the figures of `reference`: the share of jobs left, and over how many years.
    """
    if not set(REGIONAL) <= set(known.index):
        return None
    share, years = known.loc[list(REGIONAL[1:]), "valeur"]
    return float(jobs * share / years)


def _figures(path: Path, programme: Programme) -> pd.DataFrame:
    here = programme.territoire
    schema = TableSchema(
        path.stem,
        (
            column("texte", "indicateur", "indicateur", nullable=False),
            column("texte", "libelle", "libelle"),
            column("code", "code_region", "code_region", choices=(here.code_region,),
                   expected=f"la région du programme, {here.code_region} ({here.region}), ou une "
                   "ligne retirée"),
            column("nombre", "valeur", "valeur", nullable=False),
            column("texte", "date", "date"),
            column("texte", "nature", "nature", nullable=False),
            column("texte", "source", "source", nullable=False),
        ),
        key=("indicateur",),
    )  # fmt: skip
    return cached(read_table, path, schema).table


def par_filiere(p: Panels) -> pd.DataFrame:
    """Return jobs of the sectors fed by each filière, here and elsewhere: last year, change.

    The rows of filière `TOTAL`, last, count each sector once.
    """
    if p.emplois.empty or p.secteurs.empty:
        return pd.DataFrame()
    here = p.donnees.programme.territoire.ici(p.emplois["code_region"])
    jobs = p.emplois.assign(territoire=here.map({True: HERE, False: ELSEWHERE}))
    rows = _and_in_all(jobs, p.secteurs, "territoire")
    if rows.empty:
        return pd.DataFrame()
    last = rows["annee"].max()
    wide = rows.set_index(["filiere", "territoire", "annee"])["emplois"].unstack()  # noqa: PD010
    wide = wide.reindex(columns=[last - 1, last])  # a file may hold one year
    table = wide.set_axis(["emplois_avant", "emplois"], axis=1).reset_index()
    table = table.sort_values("filiere", key=lambda name: name == TOTAL, kind="stable")
    table = table.reset_index(drop=True)
    before = table["emplois_avant"].where(table["emplois_avant"] > 0)
    return table.assign(evolution=table["emplois"] / before - 1, annee=last)


def _and_in_all(jobs: pd.DataFrame, secteurs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return jobs by filière, then in all the sectors fed."""
    parts = (emplois_filieres, emplois_alimentes)
    return pd.concat([of(jobs, secteurs, [by]) for of in parts], ignore_index=True)


def par_departement(p: Panels) -> pd.DataFrame:
    """Return one row per département of the region, one column per filière, last year.

    Column `TOTAL` counts each sector once.
    """
    if p.emplois.empty or p.secteurs.empty:
        return pd.DataFrame()
    place = p.donnees.programme.territoire
    here = p.emplois[place.ici(p.emplois["code_region"])]
    rows = _and_in_all(here, p.secteurs, "code_departement")
    if rows.empty:
        return pd.DataFrame()
    rows = rows[rows["annee"] == rows["annee"].max()]
    jobs = rows.set_index(["code_departement", "filiere"])["emplois"]
    wide = jobs.unstack(fill_value=0.0)  # noqa: PD010
    table = wide.rename_axis(columns=None).reset_index()
    named = table.assign(departement=table.pop("code_departement").map(place.noms_departements))
    return named.assign(annee=rows["annee"].max())


def par_zone(p: Panels) -> pd.DataFrame:
    """Return zones of the region with jobs in fed sectors and seats opened, most jobs first.

    ``pour_mille`` are the seats for 1,000 of these jobs.
    """
    if p.emplois.empty or p.secteurs.empty:
        return pd.DataFrame()
    here = p.emplois[p.donnees.programme.territoire.ici(p.emplois["code_region"])]
    fed = emplois_alimentes(here, p.secteurs, ["code_zone"])
    last = fed.loc[fed["annee"] == fed["annee"].max(), ["code_zone", "emplois"]]
    seats = places_par_zone(p).groupby("code_zone")["places"].sum()
    names = noms_des_zones(p)
    table = last.assign(
        places=last["code_zone"].map(seats).fillna(0.0),
        zone=last["code_zone"].map(lambda code: names.get(code, code)),
        pour_mille=lambda t: 1000 * t["places"] / t["emplois"].where(t["emplois"] > 0),
    )
    return table.sort_values("emplois", ascending=False, ignore_index=True, kind="stable")


def noms_des_zones(p: Panels) -> pd.Series:
    """Return names of zones d'emploi where the folder has them."""
    found = latest(p.donnees.programme, p.donnees.dossier, [ZONE_NAMES])
    if not found[ZONE_NAMES].is_file():
        return pd.Series(dtype="object")
    table = table_of(p.donnees.programme, found, ZONE_NAMES)
    zones = table[table["niveau"].str.startswith("ZE")]
    return zones.drop_duplicates("code").set_index("code")["libelle"]


def places_par_zone(p: Panels, *, left_by: int | None = None) -> pd.DataFrame:
    """Return seats opened by zone d'emploi × course × filière: code_zone, course, filiere, places.

    With ``left_by``, each seat counts for the classes that have left it by that year's end.

    The register names communes; those that no commune of the département matches are left out
    and counted by `sans_zone`.
    """
    rows, columns = _zoned(p), ["code_zone", "course", "filiere", "places"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    if left_by is not None:
        years = durees(rows, p.donnees.nomenclatures.mef, p.donnees.familles)
        first = rows["rentree"].astype(int) + years
        rows = rows.assign(places=rows["places"] * (left_by + 1 - first).clip(lower=0))
    table = rows.groupby(columns[:3], as_index=False)["places"].sum()
    return table[table["places"] > 0].reset_index(drop=True)


def sans_zone(p: Panels) -> int:
    """Return how many openings stand in no known zone d'emploi."""
    rows = _zoned(p)
    return 0 if rows.empty else int(rows["code_zone"].isna().sum())


@lru_cache(maxsize=4)
def _zoned(p: Panels) -> pd.DataFrame:
    """Return openings with their zone d'emploi; none without a register or geographic files."""
    register = du_programme(p)
    files = urssaf_files(p.donnees.programme, p.donnees.dossier)
    if register.empty or not files:
        return pd.DataFrame()
    communes, zones = (table_of(p.donnees.programme, files, name) for name in PLACES)
    named = communes[["code_commune", "libelle", "type_commune"]].merge(
        geographie.zones_par_commune(communes, zones), on="code_commune"
    )
    zone = named.assign(key=named["code_departement"] + "|" + named["libelle"].map(commune))
    zone = zone.sort_values("type_commune", key=lambda kind: kind != "COM", kind="stable")
    zone = zone.drop_duplicates("key").set_index("key")["code_zone"]
    key = register["code_departement"] + "|" + register["commune"].fillna("").map(commune)
    return register.assign(
        code_zone=key.map(zone),
        course=register["cfd"].fillna(register["mefstat11"]),
        places=register["places_ouvertes"].fillna(0).astype(float),
    )


def commune(name: str) -> str:
    """Return a commune's name without accents, case or hyphens, « St » written out."""
    written_out = {"st": "saint", "ste": "sainte"}
    return " ".join(written_out.get(part, part) for part in plain(name).split())
