"""Write Parcoursup: 2018 and 2019 in one compressed file, then one file a session, portal names.

Courses of lycées and IFSI. Each course has its own share of women, fixed by its number: the
programme does not change it, so that the truth is *extra entrants count as many women as those
before them*, to the rounding of counts.
"""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd

from fpi_eval.twin.files.file_headers import columns
from fpi_eval.twin.geography import largest

COLUMNS = columns(
    "session;cod_uai;g_ea_lib_vx;dep;dep_lib;region_etab_aff;acad_mies;fili;form_lib_voe_acc;"
    "regr_forma;fil_lib_voe_acc;detail_forma;lien_form_psup;g_olocalisation_des_formations;"
    "capa_fin;voe_tot;voe_tot_f;nb_voe_pp;nb_voe_pp_internat;nb_voe_pp_bg;nb_voe_pp_bg_brs;"
    "nb_voe_pp_bt;nb_voe_pp_bt_brs;nb_voe_pp_bp;nb_voe_pp_bp_brs;nb_voe_pp_at;nb_voe_pc;"
    "nb_voe_pc_bg;nb_voe_pc_bt;nb_voe_pc_bp;nb_voe_pc_at;nb_cla_pp;nb_cla_pc;nb_cla_pp_internat;"
    "nb_cla_pp_pasinternat;nb_cla_pp_bg;nb_cla_pp_bg_brs;nb_cla_pp_bt;nb_cla_pp_bt_brs;"
    "nb_cla_pp_bp;nb_cla_pp_bp_brs;nb_cla_pp_at;prop_tot;rang_der_max;acc_tot;acc_tot_f;acc_pp;"
    "acc_pc;acc_internat;acc_brs;acc_neobac;acc_bg;acc_bt;acc_bp;acc_at;"
    "acc_mention_nonrenseignee;acc_sansmention;acc_ab;acc_b;acc_tb;acc_bg_mention;"
    "acc_bt_mention;acc_bp_mention;acc_term;acc_term_f;acc_aca_orig;acc_aca_orig_idf;pct_f;"
    "pct_aca_orig;pct_aca_orig_idf;pct_etab_orig;pct_bours;pct_neobac;pct_mention_nonrenseignee;"
    "pct_sansmention;pct_ab;pct_b;pct_tb;pct_bg;pct_bg_mention;pct_bt;pct_bt_mention;pct_bp;"
    "pct_bp_mention;tri;contrat_etab;acc_debutpp;acc_datebac;acc_finpp;pct_acc_debutpp;"
    "pct_acc_datebac;pct_acc_finpp;g_ta_cod"
)
SESSIONS = (2018, 2019)
#: Header of the sessions from 2021 on, also given to 2020; what is not simulated stays empty.
PORTAL = columns(
    "session;contrat_etab;cod_uai;g_ea_lib_vx;dep;dep_lib;region_etab_aff;acad_mies;"
    "ville_etab;lib_for_voe_ins;select_form;fili;lib_comp_voe_ins;form_lib_voe_acc;"
    "fil_lib_voe_acc;detail_forma;g_olocalisation_des_formations;capa_fin;voe_tot;"
    "voe_tot_f;nb_voe_pp;nb_voe_pp_internat;nb_voe_pp_bg;nb_voe_pp_bg_brs;nb_voe_pp_bt;"
    "nb_voe_pp_bt_brs;nb_voe_pp_bp;nb_voe_pp_bp_brs;nb_voe_pp_at;nb_voe_pc;nb_voe_pc_bg;"
    "nb_voe_pc_bt;nb_voe_pc_bp;nb_voe_pc_at;nb_cla_pp;nb_cla_pc;nb_cla_pp_internat;"
    "nb_cla_pp_pasinternat;nb_cla_pp_bg;nb_cla_pp_bg_brs;nb_cla_pp_bt;nb_cla_pp_bt_brs;"
    "nb_cla_pp_bp;nb_cla_pp_bp_brs;nb_cla_pp_at;prop_tot;acc_tot;acc_tot_f;acc_pp;"
    "acc_pc;acc_debutpp;acc_datebac;acc_finpp;acc_internat;acc_brs;acc_neobac;acc_bg;"
    "acc_bt;acc_bp;acc_at;acc_mention_nonrenseignee;acc_sansmention;acc_ab;acc_b;"
    "acc_tb;acc_tbf;acc_bg_mention;acc_bt_mention;acc_bp_mention;acc_term;acc_term_f;"
    "acc_aca_orig;acc_aca_orig_idf;pct_acc_debutpp;pct_acc_datebac;pct_acc_finpp;pct_f;"
    "pct_aca_orig;pct_aca_orig_idf;pct_etab_orig;pct_bours;pct_neobac;"
    "pct_mention_nonrenseignee;pct_sansmention;pct_ab;pct_b;pct_tb;pct_tbf;pct_bg;"
    "pct_bg_mention;pct_bt;pct_bt_mention;pct_bp;pct_bp_mention;prop_tot_bg;"
    "prop_tot_bg_brs;prop_tot_bt;prop_tot_bt_brs;prop_tot_bp;prop_tot_bp_brs;"
    "prop_tot_at;lib_grp1;ran_grp1;lib_grp2;ran_grp2;lib_grp3;ran_grp3;list_com;tri;"
    "cod_aff_form;detail_forma2;lien_form_psup;taux_acces_ens;part_acces_gen;"
    "part_acces_tec;part_acces_pro;etablissement_id_paysage;composante_id_paysage"
)

