"""The Excel template of the register of openings: drop-down lists, a guide, no macro."""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.openpyxl_alone import (
    Alignment,
    Cell,
    DataValidation,
    Font,
    PatternFill,
    Workbook,
    Worksheet,
    get_column_letter,
)
from fpi_eval.programme import Programme
from fpi_eval.sources.register.faults import EXEMPLE
from fpi_eval.table_files import replace_files
from fpi_eval.text import NIVEAUX, VOIES, annee_scolaire

ROWS = 1000
TEXT, HEAD, GREY = "@", PatternFill("solid", fgColor="1F3864"), Font(italic=True, color="808080")


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the template: what to write, an example, its width, its format in Excel."""

    name: str
    guide: str
    example: str | int
    width: int = 14
    format: str = "General"


FIELDS = (
    Field("projet", "Projet qui ouvre les places. Liste.", EXEMPLE, 12),
    Field(
        "uai", "Code de l'établissement : sept chiffres et une lettre de contrôle.", "0010001W", 12,
        TEXT,
    ),
    Field("etablissement", "Nom de l'établissement. Facultatif.", "Lycée d'exemple", 30, TEXT),
    Field("commune", "Commune. Facultatif.", "Commune d'exemple", 20, TEXT),
    Field("departement", "Département. Liste. Facultatif : l'UAI le donne.", "", 18),
    Field("academie", "Académie. Facultatif.", "", 18, TEXT),
    Field(
        "mefstat11",
        "Code de la formation l'année d'entrée, onze caractères. L'un des deux "
        "codes suffit ; de préférence celui-ci en voie scolaire.",
        "23810025007",
        15,
        TEXT,
    ),
    Field(
        "cfd", "Code formation-diplôme, huit caractères ; de préférence en apprentissage.",
        "40025007", 12, TEXT,
    ),
    Field("formation", "Intitulé de la formation. Facultatif.", "Formation d'exemple", 32, TEXT),
    Field("filiere", "Filière du programme. Liste.", "", 22),
    Field(
        "niveau",
        "Niveau : secondaire (CAP, bac pro…) ou superieur (BTS…). Liste.",
        "secondaire",
        13,
    ),
    Field("voie", "Voie : scolaire ou apprentissage. Liste.", "scolaire", 15),
    Field("rentree", "Année de septembre", "", 10, "0"),  # an example by programme: see `_fields`
    Field(
        "places_prevues",
        "Places prévues en année d'entrée. Négatif pour une fermeture qui "
        "finance une ouverture du même projet à la même rentrée.",
        12,
        15,
        "0",
    ),
    Field(
        "places_ouvertes",
        "Places réellement ouvertes. Vide si ce n'est pas encore connu : vide n'est pas zéro.", 12,
        15, "0",
    ),
    Field("cout", "Coût total de l'ouverture, en euros. Facultatif.", 120000, 14, "#,##0"),
    Field(
        "subvention",
        "Part subventionnée, en euros, au plus égale au coût. Facultatif.",
        50000,
        14,
        "#,##0",
    ),
)  # fmt: skip

ADVICE = (
    "Une ligne par ouverture : un établissement, une formation, une voie, une rentrée.",
    "Supprimez les lignes grises marquées EXEMPLE : elles sont refusées à la lecture.",
    "Ne changez pas les titres de la première ligne ; l'ordre des colonnes est libre.",
    "Pour coller des codes, gardez la colonne au format Texte : sinon le tableur retire les zéros.",
    "Pas de formule dans les textes ; dans les nombres, enregistrez le classeur après le calcul.",
    "Chaque erreur est signalée à la lecture avec sa ligne et sa colonne.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProgrammeFacts:
    """What the template takes from the programme: its words, and its first rentrée."""

    titre: str
    departements: tuple[str, ...]
    projets: tuple[str, ...]
    filieres: tuple[str, ...]
    debut: int

    @classmethod
    def of(cls, programme: Programme) -> "ProgrammeFacts":
        """Return what `programme.toml` says for the template."""
        departements = tuple(d.nom for d in programme.territoire.departements)
        return cls(
            programme.titre,
            departements,
            programme.noms_projets,
            programme.codes_filieres,
            programme.rentree_debut,
        )


def write_template(path: Path, facts: ProgrammeFacts, *, write: bool = True) -> Path:
    """Write the register's Excel template: sheets ``Ouvertures``, ``Guide`` and ``Listes``.

    Parameters
    ----------
    path : Path
        A `.xlsx` that does not exist yet: a filled register is never overwritten.
    facts : ProgrammeFacts
        Values of the drop-down lists.
    write : bool
        Without it, only the name is checked.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise FpiError("le modèle est un classeur .xlsx. Changez son extension.", fichier=path.name)
    if path.exists():
        raise FpiError(
            "ce fichier existe déjà et n'est pas remplacé. Choisissez un autre nom.",
            fichier=path.name,
        )
    if not write:
        return path
    book = Workbook()
    register = book.active
    register.title = "Ouvertures"
    guide, lists = book.create_sheet("Guide"), book.create_sheet("Listes")
    ranges = _write_lists(lists, facts)
    _write_register(register, facts, ranges)
    _write_guide(guide, facts)
    book.save(content := io.BytesIO())
    replace_files({path: content.getvalue()})
    return path


