"""What each source serves: the question it answers, and what is empty without it."""

from typing import NamedTuple


class Use(NamedTuple):
    """The reader's question, then pages as readers know them and workbook sheets."""

    question: str
    sections: str


#: Every source that a run reads beside nomenclatures, in the order in which they are told.
USES = {
    "affelnet": Use(
        "Combien de places et de vœux à l'entrée du secondaire ?",
        "01 et 02 (places et vœux du secondaire, pression), 03 (places observées)",
    ),
    "parcoursup_bts": Use(
        "Combien de places et de vœux à l'entrée des BTS ?",
        "01 et 02 (places et vœux de BTS), 03 (places observées)",
    ),
    "parcoursup": Use(
        "Une place de BTS de plus, combien d'étudiants de plus ?",
        "01 et 04 (une place de BTS de plus, combien d'étudiants de plus)",
    ),
    "parcoursup_portail": Use(
        "Combien de femmes et d'hommes sont admis en BTS ?",
        "04 (effet pour les filles et pour les garçons, sessions d'après celles de « parcoursup »)",
    ),
    "parcoursup_apprentissage": Use(
        "Quelles formations du supérieur ouvrent en apprentissage ?",
        "classeur, feuille apprentissage_parcoursup",
    ),
    "constat": Use(
        "Les places sont-elles remplies ?",
        "02 (remplissage, personnes formées), 03 à 06 (effets, chaîne, projection)",
    ),
    "constat_portail": Use(
        "Combien d'élèves par formation, chaque année ?",
        "02 (remplissage, personnes formées), 03 à 06, où « constat » s'arrête",
    ),
    "inserjeunes_region": Use(
        "Que deviennent les élèves de chaque formation de la région ?",
        "01, 04 et 07 (élèves, emploi, poursuite, quadrants), eleves_ensemble",
    ),
    "inserjeunes_formation_fine": Use(
        "Que deviennent les élèves de chaque formation de chaque lycée ?",
        "04 (personnes en emploi par lycée et formation)",
    ),
    "inserjeunes_etablissement": Use(
        "Que deviennent les élèves de chaque lycée professionnel ?",
        "04 (personnes en emploi par lycée)",
    ),
    "inserjeunes_apprentissage": Use(
        "Que devenaient les apprentis de chaque CFA avant le fichier du portail ?",
        "classeur, feuille emploi_cfa (millésimes d'avant le portail)",
    ),
    "inserjeunes_cfa": Use(
        "Que deviennent les apprentis de chaque CFA ?",
        "classeur, feuille emploi_cfa",
    ),
    "inserjeunes_cfa_formation": Use(
        "Que deviennent les apprentis de chaque formation de chaque CFA ?",
        "classeur, feuille emploi_formations (CFA)",
    ),
    "inserjeunes_agricole": Use(
        "Que deviennent les élèves des lycées agricoles ?",
        "classeur, feuille emploi_formations (lycées agricoles)",
    ),
    "ouvertures": Use(
        "Quelles places le programme a-t-il ouvertes ?",
        "02 (avancement), 03 à 06 (places du programme, projection, coûts)",
    ),
    "resultats_bac": Use(
        "Combien d'élèves sont reçus au baccalauréat professionnel ?",
        "03 (effet sur les diplômés, par académie), 05 et 06 (réussite), feuille diplomes",
    ),
    "resultats_bac_departement": Use(
        "Combien d'élèves sont reçus au baccalauréat professionnel, par département ?",
        "03 et 05 (effet sur les diplômés, par département)",
    ),
    "resultats_cap": Use(
        "Combien de candidats sont reçus au CAP ?",
        "03 (effet sur les diplômés, par département), 05 et 06 (réussite), feuille diplomes",
    ),
    "resultats_lycees": Use(
        "Les lycées professionnels mènent-ils leurs élèves au diplôme ?",
        "03 (effet sur les diplômés, par lycée), feuille reussite_lycees",
    ),
    "insersup": Use("Que deviennent les diplômés du supérieur ?", "classeur, feuille insersup"),
    "tensions": Use(
        "Les métiers préparés sont-ils en tension ?", "04 (effet selon la tension des métiers)"
    ),
    "urssaf": Use(
        "Combien d'emplois dans les secteurs que le programme alimente ?",
        "05 (emploi des secteurs et des zones), 06 (emploi à former)",
    ),
}