#: Parcoursup spells some names its own way, and knew Caen and Rouen until they merged.
_REGIONS = {"11": "Ile-de-France", "93": "Provence Alpes Côte d'Azur"}
_ACADEMIES = {"03": "Besancon"}
_ROUEN = ("027", "076")


def write_parcoursup(rows: dict[int, pd.DataFrame], folder: Path) -> list[Path]:
    """Write the sessions from 2018 on that ``rows`` holds; nothing if it holds none."""
    sessions = [session for session in SESSIONS if session in rows]
    later = sorted(session for session in rows if session > SESSIONS[-1])
    if not sessions and not later:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_write_old(rows, sessions, folder)] if sessions else []
    for session in later:
        table = _session(rows[session], session).rename(columns={"g_ta_cod": "cod_aff_form"})
        paths.append(folder / f"fr-esr-parcoursup_{session}.csv")
        table = table.reindex(columns=PORTAL, fill_value="")
        table.to_csv(paths[-1], sep=";", index=False, lineterminator="\n")
    return paths


def _write_old(rows: dict[int, pd.DataFrame], sessions: list[int], folder: Path) -> Path:
    table = pd.concat([_session(rows[s], s) for s in sessions], ignore_index=True)
    path = folder / "parcoursup_2018_2019_national_apinames.csv.gz"
    text = table[COLUMNS].to_csv(sep=";", index=False, lineterminator="\n")
    # No time and no name in the header: the same seed gives the same bytes.
    path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=6, mtime=0))
    return path


def _session(rows: pd.DataFrame, session: int) -> pd.DataFrame:
    table = rows[(rows["diplome"] == "bts") & (rows["voie"] == "scolaire")]
    table = table.reset_index(drop=True)
    table = pd.concat([table, _distance(table), _nurses(table, session)], ignore_index=True)
    table["fili"] = table["fili"].fillna("BTS") if "fili" in table else "BTS"
    bts = table["fili"] == "BTS"
    sector = np.where(table["cfd_entree"].str[3:4] == "2", "Production", "Services")
    out = _where(table, session)
    out["fili"] = table["fili"]
    out["form_lib_voe_acc"] = np.where(bts, "BTS - " + pd.Series(sector), "D.E Infirmier")
    name = table["libelle"].str.removeprefix("BTS ").str.capitalize()
    out["fil_lib_voe_acc"] = name.where(bts, "D.E Infirmier")
    out = pd.concat([out, _counts(table, session)], axis=1)
    out["tri"] = np.where(bts, "2_Lycées", "3_Autres formations")
    order = out["cod_uai"] + out["fil_lib_voe_acc"]
    return out.iloc[np.argsort(order, kind="stable")].reindex(columns=COLUMNS, fill_value="")


