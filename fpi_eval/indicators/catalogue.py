"""Every declared indicator, in the order of a pupil's path: seats, wishes, filling, path, after."""

from fpi_eval.calendar import HORIZONS
from fpi_eval.indicators.declare import Indicator
from fpi_eval.misspelt import Named

REGISTRE = "Registre des ouvertures du programme"
AFFELNET, PARCOURSUP = "Affelnet", "Parcoursup, MESR-SIES"
EFFECTIFS, EXAMENS = "Constat de rentrée, DEPP", "Résultats aux examens, DEPP"
INSERJEUNES = "InserJeunes, DEPP-Dares"
JANVIER = (
    "L'emploi est salarié et en France ; public compris depuis les sortants de 2022 seulement. "
    "Ni le travail indépendant ni l'emploi à l'étranger n'y sont."
)


def _seats(name: str, label: str, definition: str, source: str, limite: str, **more) -> Indicator:
    base = {"numerator": (name,), "formula": f"somme des {label.lower()}"}
    return Indicator(name, label, definition, source=source, limite=limite, **(base | more))


PLACES = _seats(
    "places", "Places", "Capacité d'accueil financée en année d'entrée.",
    f"{AFFELNET} ; {PARCOURSUP}",
    "Le privé hors contrat et l'apprentissage n'ont pas de capacité fixe.",
)  # fmt: skip
PLACES_PREVUES = _seats(
    "places_prevues", "Places prévues", "Places que le programme a décidé d'ouvrir.", REGISTRE,
    "Une décision n'est pas une ouverture.",
)  # fmt: skip
PLACES_OUVERTES = _seats(
    "places_ouvertes", "Places ouvertes", "Places déclarées ouvertes, hors coloration.", REGISTRE,
    "Places déclarées : à rapprocher des places observées ; brutes des fermetures.",
)  # fmt: skip
PLACES_OBSERVEES = _seats(
    "places_observees", "Places observées",
    "Hausse de la capacité vue dans Affelnet ou Parcoursup, là où le programme a ouvert.",
    f"{AFFELNET} ; {PARCOURSUP}", "Une formation rénovée change de code sans ouvrir de place.",
)  # fmt: skip
PLACES_FERMEES = _seats(
    "places_fermees", "Places fermées", "Places déclarées fermées.", REGISTRE,
    "Ne dit pas si la fermeture finance une ouverture du programme.",
)  # fmt: skip
ECART_PLACES = _seats(
    "ecart_places", "Écart entre places observées et ouvertes",
    "Places observées moins places déclarées ouvertes.", f"{REGISTRE} ; {AFFELNET} ; {PARCOURSUP}",
    "Un écart peut venir d'un code ou d'une année mal rapprochés.", numerator=("places_observees",),
    minus=("places_ouvertes",), formula="places observées − places ouvertes", signed=True,
)  # fmt: skip
SOLDE_PLACES = _seats(
    "solde_places", "Solde de places", "Places ouvertes moins places fermées.", REGISTRE,
    "Les transferts entre établissements s'y compensent.", numerator=("places_ouvertes",),
    minus=("places_fermees",), formula="places ouvertes − places fermées", signed=True,
)  # fmt: skip
TAUX_TRANSFORMATION = Indicator(
    "taux_transformation", "Taux de transformation",
    "Places que le programme a ouvertes ou fermées, rapportées aux effectifs en entrée.",
    "(places ouvertes + places fermées) / effectif en entrée", f"{REGISTRE} ; {EFFECTIFS}",
    "Part du seul programme, sans coloration : le taux d'Orion compte toute la carte.",
    ("places_transformees",), "effectif_entree", unit="taux", niveau_validite="departement",
)  # fmt: skip
TAUX_REALISATION = Indicator(
    "taux_realisation", "Taux de réalisation",
    "Places ouvertes rapportées aux places prévues, toutes deux déclarées au registre.",
    "places ouvertes / places prévues", REGISTRE, "Dépasse 100 % où l'on a ouvert plus que prévu.",
    ("places_ouvertes",), "places_prevues", unit="taux", digits=0,
)  # fmt: skip
PART_PROGRAMME = Indicator(
    "part_places_programme", "Part des places du programme",
    "Places du programme en service, rapportées à toutes les places des mêmes formations.",
    "places du programme / places", f"{REGISTRE} ; {AFFELNET} ; {PARCOURSUP}",
    "Ne dit pas si la place existait sous un autre nom.", ("seats",), "places", unit="taux",
)  # fmt: skip
TAUX_PRESSION = Indicator(
    "taux_pression", "Taux de pression", "Premiers vœux par place, dans le secondaire.",
    "premiers vœux / places où les vœux sont connus", AFFELNET,
    "Sans objet en BTS (vœux non classés) ; le privé n'a pas de données Affelnet.", ("voeux_1",),
    "places", unit="decimal", niveau="secondaire",
)  # fmt: skip
TAUX_DEMANDE = Indicator(
    "taux_demande", "Taux de demande", "Vœux confirmés par place, dans le supérieur.",
    "vœux confirmés / places où les vœux sont connus", PARCOURSUP,
    "Vœux non classés : ne se compare pas au taux de pression.", ("voeux",), "places",
    unit="decimal", niveau="superieur",
)  # fmt: skip
TAUX_REMPLISSAGE = Indicator(
    "taux_remplissage", "Taux de remplissage", "Entrants par place offerte en année d'entrée.",
    "entrants / places, là où les deux sont connus", f"{EFFECTIFS} ; {AFFELNET} ; {PARCOURSUP}",
    "Dépasse 100 % dans les classes surchargées ; voie scolaire seulement.", ("entrants",),
    "places", unit="taux",
)  # fmt: skip
ENTRANTS = _seats(
    "entrants", "Entrants", "Élèves et étudiants en année d'entrée.", EFFECTIFS,
    "Les apprentis n'y sont jamais, même en classe mixte.",
)  # fmt: skip
TAUX_RETENTION = Indicator(
    "taux_retention", "Taux de rétention",
    "Élèves de dernière année rapportés aux entrants de la même cohorte.",
    "élèves de dernière année / entrants de leur rentrée d'entrée", EFFECTIFS,
    "Redoublements et arrivées en cours de formation s'y mêlent : peut dépasser 100 %.",
    ("terminale",), "entrants_cohorte", unit="taux", niveau_validite="departement",
)  # fmt: skip
TAUX_REUSSITE = Indicator(
    "taux_reussite", "Taux de réussite", "Diplômés parmi les présents à l'examen.",
    "diplômés / présents à l'examen", EXAMENS, "Ne compte pas ceux qui ont quitté avant l'examen.",
    ("diplomes",), "presents", unit="taux", proportion=True,
)  # fmt: skip
DIPLOMES = _seats(
    "diplomes", "Diplômés", "Reçus à l'examen de la session de juin.", EXAMENS,
    "Spécialité connue par académie ; par établissement, taux seulement.",
)  # fmt: skip
TAUX_POURSUITE = Indicator(
    "taux_poursuite", "Taux de poursuite d'études",
    "Inscrits l'année suivante parmi les élèves de dernière année.",
    "poursuites / élèves de dernière année", INSERJEUNES,
    "Comprend redoublements et réorientations.", ("poursuite",), "terminale", unit="taux",
    proportion=True, niveau_validite="formation",
)  # fmt: skip