def _write_lists(sheet: Worksheet, facts: ProgrammeFacts) -> dict[str, str]:
    """Write the values of each list in a column; return each list's range."""
    values = {
        "projet": facts.projets,
        "filiere": facts.filieres,
        "niveau": tuple(NIVEAUX),
        "voie": tuple(VOIES),
        "departement": facts.departements,
    }
    ranges = {}
    for place, (name, words) in enumerate(values.items(), start=1):
        _text(sheet.cell(1, place), name)
        for row, word in enumerate(words, start=2):
            _text(sheet.cell(row, place), word)
        letter = get_column_letter(place)
        ranges[name] = f"Listes!${letter}$2:${letter}${len(words) + 1}"
    sheet.sheet_state = "hidden"
    return ranges


def _write_register(sheet: Worksheet, facts: ProgrammeFacts, ranges: dict[str, str]) -> None:
    sheet.freeze_panes = "C2"
    closure = {
        "places_prevues": -12,
        "places_ouvertes": -12,
        "cout": "",
        "subvention": "",
        "mefstat11": "23810025008",
        "cfd": "40025008",
    }
    fields = _fields(facts.debut)
    examples: dict[str, Any] = {field.name: field.example for field in fields}
    examples["filiere"] = facts.filieres[0]
    for place, field in enumerate(fields, start=1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = field.width
        sheet.column_dimensions[letter].number_format = field.format
        head = sheet.cell(1, place)
        _text(head, field.name)
        head.font, head.fill = Font(bold=True, color="FFFFFF"), HEAD
        for row, value in enumerate(
            (examples[field.name], (examples | closure)[field.name]), start=2
        ):
            if value != "":
                _text(sheet.cell(row, place), value)
            sheet.cell(row, place).font = GREY
            sheet.cell(row, place).number_format = field.format
        if field.name in ranges:
            sheet.add_data_validation(_list_of(ranges[field.name], f"{letter}2:{letter}{ROWS + 1}"))
    sheet.add_data_validation(_whole_number(_letter("rentree"), 2000, 2099, "une année"))
    for name in ("places_prevues", "places_ouvertes"):
        sheet.add_data_validation(_whole_number(_letter(name), -500, 500, "un nombre de places"))


def _write_guide(sheet: Worksheet, facts: ProgrammeFacts) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 20, 110
    _text(sheet["A1"], f"Registre des ouvertures — {facts.titre}")
    sheet["A1"].font = Font(bold=True, size=14)
    row = 3
    for advice in ADVICE:
        _text(sheet.cell(row, 1), "•")
        _text(sheet.cell(row, 2), advice)
        row += 1
    row += 1
    for field in _fields(facts.debut):
        _text(sheet.cell(row, 1), field.name)
        sheet.cell(row, 1).font = Font(bold=True)
        _text(sheet.cell(row, 2), field.guide)
        sheet.cell(row, 2).alignment = Alignment(wrap_text=True, vertical="top")
        row += 1


def _fields(debut: int) -> tuple[Field, ...]:
    """Return the columns, the programme's first rentrée being the example of a year."""
    said = f"Année de septembre : {debut} pour l'année scolaire {annee_scolaire(debut)}."
    return tuple(
        replace(one, guide=said, example=debut) if one.name == "rentree" else one for one in FIELDS
    )


def _letter(name: str) -> str:
    return get_column_letter([field.name for field in FIELDS].index(name) + 1)


def _list_of(source: str, cells: str) -> DataValidation:
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "Valeur inconnue", "Choisissez une valeur de la liste."
    rule.add(cells)
    return rule


def _whole_number(letter: str, low: int, high: int, what: str) -> DataValidation:
    rule = DataValidation(
        type="whole",
        operator="between",
        formula1=str(low),
        formula2=str(high),
        allow_blank=True,
        showErrorMessage=True,
    )
    rule.errorTitle, rule.error = "Valeur refusée", f"Attendu : {what} entre {low} et {high}."
    rule.add(f"{letter}2:{letter}{ROWS + 1}")
    return rule


def _text(cell: Cell, value: str | int) -> None:
    """Write a value that Excel will never run: a text stays a text, even one that begins by =."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
