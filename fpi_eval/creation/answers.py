"""What a person says of a new programme, checked before anything is written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fpi_eval.creation.search import DIPLOMA, GROUP, Catalogue, begun
from fpi_eval.errors import FpiError
from fpi_eval.programme import parse_rentree
from fpi_eval.sources.register.fault import ambiguous
from fpi_eval.text import AUTRE, NIVEAUX, liste, nombre, plain, repeated

TODO = "à compléter"
LEVELS = (*NIVEAUX, "ensemble")
READINGS = {
    "secondaire": "Personnes formées de plus dans le secondaire",
    "superieur": "Personnes formées de plus dans le supérieur",
    "ensemble": "Personnes formées de plus",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A filière: its code and name, and the NSF groups or diplomas that make it."""

    code: str
    libelle: str
    codes: tuple[str, ...]
    motif: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A number of people to reach at a level, by a rentrée."""

    niveau: str
    personnes: int
    echeance: int

    @property
    def libelle(self) -> str:
        """Words that readers see."""
        return f"{READINGS[self.niveau]} d'ici la rentrée {self.echeance}"


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a new programme's folder is written from."""

    nom: str
    titre: str
    regions: tuple[str, ...]
    debut: int
    fin: int
    filieres: tuple[Choice, ...]
    cibles: tuple[Goal, ...]
    cout: float
    subvention: float | None = None
    source: str = TODO


def folder_name(name: str) -> str:
    """Return a name fit for a folder: lower case, no accent, underscores."""
    found = plain(name).replace(" ", "_")
    if not found:
        raise FpiError("le nom du programme est vide : écrivez par exemple « rail_nord ».")
    return found


def parse_filiere(text: str, catalogue: Catalogue, regions: Sequence[str]) -> Choice:
    """Return a filière from ``Électronique=255,32025516``, or from a word to search.

    Without codes: the NSF groups of which a word begins so, else the diplomas. Raises `FpiError`:
    an unknown code, or a word that nothing holds.
    """
    libelle, _, codes = (part.strip() for part in text.partition("="))
    libelle = libelle[:1].upper() + libelle[1:]
    if not libelle:
        raise FpiError(f"filière « {text} » sans nom : écrivez « Électronique=255 ».")
    if codes:
        chosen = tuple(dict.fromkeys(code for code in re.split(r"[\s,;]+", codes) if code))
        if not any(sign.isdigit() for sign in codes):
            found = _searched(codes, catalogue, regions) or ("255",)
            raise FpiError(
                f"filière « {text} » : après « = », des codes sont attendus, pas un mot à "
                f"chercher. Écrivez « {libelle}={','.join(found)} », ou le mot seul, qui la nomme "
                f"alors : « --filiere '{codes}' ».{catalogue.hint}"
            )
        for code in chosen:
            catalogue.name_of(code)
        return Choice(filiere_code(libelle), libelle, chosen, "choisi à la création du programme")
    if chosen := _searched(libelle, catalogue, regions):
        return Choice(filiere_code(libelle), libelle, chosen, f"trouvé en cherchant « {libelle} »")
    raise FpiError(
        f"aucun groupe de spécialités ni diplôme ne porte « {libelle} ». Essayez un autre mot avec "
        f"« --chercher », ou écrivez les codes : « {libelle}=255 ».{catalogue.hint}"
    )


def _searched(word: str, catalogue: Catalogue, regions: Sequence[str]) -> tuple[str, ...]:
    """Return the NSF groups of which a word begins so, else the diplomas."""
    found = catalogue.search(word, regions)
    found = found[begun(found["libelle"], word)]
    by_kind = (tuple(found.loc[found["sorte"] == kind, "code"]) for kind in (GROUP, DIPLOMA))
    return next(filter(None, by_kind), ())


def filiere_code(libelle: str) -> str:
    """Return the code of a filière: its name in lower case, without accents, underscores."""
    found = plain(libelle).replace(" ", "_")
    return f"f_{found}" if not found or found[0].isdigit() or found == AUTRE else found


def parse_target(text: str, last: int) -> Goal:
    """Return a target from ``secondaire=500`` or ``ensemble=9000@2030``.

    Raises `FpiError`: an unknown level, a number that is not a positive whole one, or no year.
    """
    found = re.fullmatch(r"\s*(\w+)\s*=\s*([\d\s]+?)\s*(?:@\s*(\d{4}))?\s*", text)
    niveau = plain(found[1]) if found else ""
    if not found or niveau not in LEVELS or int(re.sub(r"\s", "", found[2])) < 1:
        raise FpiError(
            f"cible « {text} » non comprise. Écrivez « secondaire=500 », « superieur=300 » ou "
            f"« ensemble=9000@2030 » (niveaux : {liste(LEVELS)})."
        )
    return Goal(niveau, int(re.sub(r"\s", "", found[2])), parse_rentree(found[3] or last))


def parse_amount(text: str) -> float:
    """Return euros from ``3000000``, ``3 000 000 €`` or ``1250,50``.

    Raises `FpiError`: words that are no positive amount, or that read two ways.
    """
    bare = re.sub(r"\s|€|euros?$", "", text.lower())
    if whole := ambiguous(bare):
        raise FpiError(
            f"montant « {text} » ambigu. Écrivez {whole} si le signe sépare les milliers."
        )
    bare = bare.replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d+)?", bare):
        raise FpiError(
            f"montant « {text} » non compris : un nombre est attendu, en euros. Écrivez "
            "« 3000000 » ou « 3 000 000 € »."
        )
    return float(bare)


def check_answers(answers: Answers) -> None:
    """Raise on what cannot be together: filières, years, money.

    Raises `FpiError`: says what to change.
    """
    if not answers.filieres:
        raise FpiError("il faut au moins une filière : « --filiere Électronique=255 ».")
    if not answers.cibles:
        raise FpiError("il faut au moins une cible : « --cible secondaire=500 ».")
    goals = [target.libelle for target in answers.cibles]
    if twice := repeated(goals):
        raise FpiError(f"cible(s) en double : {liste(twice)}. Gardez un seul nombre.")
    codes = [code for choice in answers.filieres for code in choice.codes]
    if twice := repeated(codes):
        raise FpiError(
            f"code(s) {liste(twice)} dans plusieurs filières. Gardez chacun dans une seule."
        )
    names = [choice.code for choice in answers.filieres]
    if twice := repeated(names):
        raise FpiError(f"filière(s) {liste(twice)} nommée(s) deux fois.")
    if answers.fin < answers.debut:
        raise FpiError(
            f"la dernière rentrée ({answers.fin}) précède la première ({answers.debut})."
        )
    if early := [t for t in answers.cibles if t.echeance < answers.debut]:
        raise FpiError(
            f"la cible « {early[0].libelle} » est avant la première rentrée ({answers.debut})."
        )
    if answers.cout <= 0:
        raise FpiError("le coût est nul ou négatif : donnez le coût complet, en euros.")
    if answers.subvention is not None and not 0 < answers.subvention <= answers.cout:
        raise FpiError(
            f"la subvention ({nombre(answers.subvention)} €) doit être positive et au plus le coût "
            f"({nombre(answers.cout)} €)."
        )