def _employment(months: int) -> Indicator:
    return Indicator(
        f"taux_emploi_{months}_mois",
        f"Taux d'emploi à {months} mois",
        f"En emploi salarié {months} mois après la sortie, parmi les sortants.",
        f"en emploi à {months} mois / sortants",
        INSERJEUNES,
        JANVIER,
        (f"en_emploi_{months}_mois",),
        "sortants",
        unit="taux",
        proportion=True,
        niveau_validite="formation",
    )


TAUX_EMPLOI = {months: _employment(months) for months in HORIZONS}
TAUX_EMPLOI_6_MOIS = TAUX_EMPLOI[6]
PART_EN_EMPLOI = Indicator(
    "part_en_emploi_6_mois", "Part en emploi à 6 mois",
    "En emploi salarié à 6 mois, parmi tous les élèves de dernière année.",
    "en emploi à 6 mois / élèves de dernière année", INSERJEUNES,
    "Autre base que le taux d'emploi : ne se compare pas à lui. " + JANVIER, ("en_emploi_6_mois",),
    "terminale", unit="taux", proportion=True, niveau_validite="formation",
)  # fmt: skip
PART_AUTRE = Indicator(
    "part_autre", "Part des autres situations",
    "Ni en études ni en emploi salarié à 6 mois, parmi les élèves de dernière année.",
    "(dernière année − poursuites − en emploi) / dernière année", INSERJEUNES,
    "Chômage, travail indépendant, étranger et inactivité y sont ensemble.", ("sortants",),
    "terminale", minus=("en_emploi_6_mois",), unit="taux", proportion=True,
    niveau_validite="formation",
)  # fmt: skip
DEVENIR_FAVORABLE = Indicator(
    "taux_devenir_favorable", "Taux de devenir favorable",
    "En études ou en emploi à 6 mois, parmi les élèves de dernière année.",
    "(poursuites + en emploi à 6 mois) / élèves de dernière année", f"{INSERJEUNES} ; Orion",
    "Indicateur d'Orion, non de la DEPP ; redoubler y est favorable.",
    ("poursuite", "en_emploi_6_mois"), "terminale", unit="taux", proportion=True,
    niveau_validite="formation",
)  # fmt: skip
VALEUR_AJOUTEE = Indicator(
    "valeur_ajoutee", "Valeur ajoutée de la réussite",
    "Taux de réussite au bac professionnel moins celui qu'on attend vu les élèves.",
    "(diplômés − diplômés attendus) / présents à l'examen",
    "Indicateurs de résultats des lycées, DEPP",
    "Publiée par lycée, calculée par la DEPP : ne s'additionne pas.", ("diplomes",), "presents",
    minus=("diplomes_attendus",), unit="points", par_uai=True,
)  # fmt: skip
PLACES_POUR_1000_EMPLOIS = Indicator(
    "places_pour_1000_emplois", "Places ouvertes pour 1 000 emplois",
    "Places ouvertes rapportées à l'emploi salarié des secteurs que la filière alimente.",
    "1 000 × places ouvertes / emplois", f"{REGISTRE} ; Urssaf",
    "On peut se former ici et travailler ailleurs : un rapport de tailles, non un besoin.",
    ("places_ouvertes",), "emplois_industriels", unit="decimal", niveau_validite="departement",
    facteur=1000.0,
)  # fmt: skip
PERSONNES_FORMEES = _seats(
    "personnes_formees", "Personnes formées", "Entrants dans une place ouverte par le programme.",
    f"{REGISTRE} ; {EFFECTIFS}",
    "Former n'est ni diplômer ni ajouter : beaucoup auraient étudié ailleurs.",
    numerator=("entrants_programme",), formula="entrants × places du programme / places",
)  # fmt: skip


