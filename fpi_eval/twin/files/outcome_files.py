"""Write the InserJeunes files: regions, then establishments with the header of each millésime."""

from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.calendar import HORIZONS
from fpi_eval.twin.courses import mefstat11
from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import REGIONS, REGIONS_IJ

#: The publisher hides rates on fewer than 20 people, and counts on fewer than 5.
MINIMUM_RATE, MINIMUM_COUNT = 20, 5
COUNTS = ["terminale", "sortants", *(f"en_emploi_{m}_mois" for m in HORIZONS)]
REGION = columns(
    "id;millesime;code_region_ij;code_region;voie;cfd;mefstat11;nb_annee_term;"
    "nb_en_emploi_12_mois;nb_en_emploi_18_mois;nb_en_emploi_24_mois;nb_en_emploi_6_mois;"
    "nb_poursuite_etudes;nb_sortant;taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois;"
    "taux_emploi_6_mois;taux_poursuite_etudes"
)

_NAMES = ["n°UAI de l'établissement", "Libellé de l'établissement", "Région"]
_RATES = ["Taux", "Taux attendu", "Valeur ajoutée"]
_PARTS = [
    "Part en poursuite d'études",
    "Part en emploi 6 mois après la sortie",
    "Part des autres situations",
]


def pooled(rows: dict[int, pd.DataFrame], millesime: tuple[int, int]) -> pd.DataFrame:
    """Return the final-year students of two sessions together, by course, code and establishment.

    ``millesime`` (2021, 2022) pools the leavers of June 2021 and June 2022.
    """
    tables = [rows[session - 1] for session in millesime if session - 1 in rows]
    table = pd.concat(tables, ignore_index=True)
    return table[table["terminale"] > 0]


