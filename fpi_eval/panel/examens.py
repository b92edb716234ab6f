"""Graduates that open files count: by département or académie × speciality, and by lycée.

The finest open count of graduates is département × speciality × status × sex for the CAP, académie
× speciality or département, all specialities together, for the bac professionnel; by lycée there is
a rate rounded to the percent and the number of candidates, whose product is known to half a percent
of the candidates.
"""

from collections.abc import Sequence

import pandas as pd

from fpi_eval.panel.identity import BAC_PRO, latest_uai
from fpi_eval.panel.matching import departement_of
from fpi_eval.panel.panels import Panels
from fpi_eval.panel.regional_panel import with_course
from fpi_eval.sources.reading.headers import spelling
from fpi_eval.text import VOIES

CAP_MESH, BAC_MESH = "CAP, département × spécialité", "Bac pro, académie × spécialité"
DEPARTEMENT_MESH = "Bac pro, département (toutes spécialités, tous statuts)"
LYCEE_MESH = "Bac pro, lycée (toutes spécialités)"
EXAMS = [
    "maille", "cell", "territoire", "code_region", "course", "filiere", "rentree", "presents",
    "diplomes", "seats",
]  # fmt: skip

COUNTED = ["presents", "admis"]
SUCCESS = ("session", "diplome", "filiere", "niveau", "voie")
CAP = frozenset({"500", "503"})
ROUNDING = 0.005
"""Half of the last digit of a rate that is published in whole percents."""
KEYS = [
    "session", "rentree", "diplome", "territoire", "code_region", "cfd", "course", "filiere",
    "niveau", "voie",
]  # fmt: skip


def diplomes_par_specialite(p: Panels) -> pd.DataFrame:
    """Return candidates and graduates by session × territory × course × voie.

    Columns: `KEYS` (``diplome`` CAP or bac pro, ``territoire`` a département or an académie code),
    ``presents``, ``admis`` (missing where a part is not published). Specialities that the
    nomenclature does not hold have no course.
    """
    parts = [_cap(p)] if p.donnees.a("resultats_cap") else []
    parts += [_bac(p)] if p.donnees.a("resultats_bac") else []
    if not parts:
        return pd.DataFrame(columns=[*KEYS, *COUNTED])
    rows = pd.concat(parts, ignore_index=True)
    rows = with_course(
        rows.assign(mefstat11=None), p.donnees.nomenclatures.mef, p.identity, p.filieres
    )
    return rows.groupby(KEYS, dropna=False)[COUNTED].sum(skipna=False).reset_index()


def _diploma(p: Panels, code: pd.Series, kinds: frozenset[str]) -> pd.Series:
    """Return the diploma whose code ends by these five characters, among those of these types.

    Where a general and an agricultural diploma share them, the file being the ministry's own, the
    general one is meant: its type comes first.
    """
    known = p.identity[p.identity["niveau_diplome"].isin(kinds)].sort_values(
        "niveau_diplome", kind="stable"
    )
    known = known.assign(code=known["cfd"].str[3:]).drop_duplicates("code").set_index("code")
    return code.map(known["cfd"])


def _cap(p: Panels) -> pd.DataFrame:
    rows = p.donnees.table("resultats_cap")
    regions = p.donnees.nomenclatures.departements.drop_duplicates("code_departement")
    regions = regions.set_index("code_departement")["code_region"]
    return rows.assign(
        diplome="CAP",
        territoire=rows["code_departement"],
        code_region=rows["code_departement"].map(regions),
        cfd=_diploma(p, rows["code"], CAP),
    )


def _bac(p: Panels) -> pd.DataFrame:
    """Return the bac professionnel's rows under the code of their académie."""
    rows = p.donnees.table("resultats_bac")
    known = p.donnees.nomenclatures.departements.drop_duplicates("code_academie")
    names = (
        known.assign(nom=known["academie"].map(spelling)).drop_duplicates("nom").set_index("nom")
    )
    named = rows["academie"].map(spelling)
    return rows.assign(
        diplome="Bac pro",
        territoire=named.map(names["code_academie"]),
        code_region=named.map(names["code_region"]),
        cfd=_diploma(p, rows["code"], BAC_PRO),
    )


