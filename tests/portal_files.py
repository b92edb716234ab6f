"""Small invented files of exactly the portals' shapes, on a folder's establishments and courses."""

import pandas as pd

PARCOURSUP = (
    "session;cod_aff_form;cod_uai;g_ea_lib_vx;dep;acad_mies;fili;form_lib_voe_acc;fil_lib_voe_acc;"
    "detail_forma;capa_fin;voe_tot;voe_tot_f;prop_tot;acc_tot;acc_tot_f\n"
)
INSERSUP = (
    "promo;etablissement;uo_lib;reg_id;aca_id;type_diplome;dom;discipli;sectdis;diplome;"
    "libelle_diplome;genre;nationalite;regime_inscription;obtention_diplome;nb_sortants;"
    "nb_poursuivants;"
    + ";".join(f"nb_sortants_en_emploi_sal_fr_{k}" for k in (6, 12, 18, 24, 30)) + ";"
    + ";".join(f"tx_sortants_en_emploi_sal_fr_{k}" for k in (6, 12, 18, 24, 30)) + ";"
    + ";".join(f"tx_sortants_en_emploi_stable_{k}" for k in (6, 12, 18, 24, 30)) + ";"
    + ";".join(f"salaire_q2_{k}" for k in (6, 12, 18, 24, 30)) + "\n"
)  # fmt: skip


def served(folder, rentree):
    """Return the body of each data set, by its identifier."""
    before = pd.read_csv(folder / f"orion/constat_{rentree - 1}.csv", sep=";", dtype="str",
                         encoding="utf-8-sig")  # fmt: skip
    uai, mef = before.iloc[0, 1], before.iloc[0, 2]
    cfd = pd.read_csv(folder / "nomenclatures/nFormationDiplome_.csv", sep=";", dtype="str",
                      encoding="cp1252")["FORMATION_DIPLOME"]  # fmt: skip
    cap = next(c for c in cfd if c.startswith("500254"))
    bac = next(c for c in cfd if c.startswith("400254"))
    constat = before.assign(rentree_scolaire=str(rentree)).iloc[:, 1:]
    constat.columns = ["numero_d_etablissement", "mef_bcp_11", "nombre_d_eleves_total",
                       "rentree_scolaire"]  # fmt: skip
    return {
        "fr-en-lycee_pro-effectifs-niveau-sexe-mef": constat.to_csv(sep=";", index=False),
        "fr-en-inserjeunes-lycee_pro-formation-fine":
            "annee;uai;libelle;region;type_diplome;code_formation_mefstat11;libelle_formation;"
            "part_en_poursuite_d_etudes;part_en_emploi_6_mois_apres_la_sortie;"
            "part_des_autres_situations;taux_poursuite_etudes;taux_emploi_6_mois;"
            "taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois\n"
            f"cumul 2022-2023;{uai};L;R;BAC PRO;{mef};F;50;30;20;50;60;65;;\n",
        "fr-en-inserjeunes-cfa":
            "annee;uai;libelle;region;part_en_poursuite_d_etudes;"
            "part_en_emploi_6_mois_apres_la_sortie;part_des_autres_situations;"
            "part_contrats_apprentissage_interrompus;taux_poursuite_etudes;taux_emploi_6_mois;"
            "taux_emploi_6_mois_attendu;va_emploi_6_mois;taux_emploi_12_mois;taux_emploi_18_mois;"
            "taux_emploi_24_mois\n"
            f"cumul 2022-2023;{uai};CFA;R;11;57;32;;11;64;70;-6;76;;\n",
        "fr-en-indicateurs-de-resultat-des-lycees-pro_v2":
            "uai;annee;secteur;code_commune;presents_total;taux_reu_total;va_reu_total;"
            "taux_acces_2nde;taux_men_total;eff_2nde;eff_1ere;eff_term\n"
            f"{uai};2023-01-01;public;01004;200;85;2;70;40;90;80;75\n",
        "fr-en-baccalaureat-par-academie":
            "session;academie;sexe;statut_du_candidat;voie;serie;diplome_specialite;"
            "nombre_d_inscrits;nombre_de_presents;nombre_d_admis_totaux\n"
            f"2023;LYON;GARCONS;SCOLAIRE;BAC PROFESSIONNEL;P;BAC PRO {bac[3:]} X;120;110;95\n",
        "fr-en-baccalaureat-par-departement":
            "session;code_academie;code_departement;voie;genre;nombre_de_presents_a_l_examen;"
            "nombre_d_admis_a_l_examen\n"
            "2023;10;69;Professionnelle;Féminin;300;250\n2023;10;69;Générale;Féminin;9;8\n"
            "2023;10;69;Professionnelle;Masculin;100;75\n",
        "fr-en-inserjeunes-cfa-formation_fine":
            "annee;uai;libelle;region;type_diplome;code_formation;libelle_formation;"
            "duree_formation;part_en_poursuite_d_etudes;part_en_emploi_6_mois_apres_la_sortie;"
            "part_des_autres_situations;taux_poursuite_etudes;taux_emploi_6_mois;"
            "taux_emploi_12_mois;taux_emploi_18_mois;taux_emploi_24_mois\n"
            f"cumul 2022-2023;{uai};CFA;R;CAP;{cap};F;1;11;57;32;11;64;76;;\n"
            f"cumul 2022-2023;{uai};CFA;R;CAP;{cap};F;2;11;62;27;11;70;76;;\n",
        "fr-en-cap_specialite_sexe_statut_departement":
            "session;code_departement;sexe;statut_du_candidat;diplome_specialite;"
            "nombre_de_presents;nombre_d_admis_totaux\n"
            f"2023;69;GARCONS;APPRENTISSAGE;CAP {cap[3:]} X;80;60\n",
        f"fr-esr-parcoursup_{rentree}":
            PARCOURSUP + f"{rentree};1;{uai};L;69;Lyon;BTS;BTS - Production;X;X;24;90;9;60;20;2\n",
        "fr-esr-parcoursup-apprentissage":
            "session;cod_aff_form;cod_uai;capa_fin;voe_tot;prop_tot;nb_rech_con\n"
            f"{rentree};77;{uai};12;30;20;5\n",
        "fr-esr-insersup":
            INSERSUP + f"2022;{uai};U;R84;A10;licence professionnelle;D;D;S;1234567;LP;ensemble;"
            "ensemble;ensemble;diplômé;120;30;60;70;;;" + ";50;58;;;" + ";40;45;;;"
            + ";1500;1600;;;\n",
        "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last":
            (folder / "urssaf" / "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-"
             "last.csv").read_text(encoding="utf-8-sig"),
    }  # fmt: skip


def agricole(folder, programme, rentree):
    """Return the agricultural set, which no known identifier brings, made of lycées of the folder.

    It has the columns of the file by lycée and course.
    """
    fine = folder / programme.sources["inserjeunes_formation_fine"].fichier.format(rentree=rentree)
    rows = pd.read_csv(fine, sep=";", dtype="str", encoding="utf-8-sig")
    kept = rows["uai"].str.startswith("069") & rows["annee"].eq("cumul 2021-2022")
    return rows[kept].to_csv(sep=";", index=False)


def put(folder, programme, rentree, names):
    """Write the portals' files of these sources where the programme looks for them."""
    bodies = served(folder, rentree)
    for name in names:
        source = programme.sources[name]
        found = source.telechargement
        path = folder / source.fichier.format(rentree=rentree)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)  # perhaps a link to a shared file: not written through
        body = bodies[found.jeu.format(rentree=rentree)] if found else None
        path.write_text(body or agricole(folder, programme, rentree), encoding="utf-8")
