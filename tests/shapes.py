"""A real file cut to a few lines, and what each cell of it says: the shape of any source.

Made for every file that a source of the catalogue explains. Where a column stands is taken from
the undamaged file; what its cells say is read apart from the readers (`small_files.said`). `KEPT`
tells, source by source, which rows a reader keeps and how it writes codes.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from small_files import CONSTAT, FINE, LARGE, SMALLS, Small, write

from fpi_eval.sources.geographie import read_communes, read_zones_emploi, zones_par_commune
from fpi_eval.sources.known_sources import WITH_OTHER_TABLES, Found, discover, source
from fpi_eval.sources.naf import read_naf
from fpi_eval.sources.reading import ColumnSchema, TableSchema, column
from fpi_eval.sources.reading.headers import Renaming, match_header
from fpi_eval.sources.reading.raw import RawFile
from fpi_eval.sources.reading.tidy import choose
from fpi_eval.sources.urssaf import URSSAF, read_urssaf_commune_ape

FIRST, LINES = 6, 24  # lines kept: the first ones, then some all along the file
Table = pd.DataFrame
PLACE = ["code_zone", "code_departement", "code_region"]
#: Sources whose files are of another's shape, and are in no folder.
SISTERS = {
    "inserjeunes_agricole": FINE,
    "inserjeunes_cfa_formation": replace(FINE, codes={"uai": 1, "code_formation": 5}),
    "constat_portail": CONSTAT,
}


def _three(t: Table) -> Table:
    return t.assign(code_departement=t["code_departement"].str.zfill(3))


def _known(t: Table) -> Table:
    return t[t["uai"].notna()]


def _affelnet(t: Table) -> Table:
    kept = _known(t)[(t["statut"] == "ST") & (t["voeu_recensement"] == "N")]
    kept = kept.assign(places=kept["places"].where(kept["places"].between(5, 500)))
    return kept.drop(columns=["statut", "voeu_recensement"])


def _departement(code: pd.Series) -> pd.Series:
    return code.str.zfill(3).replace({"620": "02A", "720": "02B", "983": "988", "984": "987"})


def _bac(t: Table) -> Table:
    kept = t[t["voie_bac"] == "BAC PROFESSIONNEL"].drop(columns=["voie_bac", "serie", "statut"])
    return kept.assign(sexe=kept["sexe"].str.lower())


def _bac_departement(t: Table) -> Table:
    kept = t[t["voie_bac"].str.contains("professionnel", case=False)]
    kept = kept.assign(code_departement=_departement(kept["code_departement"]))
    return kept.groupby(["session", "code_departement"], as_index=False)[
        ["presents", "admis"]
    ].sum()


def _cap(t: Table) -> Table:
    kept = t.drop(columns=["statut", "inscrits", "sexe"], errors="ignore")
    return kept.assign(code_departement=_departement(kept["code_departement"]))


def _lycees(t: Table) -> Table:
    if "code_region" in t:
        real = {(a, b) for a, b, c in zip(t["uai"], t["annee"], t["code_region"], strict=True)
                if c != "0"}  # fmt: skip
        twice = [(a, b) in real for a, b in zip(t["uai"], t["annee"], strict=True)]
        t = t[~(np.array(twice, dtype=bool) & (t["code_region"] == "0"))]
    else:
        t = t.assign(valeur_ajoutee=t["valeur_ajoutee"] / 100)
    return t.assign(
        session=t["annee"].str[:4].astype(float),
        secteur=t["secteur"].replace({"PU": "public", "PR": "prive"}),
        code_commune=t["code_commune"].str.zfill(5),
    ).drop(columns="annee")


def _tensions(t: Table) -> Table:
    region = t["region"].map(lambda code: f"{int(code):02d}", na_action="ignore")
    kept = t.assign(code_region=region, code_departement=t["departement"].str.zfill(3))
    return kept.drop(columns=["region", "departement"])


def _parcoursup(t: Table) -> Table:
    linked = t.pop("lien").astype("str").str.extract(r"g_ta_cod=(\d+)", expand=False)
    return _three(t.assign(cod_aff_form=t["cod_aff_form"].fillna(linked))).drop(
        columns="etablissement"
    )


def _of_years(t: Table) -> Table:
    publics = {"ensemble": "ensemble", "dont apprentis": "apprentis",
               "dont élèves en voie pro sco": "scolaires"}  # fmt: skip
    return t.assign(public=t["public"].map(publics)) if "public" in t else t


def _fine(t: Table) -> Table:
    said = t["annee"].str.removeprefix("cumul ").str.replace("-", "_")
    return t.assign(millesime=said).drop(columns="annee")


KEPT: dict[str, Callable[[Table], Table]] = {
    "affelnet": _affelnet,
    "communes": _three,
    "constat": _known,
    "departements": lambda t: t[t["code_departement"].notna()],
    "inserjeunes_cfa": lambda t: t.drop(columns="annee"),
    "inserjeunes_etablissement": _of_years,
    "inserjeunes_formation_fine": _fine,
    "inserjeunes_region": lambda t: t.drop(columns=["identifiant", "code_region_ij"]),
    "libelles_zonages": lambda t: t.dropna(how="all"),
    "naf": lambda t: t[t["naf"] != "A 732"],
    "parcoursup": _parcoursup,
    "parcoursup_bts": lambda t: _known(t).assign(voie=t["voie"].str.lower()),
    "parcoursup_portail": _parcoursup,
    "resultats_bac": _bac,
    "resultats_bac_departement": _bac_departement,
    "resultats_cap": _cap,
    "resultats_lycees": _lycees,
    "tensions": _tensions,
    "zones_emploi": lambda t: _three(t.dropna(how="all").drop_duplicates()),
}


def shapes(*real: Path, simulated: Path) -> list[Small]:
    """Return a shape for each file of the real folders, and for each other header of the simulated.

    Sources that no folder holds have an invented file, or that of a sister.
    """
    found = [shape(one, folder) for folder in real for one in discover(folder).files]
    seen = {(small.name, small.header) for small in found}
    for one in discover(simulated).files:
        small = shape(one, simulated)
        if (small.name, small.header) not in seen and len(small.cells) > 1:
            seen.add((small.name, small.header))
            found.append(small)
    known = {name for name, _ in seen}
    sisters = [
        replace(of, name=name, read=source(name).load())
        for name, of in SISTERS.items()
        if name not in known
    ]
    invented = [small for small in (*SMALLS, *LARGE) if small.name not in known]
    return [*found, *sisters, *invented]


def shape(found: Found, folder: Path) -> Small:
    """Return a file's lines, reader, and what its columns are."""
    text, entry = _sample(found.path), source(found.source)
    header = next(csv.reader(io.StringIO(text), delimiter=";"))
    read = partial(entry.read, year=found.year)
    if found.source in WITH_OTHER_TABLES:
        table, read, keep = _urssaf(header, folder)
    else:
        table = choose(found.path, entry.schemas())
        keep = KEPT.get(found.source, lambda t: t)
    places = match_header(header, table, Renaming(), found.path.name)[0]
    return Small(
        found.source,
        found.path.name.removesuffix(".gz"),
        text,
        read,
        {c.name: (places[c.name], 100 if c.kind == "pourcentage" else 1)
         for c in table.columns if c.is_number and c.name in places},
        _of(table, places, "code", "uai"),
        needed=(),
        ordered="" in header,
        missing={c.name: c.missing for c in table.columns if c.missing},
        keep=keep,
        texts=_of(table, places, "texte"),
        dates=_of(table, places, "date"),
    )  # fmt: skip