def _where(table: pd.DataFrame, session: int) -> pd.DataFrame:
    rank = table.groupby("code_departement")["uai"].transform(lambda s: pd.factorize(s)[0])
    order = pd.factorize(table["code_departement"], sort=True)[0]
    lat, lon = 42.5 + 0.08 * order + 0.004 * rank, -2.0 + 0.09 * order - 0.004 * rank
    academie = table["academie"].where(~table["code_academie"].isin(list(_ACADEMIES)), "Besancon")
    rouen = table["code_departement"].isin(_ROUEN)
    norman = np.where(rouen, "Rouen", "Caen") if session <= SESSIONS[-1] else "Normandie"
    academie = academie.where(table["code_academie"] != "70", norman)
    region = table["region"].where(~table["code_region"].isin(list(_REGIONS)))
    region = region.fillna(table["code_region"].map(_REGIONS))
    code = table["cell"] + 30_000
    linked = table["cell"] % 17 != 4
    page = "candidature.ajoutCarte?ACTION=2&" if session == 2018 else "carte?"
    link = f"https://dossier.parcoursup.fr/Candidat/{page}g_ti_cod="
    link = link + code.astype(str) + "&g_ta_cod=" + code.astype(str)
    obsolete = (table["cell"] % 211 == 9) & (session == 2018)
    return pd.DataFrame(
        {
            "session": session,
            "cod_uai": table["uai"].where(~obsolete, "identifiant obsolète"),
            "g_ea_lib_vx": table["etablissement"],
            "dep": table["code_departement"].str[1:],
            "dep_lib": table["departement"],
            "region_etab_aff": region,
            "acad_mies": academie,
            "lien_form_psup": link.where(linked, ""),
            "g_olocalisation_des_formations": lat.round(4).astype(str)
            + ","
            + lon.round(4).astype(str),
            "g_ta_cod": code.astype(str).where(linked, ""),
        }
    )


def _counts(table: pd.DataFrame, session: int) -> pd.DataFrame:
    """Return places, candidates and admitted; parts always add up to their total."""
    out = pd.DataFrame({"capa_fin": table["places"].astype(int)})
    late = (table["cell"] % 5 == 0).astype(float) * 0.08
    wishes = table["voeux_1"].astype(int)
    out["voe_tot"] = wishes
    women = (0.1 + 0.06 * (table["cell"] % 7)).to_numpy()
    out["voe_tot_f"] = _part(wishes, women)
    out["nb_voe_pp"] = wishes - _part(wishes, late)
    out["nb_voe_pc"] = wishes - out["nb_voe_pp"]
    _split(out, "nb_voe_pp", ("bg", "bt", "bp", "at"), (0.22, 0.30, 0.38))
    _split(out, "nb_voe_pc", ("bg", "bt", "bp", "at"), (0.10, 0.10, 0.20))
    for bac in ("bg", "bt", "bp"):
        out[f"nb_voe_pp_{bac}_brs"] = _part(out[f"nb_voe_pp_{bac}"], 0.25)
    out["nb_cla_pp"] = _part(out["nb_voe_pp"], 0.72)
    out["nb_cla_pc"] = _part(out["nb_voe_pc"], 0.4)
    _split(out, "nb_cla_pp", ("bg", "bt", "bp", "at"), (0.25, 0.33, 0.34))
    for bac in ("bg", "bt", "bp"):
        out[f"nb_cla_pp_{bac}_brs"] = _part(out[f"nb_cla_pp_{bac}"], 0.25)
    admitted = np.minimum(table["entrants"].astype(int), np.maximum(wishes, 0))
    out["acc_tot"] = admitted
    out["prop_tot"] = np.minimum(wishes, (admitted * 3.1).astype(int))
    out["acc_tot_f"] = _part(admitted, women)
    out["acc_pc"] = _part(admitted, late)
    out["acc_pp"] = admitted - out["acc_pc"]
    out["acc_neobac"] = _part(admitted, 0.82)
    out["acc_at"] = admitted - out["acc_neobac"]
    _split(out, "acc_neobac", ("bg", "bt", "bp"), (0.20, 0.40), prefix="acc")
    out["acc_brs"] = _part(out["acc_neobac"], 0.28)
    marks = ("mention_nonrenseignee", "sansmention", "ab", "b", "tb")
    _split(out, "acc_neobac", marks, (0.01, 0.55, 0.32, 0.10), prefix="acc")
    for bac in ("bg", "bt", "bp"):
        out[f"acc_{bac}_mention"] = _part(out[f"acc_{bac}"], 0.42)
    out["acc_term"] = _part(admitted, 0.20)
    out["acc_term_f"] = _part(out["acc_term"], women)
    out["acc_aca_orig"] = _part(admitted, 0.80)
    out["acc_aca_orig_idf"] = out["acc_aca_orig"]
    return _percentages(out, session)


