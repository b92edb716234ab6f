"""What arrived, what is missing, what changed since last year: the tables of `01_donnees`."""

import itertools

import numpy as np
import pandas as pd

from fpi_eval.absent import Absent
from fpi_eval.misspelt import known_options
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.run_files import CAPACITIES
from fpi_eval.sources import known_sources as catalogue
from fpi_eval.sources.facts import EMPLOI_PUBLIC, beside, fact
from fpi_eval.sources.register.observed import repeats

REGION = "inserjeunes_region"


def fichiers(p: Panels) -> pd.DataFrame:
    """Return one row per file read: source, year, rows, rows set aside and why, fingerprint."""
    labels = {entry.name: entry.label for entry in reversed(catalogue.CATALOGUE)}
    labels |= {"nomenclatures": "Nomenclatures", "ouvertures": "Registre des ouvertures"}
    rows = [
        {
            "source": labels.get(source, source),
            "annee": year or "toutes",
            "fichier": origin.fichier,
            "lignes": origin.lignes,
            "ecartees": sum(origin.lignes_ecartees.values()),
            "raisons": tuple(origin.lignes_ecartees.items()),
            "autres_colonnes": len(origin.colonnes_inconnues),
            "empreinte": origin.sha256[:12],
        }
        for source, year, origin in p.donnees.provenances()
        if source != "nomenclatures"
    ]
    return pd.DataFrame(rows)


def territoires(p: Panels) -> pd.DataFrame:
    """Return, by source and year, rows in the programme's region and elsewhere."""
    place = p.donnees.programme.territoire
    seats = p.capacites.table.assign(annee=lambda t: t["rentree"].astype(str))
    parts = [seats[["source", "annee", "code_region"]]]
    ij = p.inserjeunes.assign(source="inserjeunes_region", annee=lambda t: t["millesime"])
    parts.append(ij[["source", "annee", "code_region"]])
    rows = pd.concat(parts)
    here = place.ici(rows["code_region"])
    table = rows.assign(region=here, ailleurs=~here).groupby(["source", "annee"], as_index=False)
    return table[["region", "ailleurs"]].sum()


def masques(p: Panels) -> pd.DataFrame:
    """Return, by millésime × voie, the share of rates and counts that the publisher hid.

    ``part_taux``: rows whose 6-month rate is hidden; ``part_eleves``: share of the final-year
    students who stand in these rows.
    """
    place = p.donnees.programme.territoire
    rows = p.inserjeunes.assign(
        ici=place.ici(p.inserjeunes["code_region"]),
        taux=p.inserjeunes["taux_emploi_6_mois"].isna(),
    )
    rows["eleves_masques"] = rows["terminale"].where(rows["taux"], 0.0)
    table = (
        rows[rows["ici"]]
        .groupby(["millesime", "voie"])
        .agg(
            lignes=("taux", "size"),
            part_taux=("taux", "mean"),
            eleves=("terminale", "sum"),
            masques=("eleves_masques", "sum"),
        )
    )
    table["part_eleves"] = table.pop("masques") / table.pop("eleves")
    return table.reset_index()


def part_masquee(hidden: pd.DataFrame) -> tuple[str, float] | None:
    """Return the last millésime of `masques` and the share of its rates hidden, all voies together.

    None where no rate is published for the region.
    """
    last = hidden[hidden["millesime"] == hidden["millesime"].max()]
    if last.empty:
        return None
    return str(last["millesime"].iloc[0]), float(
        np.average(last["part_taux"], weights=last["lignes"])
    )


