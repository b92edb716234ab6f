"""What a run tells of declarations, beside the files: codes, filières, openings, départements."""

from collections.abc import Mapping

import pandas as pd

from fpi_eval.panel.identity import renovations
from fpi_eval.panel.register_known import filieres_declared
from fpi_eval.programme import Programme
from fpi_eval.sources.declared_filieres import FILE, read_filieres
from fpi_eval.sources.nomenclatures import Nomenclatures
from fpi_eval.sources.reading.reading import Reading
from fpi_eval.sources.register.known import Known
from fpi_eval.sources.territoires import departement_code
from fpi_eval.text import liste, pluriel

#: A renovation counts when its old diploma had entrants so long before the programme, or since.
YEARS_BEFORE = 6


def strays(register: Reading, known: Known) -> tuple[str, ...]:
    """Return a sentence on the openings that count in no filière of the tables by filière."""
    rows = register.table[[known.outside(row) for row in register.table.to_dict("records")]]
    if rows.empty:
        return ()
    seats = rows["places_ouvertes"].fillna(rows["places_prevues"]).sum()
    return (
        f"ouvertures : {len(rows)} ligne(s), {seats:.0f} places, d'une formation que filieres.csv "
        "ne met dans aucune filière. Elles comptent au registre sous la filière écrite, et dans "
        "le panel sous « autre ». Ajoutez leurs diplômes à filieres.csv.",
    )


def filieres_in_doubt(
    programme: Programme, codes: Nomenclatures, identity: pd.DataFrame
) -> tuple[str, ...]:
    """Return sentences on codes that nothing has, filières without one, diplomas that change it."""
    if not (programme.dossier / FILE).is_file():
        return ()
    table, diplomas = read_filieres(programme), codes.tous_diplomes
    known = {*diplomas["cfd"], *diplomas["groupe_nsf"], *codes.groupes_nsf["groupe_nsf"]}
    lost = [code for code in table["code"] if code not in known]
    moved = _moved(programme, codes, identity)
    empty = [f.libelle for f in programme.filieres if f.code not in set(table["filiere"])]
    said = {
        f"{FILE} : {pluriel(len(lost), 'code')} d'aucun groupe ni diplôme ({liste(lost)}). "
        "À corriger : aucune formation n'entre par là dans une filière.": lost,
        f"{FILE} : aucun code, donc aucune formation, pour "
        f"{liste(f'« {name} »' for name in empty)}. Ajoutez-en, ou retirez de programme.toml ce "
        "qui n'en a pas.": empty,
        f"{FILE} : la rénovation change la filière de {pluriel(len(moved), 'diplôme')} "
        f"({liste(moved)}). Les places d'une filière y bougent sans qu'aucune n'ouvre ni ne "
        "ferme : déclarez l'un des deux codes.": moved,
    }
    return tuple(sentence for sentence, found in said.items() if found)


def _moved(programme: Programme, codes: Nomenclatures, identity: pd.DataFrame) -> list[str]:
    """Return old code → new of recent renovations whose two diplomas are in two filières."""
    links = renovations(codes.diplomes)
    facts = codes.diplomes.drop_duplicates("cfd").set_index("cfd")
    closed = links["ancien"].map(facts["date_fermeture"])
    recent = closed >= pd.Timestamp(programme.rentree_debut - YEARS_BEFORE, 1, 1)
    links = links[(links["lien"] == "1-1") & recent]
    filiere = filieres_declared(programme, codes, identity)
    pairs = links[links["ancien"].map(filiere) != links["nouveau"].map(filiere)]
    return [f"{a} → {b}" for a, b in zip(pairs["ancien"], pairs["nouveau"], strict=True)]


def left_out(
    programme: Programme, codes: Nomenclatures, lectures: Mapping[str, Mapping[str, Reading]]
) -> tuple[str, ...]:
    """Return a sentence on départements of the region that have schools and are not declared.

    A region's figures count it whole, as those of the regions that it is compared with.
    """
    place = programme.territoire
    every = codes.departements[place.ici(codes.departements["code_region"])]
    names = every.set_index("code_departement")["departement"].to_dict()
    tables = [one.table for readings in lectures.values() for one in readings.values()]
    uais = {start for t in tables if "uai" in t for start in t["uai"].dropna().str[:3].unique()}
    taught = {departement_code(start) for start in uais}
    own = {*place.noms_departements.values()}
    gone = [n for code, n in names.items() if code in taught - {*place.noms_departements}]
    if not (lost := sorted({*gone} - own)):
        return ()
    return (
        f"programme.toml : « departements » ne nomme pas {liste(lost)} ({place.region}). Les "
        "chiffres du territoire les comptent ; la carte, les départements et les académies, non. "
        "Ajoutez-les, même si aucune place n'y ouvre.",
    )