def _cost(name: str, label: str, amount: str, per: str, words: str) -> Indicator:
    what = "Coût complet" if amount == "cout" else "Subvention"
    return Indicator(
        name,
        label,
        f"{what} par {words}.",
        f"{what.lower()} / {' '.join(f'{word}s' for word in words.split())}",
        f"{REGISTRE} ; budget du programme",
        "Hors coût d'enseignement récurrent ; coût moyen, non coût d'une personne de plus.",
        (amount,),
        per,
        unit="euros",
        niveau_validite="region",
    )


COUTS = (
    _cost("cout_par_place", "Coût par place ouverte", "cout", "places_ouvertes", "place ouverte"),
    _cost(
        "subvention_par_place", "Subvention par place ouverte", "subvention", "places_ouvertes",
        "place ouverte",
    ),
    _cost(
        "cout_par_personne", "Coût par personne formée", "cout", "entrants_programme",
        "personne formée",
    ),
    _cost(
        "subvention_par_personne", "Subvention par personne formée", "subvention",
        "entrants_programme", "personne formée",
    ),
)  # fmt: skip

INDICATORS: Named[Indicator] = Named(
    (indicator.name, indicator)
    for indicator in (
        PLACES,
        PLACES_PREVUES,
        PLACES_OUVERTES,
        PLACES_OBSERVEES,
        ECART_PLACES,
        SOLDE_PLACES,
        PLACES_FERMEES,
        TAUX_TRANSFORMATION,
        TAUX_REALISATION,
        PART_PROGRAMME,
        TAUX_PRESSION,
        TAUX_DEMANDE,
        TAUX_REMPLISSAGE,
        ENTRANTS,
        TAUX_RETENTION,
        TAUX_REUSSITE,
        DIPLOMES,
        TAUX_POURSUITE,
        *TAUX_EMPLOI.values(),
        PART_EN_EMPLOI,
        PART_AUTRE,
        DEVENIR_FAVORABLE,
        VALEUR_AJOUTEE,
        PLACES_POUR_1000_EMPLOIS,
        PERSONNES_FORMEES,
        *COUTS,
    )
)