def _of(table: TableSchema, places: dict[str, int], *kinds: str) -> dict[str, int]:
    return {c.name: places[c.name] for c in table.columns if c.kind in kinds and c.name in places}


def _sample(path: Path) -> str:
    """Return the header and some lines of a file, as UTF-8 text parted by semicolons."""
    raw = RawFile(path, TableSchema("lignes", ()))
    lines = raw.text.replace("\r\n", "\n").split("\n")
    along = np.linspace(FIRST, len(lines) - 2, LINES).astype(int)
    places = dict.fromkeys((*range(FIRST), *along))
    kept = [lines[k] for k in places if 0 <= k < len(lines) and lines[k]]
    if raw.separator == ";":
        return "\n".join(kept) + "\n"
    return write(list(csv.reader(kept, delimiter=raw.separator)))


def _urssaf(header: Iterable[str], folder: Path) -> tuple[TableSchema, Callable, Callable]:
    """Return the columns of the years, a reader that knows the geography, and its sums."""
    paths = {one.source: one.path for one in discover(folder).files}
    communes, zones = read_communes(paths["communes"]), read_zones_emploi(paths["zones_emploi"])
    where, naf = zones_par_commune(communes.table, zones.table), read_naf(paths["naf"]).table
    years = [name for name in header if name[-4:].isdigit()]

    def keep(t: Table) -> Table:
        rows = t.merge(where, on="code_commune").merge(naf[["code_ape", "a38"]], on="code_ape")
        long = pd.concat(
            [rows[[*PLACE]].assign(secteur=rows["a38"], annee=float(year),
                                   emplois=rows[f"effectifs_salaries_{year}"],
                                   etablissements=rows[f"nombre_d_etablissements_{year}"])
             for year in sorted({name[-4:] for name in years})]
        )  # fmt: skip
        long["masquees"] = (long["emplois"].isna() & (long["etablissements"] > 0)).astype(float)
        sums = long.groupby([*PLACE, "secteur", "annee"]).sum(min_count=1).reset_index()
        return sums.dropna(subset=["emplois", "etablissements"], how="all")

    counts: list[ColumnSchema] = [column("effectif", name, name) for name in years]
    table = TableSchema("urssaf", (*URSSAF.columns, *counts))
    return table, partial(read_urssaf_commune_ape, geographie=where, naf=naf), keep