def _percentages(out: pd.DataFrame, session: int) -> pd.DataFrame:
    fresh, admitted = out["acc_neobac"], out["acc_tot"]
    shares = {
        "pct_f": ("acc_tot_f", admitted),
        "pct_neobac": ("acc_neobac", admitted),
        "pct_aca_orig": ("acc_aca_orig", admitted),
        "pct_aca_orig_idf": ("acc_aca_orig_idf", admitted),
        "pct_etab_orig": ("acc_term", admitted),
        "pct_bours": ("acc_brs", fresh),
    }
    for name in ("mention_nonrenseignee", "sansmention", "ab", "b", "tb", "bg", "bt", "bp"):
        shares[f"pct_{name}"] = (f"acc_{name}", fresh)
    for bac in ("bg", "bt", "bp"):
        shares[f"pct_{bac}_mention"] = (f"acc_{bac}_mention", out[f"acc_{bac}"])
    if session >= 2019:
        out["contrat_etab"] = "Public"
        for name, share in (("debutpp", 0.2), ("datebac", 0.7), ("finpp", 0.85)):
            out[f"acc_{name}"] = _part(admitted, share)
            shares[f"pct_acc_{name}"] = (f"acc_{name}", admitted)
    for name, (part, whole) in shares.items():
        value = (100 * out[part] / whole.where(whole > 0)).round(10)
        out[name] = value.astype(object).where(whole > 0, "")
    return out


def _part(total: pd.Series, share) -> pd.Series:
    return np.floor(total * share + 0.5).astype(int)


def _split(out: pd.DataFrame, whole: str, parts, shares, prefix: str | None = None) -> None:
    """Add columns that share ``whole``; the last part takes what is left."""
    left = out[whole].copy()
    for name, share in zip(parts, shares, strict=False):
        column = f"{prefix or whole}_{name}"
        out[column] = np.minimum(_part(out[whole], share), left)
        left = left - out[column]
    out[f"{prefix or whole}_{parts[-1]}"] = left


def _distance(table: pd.DataFrame) -> pd.DataFrame:
    """Return a distance-learning course on the region's addresses: nobody's seats."""
    here = table["ici"] & table["cible"]
    prefix = largest(table.loc[table["ici"], "code_departement"])[-1]
    row = table[here].head(1).copy()
    row["uai"], row["etablissement"], row["cell"] = f"{prefix}9990D", "CNED simulé", 200_001
    row["places"], row["voeux_1"], row["entrants"] = 400.0, 310.0, 290.0
    return row


def _nurses(table: pd.DataFrame, session: int) -> pd.DataFrame:
    """Return the nursing schools that entered the platform in 2019: new rows, not new seats."""
    if session < 2019:
        return table.iloc[:0]
    rows = table.drop_duplicates("code_departement").copy()
    rows["cell"] = 200_100 + np.arange(len(rows))
    rows["etablissement"] = "IFSI simulé " + rows["departement"]
    rows["fili"] = "IFSI"
    rows["places"], rows["voeux_1"], rows["entrants"] = 80.0, 1_400.0, 78.0
    return rows
