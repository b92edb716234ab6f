"""Read `programme.toml` into a frozen `Programme`; every mistake says where and what to write."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from fpi_eval.colours import CONTRAST, CYCLE, GREY, PAGES, contrast
from fpi_eval.errors import FpiError
from fpi_eval.escapes import CONTROL
from fpi_eval.misspelt import hint, known_options
from fpi_eval.pinned import verify
from fpi_eval.programme_folders import DEFAULT, PROJECT, declared, find_programme
from fpi_eval.several_regions import programme_of
from fpi_eval.text import AUTRE, liste, repeated
from fpi_eval.toml_faults import in_french, key_lines, read_toml

if TYPE_CHECKING:
    import pandas as pd

FIRST_RENTREE, LAST_RENTREE = 2000, 2099
OTHERS = "Autres formations"  # in none of the programme's filières


def form(pattern: str, words: str) -> AfterValidator:
    """Return the rule of a text that must have a form, told in words."""

    def checked(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"« {value} » n'a pas la forme attendue : {words}")
        return value

    return AfterValidator(checked)


CodeDepartement = Annotated[
    str, form(r"\d{3}|02[AB]", "trois caractères entre guillemets, par exemple « 038 » ou « 02A »")
]
DeuxChiffres = Annotated[str, form(r"\d{2}", "deux chiffres entre guillemets, comme « 06 »")]
NomDeResultat = Annotated[
    str,
    form(
        r"entrants|terminale|diplomes|sortants"
        r"|en_emploi_(6|12|18|24)_mois|en_emploi_industrie_region_(6|12|18|24)",
        "entrants, terminale, diplomes, sortants, en_emploi_6_mois, en_emploi_industrie_region_6 "
        "(ou 12, 18, 24)",
    ),
]
Texte = Annotated[str, Field(min_length=1)]
Part = Annotated[float, Field(ge=0, le=1)]
Rentree = Annotated[int, Field(ge=FIRST_RENTREE, le=LAST_RENTREE)]
Hote = Annotated[str, form(r"https?://[^/]+", "« https:// » puis un nom, sans rien après")]


def once(names: Iterable[str], what: str) -> None:
    """Raise `ValueError` on names that are there twice."""
    if twice := repeated(names):
        raise ValueError(f"{what} en double : {liste(twice)}")


class Frozen(BaseModel):
    """Base of all sections: immutable, and no key that the section does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_typed(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str) and CONTROL.search(value):
            raise ValueError("caractère de commande interdit ; retapez ce texte au clavier")
        kind = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and kind is not bool:
            raise ValueError(f"« {str(value).lower()} » n'est ni un nombre ni un texte")
        return value


class Academie(Frozen):
    """An académie and its code."""

    code: DeuxChiffres
    nom: str


class Departement(Frozen):
    """A département, its three-character code and its académie's code."""

    code: CodeDepartement
    nom: str
    academie: DeuxChiffres


class Territoire(Frozen):
    """Where the programme opens seats: INSEE region or regions, académies and départements.

    ``code_region`` is a code, or a list of codes; ``region`` the words that name them.
    """

    codes_regions: Annotated[
        tuple[DeuxChiffres, ...],
        BeforeValidator(lambda codes: codes if isinstance(codes, (list, tuple)) else (codes,)),
    ] = Field(alias="code_region", min_length=1)
    region: str
    academies: tuple[Academie, ...] = Field(min_length=1)
    departements: tuple[Departement, ...] = Field(min_length=1)

    @property
    def code_region(self) -> str:
        """Code of the region, or of its regions taken as one (``11+32``)."""
        return "+".join(self.codes_regions)

    @property
    def noms_departements(self) -> dict[str, str]:
        """Names of départements by code; one that changed its code (Mayotte) has two."""
        return {one.code: one.nom for one in self.departements}

    def ici(self, codes: "pd.Series") -> "pd.Series":
        """Return which region codes are the programme's."""
        return codes.isin(self.codes_regions)

    def joined(self, table: "pd.DataFrame") -> "pd.DataFrame":
        """Return the table with the programme's regions under one code."""
        if len(self.codes_regions) == 1:
            return table
        codes = table["code_region"].mask(self.ici(table["code_region"]), self.code_region)
        return table.assign(code_region=codes)

    @model_validator(mode="after")
    def _departements_in_academies(self) -> "Territoire":
        once(self.codes_regions, "code(s) de région")
        for many in (self.academies, self.departements):
            once((one.code for one in many), "code(s)")
        known = {academie.code for academie in self.academies}
        lost = [d.code for d in self.departements if d.academie not in known]
        if lost:
            raise ValueError(
                f"département(s) {liste(lost)} : académie absente de la liste « academies »"
            )
        return self