def diplomes_par_lycee(p: Panels) -> pd.DataFrame:
    """Return candidates, success rate and bounds of the number of graduates by lycée × session.

    Columns: session, rentree, uai, code_departement, code_region, presents, taux_reussite,
    valeur_ajoutee, admis_bas, admis_haut: the rate is rounded, so that the count is an interval.
    """
    columns = ["session", "rentree", "uai", "presents", "taux_reussite", "valeur_ajoutee"]
    if not p.donnees.a("resultats_lycees"):
        return pd.DataFrame(
            columns=[*columns, "code_departement", "code_region", "admis_bas", "admis_haut"]
        )
    rows = p.donnees.table("resultats_lycees")[columns]
    rows = located(p, rows)
    low = (rows["taux_reussite"] - ROUNDING).clip(lower=0) * rows["presents"]
    high = (rows["taux_reussite"] + ROUNDING).clip(upper=1) * rows["presents"]
    return rows.assign(admis_bas=low, admis_haut=high)


def located(p: Panels, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of establishments with their département and region, latest UAI."""
    regions = p.donnees.nomenclatures.departements.drop_duplicates("code_departement")
    uai = latest_uai(rows["uai"].astype("str"), p.donnees.changements_uai)
    code = departement_of(uai, regions)
    region = code.map(regions.set_index("code_departement")["code_region"])
    return rows.assign(uai=uai, code_departement=code, code_region=region)


def reussite(p: Panels, keys: Sequence[str] = SUCCESS) -> pd.DataFrame:
    """Return candidates and graduates of the programme's filières in its region, both voies.

    Rows whose candidates or graduates are not published are in neither sum.

    Columns: the keys (session × diploma × filière × level × voie), presents, diplomes.
    """
    rows = diplomes_par_specialite(p).dropna(subset=COUNTED)
    rows = rows[p.donnees.programme.territoire.ici(rows["code_region"])]
    rows = rows[rows["filiere"].isin(p.donnees.programme.codes_filieres)]
    rows = rows[rows["voie"].isin(list(VOIES))]
    table = rows.groupby(list(keys))[COUNTED].sum().reset_index()
    return table.rename(columns={"admis": "diplomes"})


def panel_examens(p: Panels, cells: pd.DataFrame) -> pd.DataFrame:
    """Return candidates, graduates and seats that led to the exam, at each mesh that files give.

    Voie scolaire, but where the file does not tell statuses apart. A row's ``rentree`` is the
    school year of its session; ``seats`` are those in force when its candidates entered, beyond
    those of the file's first session (a constant of the cell, which tells nothing). Of a lycée,
    graduates are candidates × a rate rounded to the percent: half a percent of the candidates off
    at most.

    Parameters
    ----------
    cells : DataFrame
        The cell panel: course, duree, rentree, seats, and where.

    Returns
    -------
    DataFrame
        Columns `EXAMS`; no row without exam files, nor where a count is not published.
    """
    parts = [_by_course(p, cells), _by_departement(p, cells), _by_lycee(p, cells)]
    table = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=EXAMS)])
    table["cell"] = table.groupby(["maille", "territoire", "course"]).ngroup()
    return table.sort_values(["cell", "rentree"], ignore_index=True)[EXAMS]


def _by_course(p: Panels, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of speciality files, a session that a file does not hold being 0.

    A course that renovation takes to another filière stays in the one where files first have it.
    """
    rows = diplomes_par_specialite(p)
    rows = rows[rows["voie"].eq("scolaire") & rows["course"].notna() & rows["code_region"].notna()]
    if rows.empty:
        return rows
    unit = ["diplome", "territoire", "code_region", "course"]
    filieres = rows.sort_values("rentree", kind="stable").groupby("course")["filiere"].first()
    counts = rows.groupby([*unit, "rentree"])[COUNTED].sum(skipna=False)
    sessions = rows[["diplome", "rentree"]].drop_duplicates()
    full = rows[unit].drop_duplicates().merge(sessions, "left", "diplome")
    every = pd.MultiIndex.from_frame(full[[*unit, "rentree"]])
    full = counts.astype(float).reindex(every, fill_value=0.0).dropna().reset_index()
    full = full.rename(columns={"admis": "diplomes"}).join(filieres, "course")
    cap = full["diplome"].eq("CAP")
    parts = [
        _with_seats(full[here].assign(maille=mesh), cells.assign(territoire=cells[place]))
        for here, mesh, place in (
            (cap, CAP_MESH, "code_departement"),
            (~cap, BAC_MESH, "code_academie"),
        )
        if here.any()
    ]
    return pd.concat(parts)


def _by_lycee(p: Panels, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of lycées of a known region."""
    rows = diplomes_par_lycee(p).dropna(subset=["code_region"])
    if rows.empty:
        return rows
    rows = rows.assign(territoire=rows["uai"], diplomes=rows["presents"] * rows["taux_reussite"])
    return _all_specialities(p, rows, cells, LYCEE_MESH, "uai", ["scolaire"])


def _by_departement(p: Panels, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the bac professionnel by département, specialities and statuses added."""
    if not p.donnees.a("resultats_bac_departement"):
        return pd.DataFrame(columns=EXAMS)
    rows = p.donnees.table("resultats_bac_departement")
    regions = p.donnees.nomenclatures.departements.drop_duplicates("code_departement")
    region = rows["code_departement"].map(regions.set_index("code_departement")["code_region"])
    rows = rows.assign(territoire=rows["code_departement"], code_region=region)
    rows = rows.rename(columns={"admis": "diplomes"}).dropna(subset=["code_region"])
    return _all_specialities(p, rows, cells, DEPARTEMENT_MESH, "code_departement", list(VOIES))


def _all_specialities(
    p: Panels, rows: pd.DataFrame, cells: pd.DataFrame, mesh: str, place: str, voies: list[str]
) -> pd.DataFrame:
    """Return bac pro rows of a territory, its courses counted as one, with seats of these voies."""
    rows = rows.assign(maille=mesh, course="bac pro", filiere="toutes")
    unit = ["maille", "territoire", "code_region", "course", "filiere", "rentree"]
    counts = ["presents", "diplomes"]
    rows = rows.groupby(unit, as_index=False)[counts].sum(skipna=False).dropna()  # merged UAI
    levels = p.identity.drop_duplicates("cfd").set_index("cfd")["niveau_diplome"]
    bac_pro = cells[cells["course"].map(levels).isin(BAC_PRO)]
    return _with_seats(rows, bac_pro.assign(territoire=bac_pro[place], course="bac pro"), voies)


def _with_seats(
    rows: pd.DataFrame, cells: pd.DataFrame, voies: Sequence[str] = ("scolaire",)
) -> pd.DataFrame:
    """Return the rows with the seats in force when their candidates entered, from the first on.

    As in `cells.align`: no row where these are unknown, before a cell that begins with seats open.
    """
    keys = ["territoire", "course", "rentree"]
    entered = cells[cells["voie"].isin(voies)].sort_values("rentree", kind="stable")
    entered = entered.assign(rentree=entered["rentree"] + entered["duree"] - 1)
    seats = entered.groupby(keys)["seats"].sum().rename("seats")
    begun = entered.drop_duplicates("cell")
    begun = begun[(begun["seats"] != 0) & ~begun["nouvelle"].astype(bool)]
    since = begun.groupby(keys[:2])["rentree"].max().astype(float).rename("since")
    table = rows.drop(columns="seats", errors="ignore").join(seats, keys).fillna({"seats": 0.0})
    table = table.join(since, keys[:2]).sort_values(keys, kind="stable")
    table = table[~(table["rentree"] < table["since"])].drop(columns="since")
    first = table.groupby(keys[:2])["seats"].transform("first")
    return table.assign(seats=table["seats"] - first)
