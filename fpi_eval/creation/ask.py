"""Questions to the person who sets up a programme, one at a time, in French."""

from collections.abc import Callable, Sequence
from typing import TextIO, TypeVar

import pandas as pd
from rich.console import Console
from rich.prompt import Prompt
from rich.table import Table

from fpi_eval.creation.answers import (
    TODO,
    Answers,
    Choice,
    Goal,
    folder_name,
    parse_amount,
    parse_filiere,
    parse_target,
)
from fpi_eval.creation.search import SHOWN, Catalogue
from fpi_eval.errors import FpiError
from fpi_eval.programme import Secret, parse_rentree
from fpi_eval.terminal import Terminal
from fpi_eval.text import MISSING, nombre

T = TypeVar("T")
SMALLEST = Secret().effectif_minimum


class _Words(Prompt):
    prompt_suffix = " : "


class Questions:
    """Ask on a console, until the answer can be used.

    Parameters
    ----------
    stream : TextIO, optional
        Where answers are read; the keyboard by default.
    """

    def __init__(self, console: Console | None = None, stream: TextIO | None = None) -> None:
        self.console = console or Terminal(stderr=True)
        self.stream = stream

    def words(self, question: str) -> str:
        """Return some words."""
        return self._until(question, lambda text: text, empty=False)

    def rentree(self, question: str) -> int:
        """Return the rentrée of a school year."""
        return self._until(question, parse_rentree, empty=False)

    def amount(self, question: str, *, known: bool = True) -> float:
        """Return an amount in euros; 0 if nothing is answered, where it may not be ``known``."""
        return self._until(question, lambda text: parse_amount(text or "0"), empty=not known)

    def source(self) -> str:
        """Return where the figures come from, or that it is to be completed."""
        return self._ask("Source de ces chiffres (Entrée pour l'écrire plus tard)") or TODO

    def regions(self, catalogue: Catalogue) -> list[str]:
        """Return the codes of the regions."""
        question = "Région, par son nom ou son code (plusieurs : séparées par une virgule)"
        return self._until(
            question, lambda text: catalogue.regions([p.strip() for p in text.split(",")])
        )

    def filieres(self, catalogue: Catalogue, regions: list[str]) -> tuple[Choice, ...]:
        """Return the filières, searched one by one until an empty answer."""
        found: list[Choice] = []
        while True:
            more = " (Entrée si c'est tout)" if found else ""
            name = self._ask(f"Nom d'une filière, par exemple « Électronique »{more}")
            if not name and found:
                return tuple(found)
            if name:
                found.append(self._filiere(name, catalogue, regions))

    def _filiere(self, name: str, catalogue: Catalogue, regions: list[str]) -> Choice:
        name, _, given = (part.strip() for part in name.partition("="))
        if any(sign.isdigit() for sign in given):  # « Électronique=255 », as the option has it
            try:
                return self._codes(name, given, catalogue, regions)
            except FpiError as error:
                self.console.print(str(error), style="red")
        show(catalogue.search(name, regions), self.console, catalogue.hint)
        question = "Codes à retenir, séparés par une virgule (ou un autre mot à chercher)"
        return self._until(question, lambda text: self._codes(name, text, catalogue, regions))

    def _codes(self, name: str, text: str, catalogue: Catalogue, regions: list[str]) -> Choice:
        if not any(sign.isdigit() for sign in text):
            show(catalogue.search(text, regions), self.console, catalogue.hint)
            raise FpiError("choisissez parmi ces codes.")
        return parse_filiere(f"{name}={text}", catalogue, regions)

    def targets(self, last: int) -> tuple[Goal, ...]:
        """Return the targets, one by one until an empty answer."""
        found: list[Goal] = []
        while True:
            more = " (Entrée si c'est tout)" if found else ""
            text = self._ask(f"Cible, par exemple « secondaire=500 », « ensemble=900@2030 »{more}")
            if not text and found:
                return tuple(found)
            try:
                found.append(parse_target(text, last))
            except FpiError as error:
                self.console.print(str(error), style="red")

    def _ask(self, question: str) -> str:
        try:
            found = _Words.ask(
                question, console=self.console, stream=self.stream, default="", show_default=False
            )
        except EOFError:  # Ctrl+D, or a pipe that ends before the questions do
            raise KeyboardInterrupt from None
        return found.strip()

    def _until(self, question: str, read: Callable[[str], T], *, empty: bool = True) -> T:
        """Ask until the answer is read without a fault."""
        while True:
            try:
                if (text := self._ask(question)) or empty:
                    return read(text)
            except FpiError as error:
                self.console.print(str(error), style="red")


def pupils(count: float) -> str:
    """Return a number of pupils, none so small that it would point at someone."""
    return f"moins de {SMALLEST}" if count < SMALLEST else nombre(count)


def show(found: pd.DataFrame, console: Console, hint: str = "", shown: int = SHOWN) -> None:
    """Print what a search found: codes, names, pupils."""
    if found.empty:
        console.print(f"Rien ne porte ce mot dans les nomenclatures.{hint}")
        return
    table = Table("Code", "Sorte", "Nom", "Élèves de dernière année", box=None)
    for row in found.head(shown).itertuples():
        table.add_row(row.code, row.sorte, row.libelle, pupils(row.eleves))
    console.print(table)
    if found["eleves"].head(shown).isna().any():
        console.print(f"{MISSING} : aucun élève connu du fichier régional d'InserJeunes.")
    if len(found) > shown:
        console.print(f"… et {len(found) - shown} autres : précisez le mot.{hint}")


def answers_of(
    known: Catalogue,
    *,
    nom: str,
    region: Sequence[str],
    debut: str,
    fin: str,
    filiere: Sequence[str],
    cible: Sequence[str],
    cout: str,
    subvention: str,
    source: str,
) -> Answers:
    """Return the answers given as options; what they leave empty is asked."""
    ask = Questions()
    titre = nom or ask.words("Nom du programme")
    codes = known.regions(region) if region else ask.regions(known)
    first = parse_rentree(debut or ask.rentree("Première rentrée d'ouverture de places"))
    last = parse_rentree(fin or (first if debut else ask.rentree("Dernière rentrée d'ouverture")))
    chosen = tuple(parse_filiere(text, known, codes) for text in filiere)
    targets = tuple(parse_target(text, last) for text in cible)
    return Answers(
        nom=folder_name(titre),
        titre=titre,
        regions=tuple(codes),
        debut=first,
        fin=last,
        filieres=chosen or ask.filieres(known, codes),
        cibles=targets or ask.targets(last),
        cout=parse_amount(cout) if cout else ask.amount("Coût complet, en euros"),
        subvention=_subvention(ask, subvention, asked=not cout) or None,
        source=source or (TODO if cout else ask.source()),
    )


def _subvention(ask: Questions, given: str, *, asked: bool) -> float:
    """Return the grant, 0 if it is not known."""
    if given or not asked:
        return parse_amount(given or "0")
    return ask.amount("Subvention, en euros (Entrée si inconnue)", known=False)
