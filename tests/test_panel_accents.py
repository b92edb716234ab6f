from dataclasses import dataclass

import pandas as pd

from fpi_eval.panel.accents import accented


@dataclass
class Codes:
    intitules: pd.DataFrame
    familles: pd.DataFrame
    options_bts: pd.DataFrame


def codes(intitules, familles=(), options=()):
    def named(rows, *columns):
        return pd.DataFrame(list(rows), columns=list(columns), dtype="str")

    return Codes(
        named(intitules, "code", "intitule"),
        named(familles, "cfd", "specialite"),
        named(options, "cfd", "specialite"),
    )


def written(name, known, cfd="50000001"):
    return accented(pd.Series({cfd: name}, dtype="str"), known).iloc[0]


def test_a_word_is_spelled_as_official_names_spell_it_in_the_same_capitals():
    known = codes(
        [("500-25401 S", "Métallier"), ("400-25214 R", "Maintenance des matériels électriques")],
        [("40023102", "Systèmes à énergie solaire")],
        [("32032612", "Génie climatique")],
    )
    assert written("METALLIER", known) == "MÉTALLIER"
    assert written("Energie et systemes, genie", known) == "Énergie et systèmes, génie"
    assert written("materiel electrique", known) == "matériel électrique"  # the other number


def test_a_word_without_source_or_spelled_in_two_ways_stays_as_in_the_file():
    known = codes([("1", "agents associés"), ("2", "agents associes"), ("3", "Electrotechnique")])
    assert written("AGENTS ASSOCIES", known) == "AGENTS ASSOCIES"
    assert written("ELECTROTECHNIQUE", known) == "ELECTROTECHNIQUE"  # a bare capital proves nothing
    assert written("OPTION A A MOTEUR", codes([("1", "à moteur")])) == "OPTION A A MOTEUR"


def test_the_name_of_the_diploma_itself_comes_first():
    known = codes([("500-00001 S", "agents associés"), ("500-00002 S", "agents associes")])
    assert written("AGENTS ASSOCIES", known) == "AGENTS ASSOCIÉS"
    assert written("RÉSEAUX ASSOCIES", known, "50000009") == "RÉSEAUX ASSOCIES"


def test_a_missing_name_stays_missing():
    assert pd.isna(accented(pd.Series([None], ["1"], dtype="str"), codes([])).iloc[0])