class Filiere(Frozen):
    """One filière of the programme: its code, the words readers see, its colour in figures."""

    code: Annotated[
        str,
        form(
            r"[a-z][a-z0-9_]*",
            "des minuscules sans accent, des chiffres et des « _ » ; le nom que l'on lit, avec ses "
            "accents, est « libelle »",
        ),
    ]
    libelle: Texte
    couleur: Annotated[str, form(r"#[0-9A-Fa-f]{6}", "par exemple « #1B6CA8 »")] | None = None

    @field_validator("couleur")
    @classmethod
    def _seen_on_a_page(cls, couleur: str | None) -> str | None:
        if couleur and min(contrast(couleur, page) for page in PAGES) < CONTRAST:
            raise ValueError(
                f"« {couleur} » se voit mal sur une page claire ou sombre : il faut un contraste "
                f"de {CONTRAST:.0f} avec les deux ({' et '.join(PAGES)}). Retirez-la : une couleur "
                "sera choisie"
            )
        return couleur

    @field_validator("code")
    @classmethod
    def _not_the_others(cls, code: str) -> str:
        if code == AUTRE:
            raise ValueError(f"« {AUTRE} » est le code des formations d'aucune filière")
        return code


class Cible(Frozen):
    """A published target: how many people, at which level, by when, and how it is read."""

    code: Texte
    libelle: Texte
    niveau: Literal["secondaire", "superieur", "ensemble"]
    personnes: Annotated[int, Field(gt=0)]
    echeance: Rentree
    lecture: Literal["entrants", "diplomes"]
    source: Texte


class Cout(Frozen):
    """Full cost and subsidy of the programme, in euros.

    ``minimum``: only a lower bound of the cost is published. A subsidy may be unknown.
    """

    total: Annotated[float, Field(gt=0)]
    subvention: Annotated[float, Field(gt=0)] | None = None
    minimum: bool = False
    source: Texte

    @model_validator(mode="after")
    def _subsidy_within_total(self) -> "Cout":
        if self.subvention is not None and self.subvention > self.total:
            raise ValueError("la subvention dépasse le coût total")
        return self


class Predecesseur(Frozen):
    """The programme before: seats announced and the lower bound of its cost, in euros."""

    nom: Texte
    rentree: Rentree
    places: Annotated[int, Field(gt=0)]
    cout_minimum: Annotated[float, Field(gt=0)]
    source: Texte


class Resultats(Frozen):
    """Outcomes, named before looking: one primary, the others secondary.

    ``plus_petit_effet``: smallest effect per seat that would matter; the width of the interval is
    judged against it. ``voisinage``: where courses of the same family may lose pupils to the seats.
    """

    principal: NomDeResultat
    secondaires: tuple[NomDeResultat, ...] = ()
    plus_petit_effet: Annotated[float, Field(gt=0)] = 0.10
    voisinage: Literal["departement", "zone_emploi", "academie", "region"] = "departement"


class Secret(Frozen):
    """Disclosure thresholds: smallest count shown, smallest denominator of a rate."""

    effectif_minimum: Annotated[int, Field(ge=1)] = 5
    denominateur_minimum: Annotated[int, Field(ge=1)] = 20


class Seuils(Frozen):
    """Thresholds of the design checks that a programme may set; METHOD.md E has the others."""

    etablissements_traites_solide: Annotated[int, Field(ge=1)] = 40
    etablissements_traites_prudence: Annotated[int, Field(ge=1)] = 15
    appariement_minimum: Part = 0.95
    part_masquee_maximum: Part = 0.40


class Ouverture(Frozen):
    """Seats that a scenario opens at one rentrée, by level (net: closures taken off)."""

    rentree: Rentree
    secondaire: Annotated[int, Field(ge=0)] = 0
    superieur: Annotated[int, Field(ge=0)] = 0