def split_options(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table where a BTS with a common first year gives one row per option."""
    opted = table["option_a"].notna()
    plain = table[~opted]
    share = 0.4 + 0.02 * (table.loc[opted, "cell"] % 10)
    a, b = table[opted].copy(), table[opted].copy()
    for name in COUNTS:
        a[name] = np.floor(a[name] * share)
        b[name] = b[name] - a[name]
    a["cfd_sortie"], b["cfd_sortie"] = a["option_a"], b["option_b"]
    return pd.concat([plain, a, b], ignore_index=True)


def write_regions(
    rows: dict[int, pd.DataFrame], millesimes: list[tuple[int, int]], folder: Path
) -> Path:
    """Write ``ij_region_data.csv``: all millésimes, both voies, 18 and 24 months blank in the last.

    Rows are keyed by the final-year MEFSTAT11 (scolaire) or by the CFD (apprentissage).
    """
    frames = []
    for k, millesime in enumerate(millesimes):
        table = split_options(pooled(rows, millesime))
        final = table["duree"].where(table["diplome"] != "bacpro", 3)
        table["mef"] = mefstat11(table["cfd_sortie"], table["diplome"], final)
        pupil = table["voie"] == "scolaire"
        table["mef"] = table["mef"].where(pupil, "")
        table["cfd"] = table["cfd_sortie"].where(~pupil, "")
        keys = ["code_region", "voie", "cfd", "mef"]
        sums = table.groupby(keys, as_index=False)[COUNTS].sum()
        sums = sums[sums["terminale"] > 0]
        sums.insert(0, "millesime", f"{millesime[0]}_{millesime[1]}")
        frames.append(_region_rows(sums, recent=k == len(millesimes) - 1))
    path = folder / "ij_region_data.csv"
    out = pd.concat(frames, ignore_index=True)
    out.to_csv(path, sep=";", index=False, lineterminator="\n")
    return path


def _region_rows(sums: pd.DataFrame, *, recent: bool) -> pd.DataFrame:
    total, leavers = sums["terminale"], sums["sortants"]
    out = pd.DataFrame(index=sums.index)
    ij = sums["code_region"].map(REGIONS_IJ)
    code = sums["mef"].where(sums["mef"] != "", sums["cfd"])
    out["id"] = sums["millesime"] + "_" + ij + "_" + sums["voie"] + "_" + code
    out["millesime"], out["code_region_ij"] = sums["millesime"], ij
    for name in ("code_region", "voie", "cfd"):
        out[name] = sums[name]
    out["mefstat11"] = sums["mef"]
    out["nb_annee_term"] = total.astype(int)
    shown = total >= MINIMUM_COUNT
    staying = total - leavers
    out["nb_poursuite_etudes"] = _whole(staying, shown)
    out["nb_sortant"] = _whole(leavers, shown)
    out["taux_poursuite_etudes"] = percent(staying, total, shown)
    for months in HORIZONS:
        jobs = sums[f"en_emploi_{months}_mois"]
        known = shown & (months <= 12 or not recent)
        out[f"nb_en_emploi_{months}_mois"] = _whole(jobs, known)
        out[f"taux_emploi_{months}_mois"] = percent(jobs, leavers, known)
    return out.sort_values("id", kind="stable")[REGION]


def _whole(values: pd.Series, shown: pd.Series) -> pd.Series:
    return values.astype("Int64").astype(str).where(shown, "")


def percent(part: pd.Series, whole: pd.Series, shown: pd.Series | bool = True) -> pd.Series:
    """Return a share in whole percent as text, blank under 20 people or where not shown."""
    rate = np.floor(100 * part / whole.where(whole > 0, 1) + 0.5)
    return _whole(rate, shown & (whole >= MINIMUM_RATE))


def write_establishments(
    rows: dict[int, pd.DataFrame], millesime: tuple[int, int], folder: Path
) -> list[Path]:
    """Write the ``pro`` and ``apprentissage`` files of one millésime, header of that year."""
    table = pooled(rows, millesime)
    cfa = table["type"] == "CFA"
    name = f"{millesime[0]}_{millesime[1]}"
    paths = []
    for kind, part in (("pro", table[~cfa]), ("apprentissage", table[cfa])):
        figures = _figures(part, kind)
        path = folder / f"depp-2022-etablissements-{name}-{kind}.csv"
        path.write_bytes(_lines(figures, millesime[1], kind).encode("utf-8"))
        paths.append(path)
    return paths


def _figures(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return one row per establishment (and per status in lycées with apprentices)."""
    keys = ["uai", "code_region"]
    names = table.sort_values("rentree", kind="stable").groupby("uai")["etablissement"].last()
    whole = table.groupby(keys, as_index=False)[COUNTS].sum().assign(statut="ensemble")
    frames = [whole]
    if kind == "pro":
        status = {"apprentissage": "dont apprentis", "scolaire": "dont élèves en voie pro sco"}
        both = table.groupby("uai")["voie"].transform("nunique") == 2
        split = table[both].groupby([*keys, "voie"], as_index=False)[COUNTS].sum()
        frames.append(split.assign(statut=split["voie"].map(status)).drop(columns="voie"))
    out = pd.concat(frames, ignore_index=True).sort_values(["uai", "statut"], ignore_index=True)
    out["etablissement"] = out["uai"].map(names)
    plain = str.maketrans("ÉÈÔÎ", "EEOI")
    out["region"] = [REGIONS[code].upper().translate(plain) for code in out["code_region"]]
    # Expected rates are drawn from the identity of the establishment, the same every year.
    noise = np.array([(int(code[:7]) * 7919) % 1000 for code in out["uai"]]) / 1000 - 0.5
    total, leavers = out["terminale"], out["sortants"]
    jobs = out["en_emploi_6_mois"]
    observed = np.floor(100 * jobs / leavers.where(leavers > 0, 1) + 0.5)
    added = pd.Series(np.round(16 * noise))
    rated, counted = leavers >= MINIMUM_RATE, total >= MINIMUM_RATE
    staying = np.floor(100 * (total - leavers) / total + 0.5)
    working = np.floor(100 * jobs / total + 0.5)
    out["poursuite"] = staying.where(counted)
    out["taux"] = observed.where(rated)
    out["attendu"] = (observed - added).clip(0, 100).where(rated)
    out["valeur_ajoutee"] = out["taux"] - out["attendu"]
    for months in HORIZONS[1:]:
        later = out[f"en_emploi_{months}_mois"]
        out[f"taux_{months}"] = np.floor(100 * later / leavers.where(rated) + 0.5)
    out["part_emploi"] = working.where(counted)
    out["part_autre"] = (100 - staying - working).clip(lower=0).where(counted)
    out["interruption"] = pd.Series(np.round(25 + 20 * noise)).where(counted)
    return out


def _lines(figures: pd.DataFrame, last: int, kind: str) -> str:
    """Return the text of one file with the columns, quotes and line ends of its millésime."""
    pro = kind == "pro"
    if last <= 2020:
        head, fields = _old_header(pro, last)
        quoted, end, missing = True, "\n", ""
    else:
        tail = [name + ("" if pro else " ") for name in _PARTS]
        head = [*_NAMES, *(["Dont apprentis en EPLE"] if pro else [])]
        head += ["Taux de poursuite d'études", *_RATES, *tail]
        fields = [*(["statut"] if pro else []), "poursuite", "taux", "attendu"]
        fields += ["valeur_ajoutee", "poursuite", "part_emploi", "part_autre"]
        quoted, end, missing = False, "\r\n", "" if last <= 2021 else "nd"
    mark = '"{}"' if quoted else "{}"
    columns = [figures[name].map(mark.format) for name in ("uai", "etablissement", "region")]
    for name in fields:
        if name == "statut":
            columns.append(figures[name].map(mark.format))
        elif not name:
            columns.append(pd.Series("", index=figures.index))
        else:
            value = figures[name].astype("Int64").astype(str)
            columns.append(value.where(figures[name].notna(), missing))
    header = ";".join(mark.format(name) if name else "" for name in head)
    body = [";".join(row) for row in zip(*columns, strict=True)]
    return end.join([header, *body]) + end


def _old_header(pro: bool, last: int) -> tuple[list[str], list[str]]:
    """Return the flattened two-line headers of 2018_2019 and 2019_2020, with unnamed columns."""
    fields = ["statut" if pro else "interruption", "poursuite", "taux", "attendu"]
    fields += ["valeur_ajoutee", "taux_12"]
    if last == 2019:
        return [*_NAMES, "", "", *_RATES, "", "", ""], [*fields, "taux_18", "taux_24"]
    if not pro:
        fields[0] = ""
    return [*_NAMES, "Dont apprentis en EPLE" if pro else "", "", *_RATES, ""], fields