def changements(p: Panels) -> pd.DataFrame:
    """Return, by capacity source, how the rentrée's cells differ from the year before.

    A cell is establishment × entry-year code × voie. Places are compared on cells that are in
    both years with the places of all their rows known, and that Affelnet repeats as much: a cell
    that appears is not a new seat, and one of whose rows becomes known has not grown.
    """
    rows = []
    for source in CAPACITIES:
        table = p.capacites.table
        table = table[table["source"] == source]
        years = sorted(table["rentree"].unique())
        for before, after in itertools.pairwise(years):
            rows.append(_change(table, source, before, after))
    columns = [
        "source", "rentrees", "communes", "apparues", "disparues", "hausse", "baisse",
        "places_avant", "places_apres",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _change(table: pd.DataFrame, source: str, before: int, after: int) -> dict[str, object]:
    key = ["uai", "mefstat11", "voie"]
    rows = table.assign(lignes=repeats(table, [*key, "rentree"]))
    cells = rows.groupby([*key, "rentree"])
    known = cells["places"].sum(skipna=False).to_frame().join(cells["lignes"].max())
    old, new = (known.xs(year, level="rentree") for year in (before, after))
    both = old.merge(new, on=key, suffixes=("_avant", "_apres")).dropna()
    both = both[both["lignes_avant"] == both["lignes_apres"]]
    return {
        "source": source,
        "rentrees": f"{before} → {after}",
        "communes": len(old.index.intersection(new.index)),
        "apparues": len(new.index.difference(old.index)),
        "disparues": len(old.index.difference(new.index)),
        "hausse": int((both["places_apres"] > both["places_avant"]).sum()),
        "baisse": int((both["places_apres"] < both["places_avant"]).sum()),
        "places_avant": both["places_avant"].sum(),
        "places_apres": both["places_apres"].sum(),
    }


def appariements(p: Panels) -> pd.DataFrame:
    """Return how many rows found their match, by link, source and year.

    Columns: lien, source, annee, lignes, reliees, part, and the same share in the programme's
    region alone (`part_region`).
    """
    codes = p.donnees.nomenclatures
    ij, seats, shared = p.inserjeunes, p.capacites.table, p.places_par_option
    with_outcome = shared["course"].isin(set(p.resultats["course"]))
    pair = ["mefstat11", "voie"]
    linked = pd.MultiIndex.from_frame(shared.loc[with_outcome, pair])
    ij_rows = ij.assign(source="inserjeunes_region", annee=ij["millesime"])
    seat_rows = seats.assign(annee=seats["rentree"])
    found = pd.MultiIndex.from_frame(seats[pair]).isin(linked)
    parts = [
        _rate(
            p,
            "Code vers diplôme de la nomenclature",
            ij_rows,
            ij["cfd"].isin(codes.tous_diplomes["cfd"]),
        ),
        _rate(p, "Diplôme vers niveau et spécialité", ij_rows, ij["niveau"].notna()),
        _rate(p, "Année d'entrée vers année terminale", seat_rows, found),
    ]
    if p.donnees.a("parcoursup"):
        rows = p.bts.assign(source=p.bts["formation"], annee=p.bts["rentree"])
        named = rows["specialite"].isin(p.appariement_bts.links["specialite"])
        parts.append(_rate(p, "Nom de BTS vers diplôme", rows, named))
    return pd.concat(parts, ignore_index=True)


def _rate(p: Panels, link: str, rows: pd.DataFrame, matched: pd.Series) -> pd.DataFrame:
    place = p.donnees.programme.territoire
    ok = pd.Series(matched, index=rows.index).astype(bool)
    here = ok.where(place.ici(rows["code_region"])).astype(float)
    table = pd.DataFrame(
        {"source": rows["source"], "annee": rows["annee"].astype(str), "ok": ok, "here": here}
    ).groupby(["source", "annee"])
    counted = table["ok"].agg(lignes="size", reliees="sum", part="mean")
    counted["part_region"] = table["here"].mean()
    return counted.reset_index().assign(lien=link)[
        ["lien", "source", "annee", "lignes", "reliees", "part", "part_region"]
    ]


def ruptures(p: Panels) -> list[str]:
    """Return French sentences on breaks that forbid comparing some years as they stand."""
    names = sorted(p.inserjeunes["millesime"].unique())
    sentences = [
        "Deux millésimes qui se suivent partagent une cohorte de sortants : leur écart ne vient "
        "que de la cohorte entrée et de la cohorte sortie."
    ]
    for said in beside(REGION, names):
        sentences.append(
            f"{said.rstrip('.')}. Les taux d'emploi y montent par changement de champ, dans toutes "
            "les régions à la fois."
        )
    return sentences


@known_options
def scope_change(p: Panels) -> pd.DataFrame | Absent:
    """Return employment rates elsewhere before and after public-sector jobs came in, by voie.

    The programme's filières, from the codes of the file: on courses, a hidden code would take the
    leavers of the others away with it, and the rate would not be the one published.

    Returns
    -------
    DataFrame
        voie, avant, apres (rates), ecart, and the millésimes that they are of.
    """
    programme, rows = p.donnees.programme, p.inserjeunes
    elsewhere = ~programme.territoire.ici(rows["code_region"])
    public = fact(EMPLOI_PUBLIC, REGION)
    kept = rows[elsewhere & rows["filiere"].isin(programme.codes_filieres)]
    kept = kept.dropna(subset=["sortants", "en_emploi_6_mois"])
    years = sorted(kept["millesime"].unique())
    old = [year for year in years if public.share(year) == 0]
    new = [year for year in years if public.share(year) > 0]
    if not (old and new):
        return Absent(
            f"{public.words} Ces fichiers n'ont pas de millésime de part et d'autre de cette date."
        )
    before, after = old[-1], next((y for y in new if public.share(y) == 1), new[-1])
    sums = kept[kept["millesime"].isin([before, after])]
    sums = sums.groupby(["voie", "millesime"])[["en_emploi_6_mois", "sortants"]].sum()
    rate = (sums["en_emploi_6_mois"] / sums["sortants"]).rename("taux").reset_index()
    wide = rate.pivot_table(index="voie", columns="millesime", values="taux")
    wide = wide.rename(columns={before: "avant", after: "apres"})
    return (
        wide.rename_axis(columns=None)
        .reset_index()
        .assign(
            ecart=lambda t: t["apres"] - t["avant"],
            avant_millesime=before,
            apres_millesime=after,
        )
    )