class Scenario(Frozen):
    """What may open: the seats of each rentrée, and the share of open seats kept each year.

    Rentrées that the register already tells are read there; the scenario tells the next ones.
    """

    code: Texte
    libelle: Texte
    ouvertures: tuple[Ouverture, ...] = ()
    maintien: Annotated[float, Field(gt=0, le=1)] = 1.0
    source: Texte

    @property
    def nom(self) -> str:
        """Its name on pages, without the seats that the register may have replaced since."""
        return re.split(r"\s:\s", self.libelle)[0]

    @model_validator(mode="after")
    def _one_row_a_rentree(self) -> "Scenario":
        once((str(opening.rentree) for opening in self.ouvertures), "rentrée(s)")
        return self


class Hypothese(Frozen):
    """A rate to use where the data gives none: value, weight (as so many students), source."""

    lien: Literal[
        "remplissage", "retention", "reussite", "sortie", "emploi_6_mois", "emploi_24_mois"
    ]
    niveau: Literal["secondaire", "superieur"]
    valeur: Annotated[float, Field(gt=0, lt=1)]
    effectif: Annotated[int, Field(gt=0)]
    source: Texte


def _years_of(many: Iterable[Cible | Scenario]) -> Iterator[tuple[int, str]]:
    """Yield the rentrées that targets and scenarios name, each with its words."""
    for one in many:
        if isinstance(one, Cible):
            yield one.echeance, f"l'échéance {one.echeance} de la cible « {one.libelle} »"
        else:
            for opening in one.ouvertures:
                year = opening.rentree
                yield year, f"la rentrée {year} du scénario « {one.libelle} »"


class DeclaredProjection(Frozen):
    """How far to project, and how opened seats fill up over their first years."""

    horizon: Rentree = 2030
    montee_en_charge: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)
    ] = (1.0,)
    perte_marginale: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    source: str = ""


class Emploi(Frozen):
    """What the evaluator knows of jobs and no file of the folder gives."""

    embauches_annuelles: Annotated[float, Field(gt=0)] | None = None
    source: str = ""

    @model_validator(mode="after")
    def _sourced(self) -> "Emploi":
        if self.embauches_annuelles is not None and not self.source.strip():
            raise ValueError("embauches_annuelles sans source : écrivez d'où vient ce chiffre")
        return self


class Additionnalite(Frozen):
    """Shares that outcomes cannot tell: deadweight, leakage, jobs had without the diploma.

    ``emploi_sans`` is the employment rate that the same people would have had otherwise, over
    theirs: 0 if none would have worked, 1 if all those who work would have.
    """

    aubaine: Part = 0.0
    fuite: Part = 0.0
    emploi_sans: Part | None = None
    source: str = ""

    @property
    def declaration(self) -> str:
        """Return in words where these shares come from, or that none is declared."""
        unsourced = "Rien n'est déclaré." if self == Additionnalite() else "Déclaré sans source."
        return f"Déclaré : {self.source}." if self.source else unsourced

    def remaining(self, deadweight: float) -> float:
        """Return the share of people whom a deadweight, then the declared leakage, leave."""
        return (1 - deadweight) * (1 - self.fuite)


class Jumeau(Frozen):
    """What the simulated data draws: courses, their share of each level, where graduates work.

    Left out, courses follow from ``filieres.csv``; the rest is even.
    """

    familles: dict[str, str] = Field(default_factory=dict)
    parts: dict[str, dict[Literal["mc", "cap", "bacpro", "bts"], Part]] = Field(
        default_factory=dict
    )
    debouches: dict[str, dict[str, Part]] = Field(default_factory=dict)


class Portail(Frozen):
    """An open-data portal from which files may be fetched."""

    hote: Hote
    licence: str


class Telechargement(Frozen):
    """Which data set of which portal makes a source's file."""

    portail: str
    jeu: str
    format: Literal["csv", "parquet"] = "csv"
    filtre: str = ""
    selection: str = ""
    taille_max_mo: Annotated[int, Field(gt=0)] = 500


