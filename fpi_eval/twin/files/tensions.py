"""Write simulated tensions by occupation family in the layout of Dares' file.

Values are drawn, never Dares'. Nothing in the twin depends on them: the tension of an occupation
changes no outcome, and groups by tension differ at most by the levels and courses they hold.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.twin.geography import REGIONS

YEAR = 2019
STREAM = 87  # a generator of its own: any number past those of `world.STREAMS`
DIGITS = 3  # of the index: the same bytes on every machine, never an exponent
NOTES = (
    "Intensité d'embauches", "Lien formation-emploi", "Manque de main-d'œuvre disponible",
    "Non-durabilité de l'emploi", "Conditions de travail contraignantes",
    "Inadéquation géographique",
)  # fmt: skip
#: "Tension " ends with a blank in the real file.
HEAD = (
    "fap",
    "Emploi moyen",
    "Tension ",
    "Catégorie Tension",
    *NOTES,
    "Année",
    "niveau_geo",
    "niveau_fap",
    "reg",
    "dep",
)
#: Where Dares' category changes along its index, read in the file of 2019.
CUTS = (-0.56, -0.26, 0.13, 0.51)
#: Occupation families that have a tension: FAP-2009 (Dares), 186 of its 225 codes.
FAP = (
    "A0Z40 A0Z41 A0Z42 A0Z43 A1Z40 A1Z41 A1Z42 A2Z70 A2Z90 A3Z40 A3Z41 A3Z90 B0Z20 B0Z21 B1Z40 "
    "B2Z40 B2Z41 B2Z42 B2Z43 B2Z44 B3Z20 B4Z41 B4Z42 B4Z43 B4Z44 B5Z40 B6Z70 B6Z71 B6Z72 B6Z73 "
    "B7Z90 B7Z91 C0Z20 C1Z40 C2Z70 C2Z71 C2Z80 D0Z20 D1Z40 D1Z41 D2Z40 D2Z41 D2Z42 D3Z20 D4Z40 "
    "D4Z41 D6Z70 D6Z71 D6Z80 E0Z20 E0Z21 E0Z22 E0Z23 E0Z24 E1Z40 E1Z41 E1Z42 E1Z43 E1Z44 E1Z46 "
    "E1Z47 E2Z70 E2Z80 F0Z20 F1Z40 F1Z41 F2Z20 F3Z41 F4Z20 F4Z41 F5Z70 G0A40 G0A41 G0A42 G0A43 "
    "G0B40 G0B41 G1Z70 G1Z71 G1Z80 H0Z90 H0Z91 H0Z92 J0Z20 J1Z40 J1Z80 J3Z40 J3Z41 J3Z42 J3Z43 "
    "J3Z44 J4Z40 J4Z60 J4Z80 J5Z60 J5Z61 J5Z62 J5Z80 J6Z90 J6Z91 J6Z92 L0Z60 L1Z60 L2Z60 L2Z61 "
    "L3Z80 L4Z80 L4Z81 L5Z90 L5Z91 L5Z92 M0Z60 M1Z80 M1Z81 M2Z90 M2Z91 M2Z92 N0Z90 N0Z91 Q0Z60 "
    "Q1Z80 Q1Z81 Q2Z90 Q2Z91 R0Z60 R0Z61 R1Z60 R1Z61 R1Z62 R1Z63 R1Z67 R2Z80 R2Z83 R3Z80 R3Z82 "
    "R4Z90 R4Z91 R4Z92 R4Z93 S0Z20 S0Z40 S0Z41 S0Z42 S1Z20 S1Z40 S1Z80 S2Z60 S2Z61 S2Z80 S2Z81 "
    "S3Z90 T0Z60 T1Z60 T2A60 T2B60 T3Z60 T3Z61 T4Z60 T4Z61 T4Z62 T6Z61 U0Z80 U0Z81 U0Z90 U0Z91 "
    "U0Z92 U1Z80 U1Z81 U1Z82 U1Z91 U1Z92 U1Z93 V0Z60 V1Z80 V1Z81 V3Z70 V3Z71 V3Z80 V3Z90 V4Z80 "
    "V4Z83 V4Z85 V5Z81 V5Z82 V5Z84 W1Z80"
)


def write_tensions(seed: int, folder: Path) -> Path:
    """Write national and regional tensions, each level in both nomenclatures.

    Draws have a generator of their own: no other file of the seed depends on them. Départements,
    which no reader of the project uses, are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, STREAM])
    fine = _regions(rng)
    wide = _gathered(fine, fine["fap"].str[:3], "fap 87")
    parts = [
        _gathered(fine, fine["fap"], "fap 225", national=True),
        fine,
        _gathered(wide, wide["fap"], "fap 87", national=True),
        wide,
    ]
    out = pd.concat([_noted(part, rng) for part in parts])
    path = folder / "tensions.csv"
    out.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def _regions(rng: np.random.Generator) -> pd.DataFrame:
    """Return jobs and index of each of the 225 families in each region."""
    codes, families = [int(code) for code in REGIONS], FAP.split()
    shape = len(families), len(codes)
    index = rng.normal(0.5, 0.8, (shape[0], 1)) + rng.normal(0.0, 0.3, shape)
    jobs = np.exp(rng.normal(7.5, 1.2, (shape[0], 1)) + rng.normal(0.0, 0.5, shape))
    table = pd.DataFrame(
        {
            "fap": np.repeat(families, shape[1]),
            "Emploi moyen": jobs.ravel().round(-2).astype(int),
            "Tension ": index.ravel().round(DIGITS),
            "reg": np.tile(codes, shape[0]).astype(float),
        }
    )
    return table.assign(niveau_geo="reg", niveau_fap="fap 225")


def _gathered(
    rows: pd.DataFrame, fap: pd.Series, level: str, *, national: bool = False
) -> pd.DataFrame:
    """Return jobs added, and index weighted by them, over families or over regions."""
    keys = ["fap"] if national else ["fap", "reg"]
    rows = rows.assign(fap=fap, points=rows["Tension "] * rows["Emploi moyen"])
    sums = rows.groupby(keys, as_index=False)[["Emploi moyen", "points"]].sum()
    jobs = sums["Emploi moyen"].where(sums["Emploi moyen"] > 0)
    sums["Tension "] = (sums["points"] / jobs).round(DIGITS)
    # Regions of the wide level carry a trailing blank in the real file.
    return sums.assign(niveau_geo="nat" if national else "reg ", niveau_fap=level)


def _noted(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows with the index's category and the other notes, blank under 200 jobs."""
    known = rows["Emploi moyen"] >= 200
    rows = rows.assign(**{"Catégorie Tension": np.digitize(rows["Tension "], CUTS) + 1.0})
    for name in NOTES:
        rows[name] = rng.integers(1, 6, len(rows)).astype(float)
    notes = ["Catégorie Tension", *NOTES]
    rows[notes] = rows[notes].where(known)
    return rows.assign(Année=YEAR).reindex(columns=HEAD)
