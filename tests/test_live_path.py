"""The live path, end to end: a portal on loopback, `fetch`, `check`, and what the run makes of it.

Every source that `programme.toml` downloads is served under the portal's short names, by small
invented files on the simulated folder's own establishments and courses.
"""

import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

import fpi_eval as fpi
from fpi_eval.cli import main
from fpi_eval.panel import examens
from fpi_eval.panel.loading import simulated_folder
from fpi_eval.programme import load_programme
from fpi_eval.report.published.book import tableaux
from fpi_eval.sources.resultats_cap import read_resultats_cap

ROOT = Path(__file__).parents[1]
RENTREE = 2024
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The simulated folder without the files that the portals bring."""
    programme = load_programme(ROOT / "data" / "fpi_aura")
    here = tmp_path_factory.mktemp("direct") / "donnees"
    shutil.copytree(simulated_folder(programme, RENTREE), here)
    agricole = here / programme.sources["inserjeunes_agricole"].fichier
    fine = here / programme.sources["inserjeunes_formation_fine"].fichier.format(rentree=RENTREE)
    rows = pd.read_csv(fine, sep=";", dtype="str", encoding="utf-8-sig")
    here_then = rows["uai"].str.startswith("069") & rows["annee"].eq("cumul 2021-2022")
    rows[here_then].to_csv(agricole, sep=";", index=False)  # no portal: put there by hand
    for name in ("inserjeunes_formation_fine", "parcoursup_portail", "resultats_bac"):
        path = here / programme.sources[name].fichier.format(rentree=RENTREE)
        path.unlink(missing_ok=True)
    (here / f"orion/constat_{RENTREE}.csv").unlink()
    return here


def served(folder):
    """Return the body of each data set, by its identifier."""
    before = pd.read_csv(folder / f"orion/constat_{RENTREE - 1}.csv", sep=";", dtype="str",
                         encoding="utf-8-sig")  # fmt: skip
    uai, mef = before.iloc[0, 1], before.iloc[0, 2]
    cfd = pd.read_csv(folder / "nomenclatures/nFormationDiplome_.csv", sep=";", dtype="str",
                      encoding="cp1252")["FORMATION_DIPLOME"]  # fmt: skip
    cap = next(c for c in cfd if c.startswith("500254"))
    bac = next(c for c in cfd if c.startswith("400254"))
    constat = before.assign(rentree_scolaire=str(RENTREE)).iloc[:, 1:]
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
        f"fr-esr-parcoursup_{RENTREE}":
            PARCOURSUP + f"{RENTREE};1;{uai};L;69;Lyon;BTS;BTS - Production;X;X;24;90;9;60;20;2\n",
        "fr-esr-parcoursup-apprentissage":
            "session;cod_aff_form;cod_uai;capa_fin;voe_tot;prop_tot;nb_rech_con\n"
            f"{RENTREE};77;{uai};12;30;20;5\n",
        "fr-esr-insersup":
            INSERSUP + f"2022;{uai};U;R84;A10;licence professionnelle;D;D;S;1234567;LP;ensemble;"
            "ensemble;ensemble;diplômé;120;30;60;70;;;" + ";50;58;;;" + ";40;45;;;"
            + ";1500;1600;;;\n",
        "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-last":
            (folder / "urssaf" / "etablissements-et-effectifs-salaries-au-niveau-commune-x-ape-"
             "last.csv").read_text(encoding="utf-8-sig"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def portal(folder):
    """A portal on loopback that serves each data set under its identifier."""
    bodies = served(folder)
    for path in [p for p in folder.rglob("*.csv") if p.stem in bodies]:
        path.unlink()  # a simulated file, which the portal brings

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = unquote(self.path).partition("/datasets/")[2].partition("/exports/csv")
            body = bodies.get(parts[0], "").encode() if parts[1] else b"{}"
            self.send_response(200 if parts[1] and body else 404)
            self.send_header("Content-Type", "text/csv" if parts[1] else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def programme(tmp_path_factory, portal):
    """The programme with its three portals on loopback."""
    home = tmp_path_factory.mktemp("projet") / "data" / "essai"
    shutil.copytree(ROOT / "data" / "fpi_aura", home)
    path = home / "programme.toml"
    words = path.read_text(encoding="utf-8")
    for host in ("data.education.gouv.fr", "data.enseignementsup-recherche.gouv.fr",
                 "open.urssaf.fr"):  # fmt: skip
        words = words.replace(f"https://{host}", portal)
    path.write_text(words, encoding="utf-8")
    return home


def test_what_fetch_brings_check_accepts_and_the_run_uses(folder, programme, capsys):
    where = ["--donnees", str(folder), "--programme", str(programme)]
    main(["fetch", str(RENTREE), *where])
    brought = capsys.readouterr().out
    known = load_programme(programme)
    asked = [name for name, source in known.sources.items() if source.telechargement]
    assert brought.count("nouveau") + brought.count("remplacé") >= len(asked) - 1  # Urssaf: same
    main(["check", str(RENTREE), *where])
    assert "Entrées valides" in capsys.readouterr().out
    year = fpi.load(known, RENTREE, folder)
    for name in asked:
        assert name not in year.donnees.absentes, name
    assert RENTREE in set(year.donnees.table("constat")["rentree"])
    assert year.cells.loc[year.cells["rentree"] == RENTREE, "entrants"].notna().any()
    sheets = {sheet.name: sheet.frame for sheet in tableaux(year)}
    assert sheets["diplomes"][["presents", "diplomes"]].to_numpy().tolist() == [[110, 95], [80, 60]]
    assert sheets["reussite_lycees"]["presents"].tolist() == [200]
    medians = sheets["emploi_cfa"].set_index("millesime")["emploi_median"]
    assert medians["2022-2023"] == 0.64  # the portal goes before the yearly file
    fine = sheets["emploi_formations"].set_index("public")
    counted = fine.loc["Apprentis, par CFA", ["formations", "emploi_median"]].tolist()
    assert counted == pytest.approx([2, 0.67])
    assert "Élèves des lycées agricoles" in fine.index
    bac = year.exams[year.exams["maille"] == examens.DEPARTEMENT_MESH].iloc[0]
    assert bac[["territoire", "presents", "diplomes"]].tolist() == ["069", 400, 325]
    assert sheets["insersup"][["diplomes_sortants", "en_emploi"]].to_numpy().tolist() == [[120, 70]]
    assert sheets["apprentissage_parcoursup"]["places"].tolist() == [12]
    graduates = examens.diplomes_par_specialite(year)
    assert set(graduates["diplome"]) == {"CAP", "Bac pro"}
    assert set(graduates["territoire"]) == {"069", "10"}
    lycee = examens.diplomes_par_lycee(year).iloc[0]
    assert (lycee["admis_bas"], lycee["admis_haut"]) == (pytest.approx(169), pytest.approx(171))


def test_cap_results_are_read_under_labels_too(tmp_path):
    path = tmp_path / "fr-en-cap_specialite_sexe_statut_departement.csv"
    path.write_text(
        "Session;Code département;Genre;Statut;Spécialité;Nombre de présents à l'examen;"
        "Nombre d'admis à l'examen\n2024;620;Féminin;SCOLAIRE;50025412 CHAUDRONNERIE;12;9\n",
        encoding="utf-8",
    )  # fmt: skip
    row = read_resultats_cap(path).table.iloc[0]
    assert (row["code_departement"], row["code"], row["rentree"]) == ("02A", "25412", 2023)
    assert (row["sexe"], row["admis"]) == ("filles", 9)