class Individus(Frozen):
    """Individual files that a secure centre grants: where they lie, their names, the rules.

    The producer's exact names change and could not all be seen: ``colonnes_personnes`` and
    ``colonnes_contrats`` map our column names to the headers found. A file pattern may hold
    ``{millesime}``, ``{voie}`` or ``{horizon}``: what stands there becomes a column. A contract
    counts on day ``jour`` of the month that is ``horizon`` months after July of the leaving year.
    """

    dossier: str = "individus"
    personnes: str = "personnes_{millesime}_{voie}"
    contrats: str = "contrats_{horizon}_{millesime}_{voie}"
    colonnes_personnes: dict[str, str] = Field(default_factory=dict)
    colonnes_contrats: dict[str, str] = Field(default_factory=dict)
    permanents: tuple[str, ...] = ("CDI",)
    moteur: Annotated[
        str,
        form(
            r"duckdb|local(\[[\d*]+\])?|spark://.+|yarn",
            "« duckdb », « local[4] », « spark://hote:7077 » ou « yarn »",
        ),
    ] = "duckdb"
    memoire: Annotated[str, form(r"\d+(MB|GB)", "« 3GB » ou « 500MB »")] = "3GB"
    processeurs: Annotated[int, Field(ge=1)] = 2
    jour: Annotated[int, Field(ge=1, le=28)] = 15
    industrie: Literal["B-E", "filieres"] = "B-E"
    emplois_publics: bool = True
    part_fautes: Part = 0.01
    effectif_minimum: Annotated[int, Field(ge=1)] = 5
    employeurs_minimum: Annotated[int, Field(ge=1)] = 3
    part_dominante: Annotated[float, Field(gt=0, le=1)] = 0.85


class Source(Frozen):
    """Where a source's files lie, and the new names its columns may carry.

    `fichier` is relative to the data folder; ``{rentree}`` or ``{millesime}`` stands for the
    year. `colonnes` maps our column names to the header found in a new vintage.
    """

    fichier: str
    obligatoire: bool = False
    colonnes: dict[str, str] = Field(default_factory=dict)
    telechargement: Telechargement | None = None

    @field_validator("fichier")
    @classmethod
    def _found_in_the_folder(cls, fichier: str) -> str:
        if re.search(r"[{}]", re.sub(r"\{(rentree|millesime)\}", "", fichier, count=1)):
            raise ValueError(
                f"« {fichier} » : accolades non comprises. Attendu : {{rentree}} ou {{millesime}}, "
                "une seule fois"
            )
        return inside(fichier)


def inside(fichier: str) -> str:
    """Return a path in the data folder, written with ``/``; `ValueError` if it leads out of it."""
    path = PurePosixPath(fichier)
    outside = path.is_absolute() or ".." in path.parts or "\\" in fichier
    if not path.name or outside or PureWindowsPath(fichier).drive:
        raise ValueError(
            f"« {fichier} » sort du dossier de données. Attendu : un chemin relatif, avec des "
            "« / », par exemple « inserjeunes/formation_fine.csv »"
        )
    return fichier


class Programme(Frozen):
    """What is evaluated: who, where, when, which targets, outcomes and files."""

    nom: Texte
    titre: Texte
    rentree_debut: Rentree
    graine: Annotated[int, Field(ge=0)]
    territoire: Territoire
    filieres: tuple[Filiere, ...] = Field(min_length=1)
    cibles: tuple[Cible, ...] = Field(min_length=1)
    cout: Cout
    resultats: Resultats
    sources: dict[str, Source]
    contact: str = ""
    projets: tuple[str, ...] = ()
    predecesseur: Predecesseur | None = None
    secret: Secret = Secret()
    seuils: Seuils = Seuils()
    scenarios: tuple[Scenario, ...] = ()
    hypotheses: tuple[Hypothese, ...] = ()
    projection: Annotated[DeclaredProjection, Field(validate_default=True)] = DeclaredProjection()
    emploi: Emploi = Emploi()
    additionnalite: Additionnalite = Additionnalite()
    jumeau: Jumeau = Jumeau()
    individus: Individus = Individus()
    portails: dict[str, Portail] = Field(default_factory=dict)
    dossier: Path = Field(default=Path("."), exclude=True, repr=False)
    lignes: dict[str, int] = Field(default_factory=dict, exclude=True, repr=False)

    @field_validator("filieres", "cibles", "scenarios", "hypotheses")
    @classmethod
    def _written_once(cls, many: tuple, info: ValidationInfo) -> tuple:
        names = [
            f"{one.lien} ({one.niveau})" if isinstance(one, Hypothese) else one.code for one in many
        ]
        if twice := repeated(names):
            raise ValueError(
                f"{liste(twice)} : deux fois dans [[{info.field_name}]]. Gardez une seule section"
            )
        return many

    @field_validator("filieres")
    @classmethod
    def _named_apart(cls, filieres: tuple[Filiere, ...]) -> tuple[Filiere, ...]:
        once((OTHERS, *(filiere.libelle for filiere in filieres)), "libellé(s)")
        return filieres

    @field_validator("scenarios")
    @classmethod
    def _with_a_name_of_its_own(cls, scenarios: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
        once((one.nom for one in scenarios), "nom(s) de scénario, avant « : » du libellé,")
        return scenarios

    @field_validator("cibles")
    @classmethod
    def _told_apart(cls, cibles: tuple[Cible, ...]) -> tuple[Cible, ...]:
        """Refuse two targets of which nothing tells who counts for one and not for the other."""
        said = (f"{one.niveau}, {one.lecture}, {one.echeance}" for one in cibles)
        if twice := repeated(said):
            raise ValueError(
                f"{liste(twice)} : deux cibles de même niveau, même lecture et même échéance, que "
                "rien ne distingue. Réunissez-les en une seule"
            )
        return cibles

    @field_validator("cibles", "scenarios")
    @classmethod
    def _not_before_the_first_seats(cls, many: tuple, info: ValidationInfo) -> tuple:
        start = info.data.get("rentree_debut", FIRST_RENTREE)
        for year, words in _years_of(many):
            if year < start:
                raise ValueError(
                    f"{words} est avant rentree_debut ({start}), première rentrée d'ouverture de "
                    "places. Corrigez l'une des deux années"
                )
        return many

    @field_validator("predecesseur")
    @classmethod
    def _before_and_apart(
        cls, before: Predecesseur | None, info: ValidationInfo
    ) -> Predecesseur | None:
        own = info.data.get("projets") or (info.data.get("nom", ""),)
        if before and before.rentree >= info.data.get("rentree_debut", LAST_RENTREE):
            raise ValueError(f"rentrée {before.rentree}, qui n'est pas avant rentree_debut")
        if before and before.nom.upper() in {name.upper() for name in own}:
            raise ValueError(f"« {before.nom} » est aussi le nom du programme, ou d'un projet")
        return before

    @field_validator("projection")
    @classmethod
    def _up_to_the_last_year(
        cls, projection: DeclaredProjection, info: ValidationInfo
    ) -> DeclaredProjection:
        declared = (*info.data.get("cibles", ()), *info.data.get("scenarios", ()))
        last, words = max(_years_of(declared), default=(0, ""))
        if last > projection.horizon:
            raise ValueError(
                f"horizon {projection.horizon}, avant {words}. Écrivez horizon = {last}, ou plus "
                "tard"
            )
        return projection

    @model_validator(mode="after")
    def _twin_of_known_filieres(self) -> "Programme":
        named = {*self.jumeau.familles.values(), *self.jumeau.parts, *self.jumeau.debouches}
        if lost := sorted(named - set(self.codes_filieres)):
            raise ValueError(f"[jumeau] : filière(s) {liste(lost)} absente(s) de [[filieres]]")
        return self

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        """Write what a notebook shows; ``repr`` tells what decides of a result, kept by it."""
        what, targets = (
            " ; ".join(one.libelle for one in many) for many in (self.filieres, self.cibles)
        )
        printer.text(
            f"Programme « {self.nom} » : {self.titre}\n"
            f"  {self.territoire.region}, à partir de la rentrée {self.rentree_debut}\n"
            f"  filières : {what}\n"
            f"  cibles : {targets}\n"
            f"  dossier : {self.dossier}"
        )

    @property
    def codes_filieres(self) -> tuple[str, ...]:
        """Codes of the programme's filières, in the order they are declared."""
        return tuple(filiere.code for filiere in self.filieres)

    @property
    def noms_projets(self) -> tuple[str, ...]:
        """Names that the register may bear: the predecessor's, and the programme's own."""
        before = (self.predecesseur.nom,) if self.predecesseur else ()
        return (*before, *(self.projets or (self.nom,)))

    def whose(self, first: float) -> str:
        """Return in words whose seats opened from a rentrée on: the predecessor's too, or not."""
        if self.predecesseur and first < self.rentree_debut:
            return liste([self.predecesseur.nom, self.nom])
        return self.nom

    @property
    def mots_filieres(self) -> dict[str, str]:
        """French name of each filière, and of the courses that are in none."""
        named = {filiere.code: filiere.libelle for filiere in self.filieres}
        return {**named, AUTRE: OTHERS}

    @property
    def couleurs(self) -> dict[str, str]:
        """Colour of each filière, by its French name: as declared, else the next one free."""
        declared = {filiere.couleur for filiere in self.filieres}
        free = itertools.cycle([colour for colour in CYCLE if colour not in declared] or CYCLE)
        drawn = {f.libelle: f.couleur or next(free) for f in self.filieres}
        return {**drawn, self.mots_filieres[AUTRE]: GREY}

    @property
    def code(self) -> str:
        """Name of the programme's folder, which is also its reports' folder."""
        return self.dossier.name

    def words(self, own: Iterable[str] = ()) -> AbstractContextManager[None]:
        """Write for its regions inside a ``with``; its texts, and those given, stay as they are."""
        before = self.predecesseur
        names = [self.nom, self.territoire.region, self.cout.source]
        names += [*(one.libelle for one in self.cibles), *(one.libelle for one in self.filieres)]
        names += [before.nom, before.source] if before else []
        texts = [*_texts(self.model_dump()), *own]
        return programme_of(len(self.territoire.codes_regions), texts, names)

    def source(self, name: str) -> Source:
        """Return the source's section, or say that it is missing."""
        if name not in self.sources:
            raise FpiError(
                f"la section [sources.{name}] est absente.{hint(name, self.sources)} Ajoutez-la, "
                "avec « fichier = … », ou copiez celle d'un programme fourni (dossier data).",
                fichier="programme.toml",
            )
        return self.sources[name]

    def scenario(self, code: str) -> Scenario:
        """Return the scenario of that code, or say which ones are declared."""
        for found in self.scenarios:
            if found.code == code:
                return found
        known = liste(s.code for s in self.scenarios) or "aucun"
        raise FpiError(
            f"scénario « {code} » inconnu (déclarés : {known}). Ajoutez une section [[scenarios]].",
            fichier="programme.toml",
        )

    def hypothese(self, lien: str, niveau: str) -> Hypothese:
        """Return the rate assumed for a link of the chain and a level, or say what to add."""
        for found in self.hypotheses:
            if (found.lien, found.niveau) == (lien, niveau):
                return found
        raise FpiError(
            f"aucune hypothèse pour « {lien} » au niveau « {niveau} ». Ajoutez une section "
            "[[hypotheses]] avec lien, niveau, valeur, effectif et source.",
            fichier="programme.toml",
        )

    def where_to_alias(self, source: str) -> str:
        """Return the French words that say where a renamed column is declared."""
        ligne = self.lignes.get(f"sources.{source}.colonnes") or self.lignes.get(
            f"sources.{source}"
        )
        place = f" (ligne {ligne})" if ligne else ""
        return f"[sources.{source}.colonnes] de programme.toml{place}"


def _texts(value: object) -> Iterator[str]:
    """Yield every text that a declaration holds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value.values()])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def parse_rentree(value: str | int) -> int:
    """Return the rentrée of a school year written ``2022-2023`` or ``2022``."""
    text = str(value).strip()
    match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", text)
    if not match:
        raise FpiError(
            f"« {text} » n'est pas une année scolaire. Écrivez « 2022-2023 », ou « 2022 » "
            "pour la rentrée de septembre 2022."
        )
    first, second = int(match[1]), int(match[2] or int(match[1]) + 1)
    if second != first + 1:
        raise FpiError(
            f"« {text} » n'est pas une année scolaire : elle devrait finir en {first + 1}. "
            f"Écrivez « {first}-{first + 1} »."
        )
    if not FIRST_RENTREE <= first <= LAST_RENTREE:
        raise FpiError(
            f"« {text} » : la rentrée doit être entre {FIRST_RENTREE} et {LAST_RENTREE}."
        )
    return first


def shipped() -> Programme:
    """Return the programme that the library comes with."""
    return load_programme(PROJECT / "data" / declared(PROJECT / "data" / DEFAULT))


@known_options
def load_programme(name: str | Path = "") -> Programme:
    """Return the programme described by `programme.toml` in the folder (or of that name).

    Without a name: see `find_programme`. Raises `FpiError`: file absent, not TOML, key missing,
    unknown or of the wrong type: with its line.
    """
    folder = find_programme(name)
    path = folder / "programme.toml"
    content = path.read_bytes()
    verify(path, content)
    raw, data = read_toml(path, content)
    lines = key_lines(raw)
    data |= {"dossier": folder, "lignes": lines}
    try:
        return Programme.model_validate(data)
    except ValidationError as error:
        raise in_french(error, path, lines) from error
