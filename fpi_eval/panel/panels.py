"""All panels of a run, built once: what notebooks begin with."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from fpi_eval.panel import admissions, secteurs, tension
from fpi_eval.panel.bts_passage import Matching, match_bts, passage_panel
from fpi_eval.panel.capacites import Capacites, capacites
from fpi_eval.panel.identity import BTS, latest_uai, options_of_bts, renovations
from fpi_eval.panel.loading import Donnees
from fpi_eval.panel.matching import departement_of, with_kin
from fpi_eval.panel.publication import last_counted
from fpi_eval.panel.regional_panel import build_regional_panel, entry_places, outcomes, with_course
from fpi_eval.panel.run_files import REFERENCE
from fpi_eval.sources.declared_filieres import read_filieres
from fpi_eval.sources.inserjeunes_region import INSERJEUNES_REGION
from fpi_eval.sources.parcoursup import PARCOURSUP
from fpi_eval.sources.reading.schema import no_rows
from fpi_eval.sources.register.observed import derive_openings
from fpi_eval.sources.register.openings import REGISTRE
from fpi_eval.sources.register.reconcile import reconcile
from fpi_eval.traced import note
from fpi_eval.twin.courses import with_families

# Diplomas that Parcoursup names among its BTS: métiers d'art, and those assimilated to a BTS.
OTHER_BTS = frozenset({"321", "322"})


@dataclass(frozen=True, eq=False)
class Panels:
    """Tables of a run; each is made when first asked for."""

    donnees: Donnees

    @cached_property
    def filieres(self) -> pd.DataFrame:
        """Declared table: NSF group or diploma → filière, exceptions holding for whole courses."""
        programme, codes = self.donnees.programme, self.donnees.nomenclatures
        declared = read_filieres(programme)
        if self.donnees.simulees:  # invented diplomas bear no code that the programme could name
            declared = with_families(declared, programme)
        return with_kin(declared, self.identity, codes.options_bts)

    @property
    def identity(self) -> pd.DataFrame:
        """Diploma code → course, one identity through renovation; NSF group, type, level."""
        return self.donnees.identity

    @cached_property
    def capacites(self) -> Capacites:
        """Entry places per establishment × course × voie × rentrée."""
        return capacites(self.donnees, self.identity, self.filieres)

    @cached_property
    def inserjeunes(self) -> pd.DataFrame:
        """InserJeunes rows with course, filière and level."""
        found = self.donnees.a("inserjeunes_region")
        rows = self.donnees.table("inserjeunes_region") if found else no_rows(INSERJEUNES_REGION)
        return with_course(rows, self.donnees.nomenclatures.mef, self.identity, self.filieres)

    @cached_property
    def resultats(self) -> pd.DataFrame:
        """Outcomes by region × course × voie × millésime."""
        return outcomes(self.inserjeunes)

    @cached_property
    def regional(self) -> pd.DataFrame:
        """The real panel: outcomes beside the places of the cohorts that they hold."""
        return build_regional_panel(self.resultats, entry_places(self.places_par_option))

    @cached_property
    def places_par_option(self) -> pd.DataFrame:
        """Entry places with those of a common BTS first year shared among its options.

        Each option has an equal part, the publisher giving none: good for a region's totals,
        meaningless for one establishment.
        """
        rows = self.capacites.table
        options = options_of_bts(rows["mefstat11"], self.donnees.nomenclatures)
        both = rows.merge(options, "left", "mefstat11")
        courses = self.identity.drop_duplicates("cfd").set_index("cfd")["course"]
        return both.assign(
            course=both["course"].mask(both["part"].notna(), both["cfd_terminale"].map(courses)),
            places=both["places"] * both["part"].fillna(1.0),
        )

    @cached_property
    def bts(self) -> pd.DataFrame:
        """BTS rows of Parcoursup 2018 and 2019, distance learning set aside, with region."""
        found = self.donnees.a("parcoursup")
        rows = self.donnees.table("parcoursup") if found else no_rows(PARCOURSUP)
        rows = rows.assign(a_distance=rows.get("a_distance", False)).astype({"a_distance": bool})
        rows = rows[(rows["type_formation"] == "BTS") & ~rows["a_distance"]]
        regions = self.donnees.nomenclatures.departements.drop_duplicates("code_departement")
        code = rows["code_departement"].fillna(departement_of(rows["uai"], regions))
        regions = regions.set_index("code_departement")["code_region"]
        return rows.assign(code_region=code.map(regions)).reset_index(drop=True)

    @cached_property
    def appariement_bts(self) -> Matching:
        """BTS names of Parcoursup matched with diplomas."""
        return self._matched(self.bts)

    def _matched(self, rows: pd.DataFrame) -> Matching:
        codes = self.donnees.nomenclatures.diplomes
        diplomes = codes[codes["niveau_diplome"].isin(BTS | OTHER_BTS)].rename(
            columns={"date_ouverture": "ouverture", "date_fermeture": "fermeture"}
        )
        declared = pd.read_csv(REFERENCE / "parcoursup_bts.csv", sep=";", dtype="str")
        return match_bts(rows, diplomes, declared)

    @cached_property
    def admissions(self) -> pd.DataFrame:
        """Women and men admitted in BTS on Parcoursup, per cell × rentrée; empty without files."""
        rows = admissions.read(self.donnees)
        if rows.empty:
            return pd.DataFrame(columns=admissions.COLUMNS)
        links = self._matched(rows).links
        return admissions.by_cell(rows, links, self.donnees, self.identity)

    @cached_property
    def passage(self) -> pd.DataFrame:
        """Region × BTS × millésime: places of 2018 and 2019, final-year students."""
        links = self.appariement_bts.links
        table = passage_panel(self.bts, links, self.resultats, self.identity)
        return table[table["filiere"].isin(self.donnees.programme.codes_filieres)].reset_index(
            drop=True
        )

    @cached_property
    def registre(self) -> pd.DataFrame:
        """Register of openings up to the rentrée, latest UAI; empty when the folder holds none."""
        if not self.donnees.a("ouvertures"):
            return pd.DataFrame(columns=[column.name for column in REGISTRE.columns])
        rows = self.donnees.table("ouvertures")
        return rows.assign(uai=latest_uai(rows["uai"], self.donnees.changements_uai))

    @cached_property
    def rapprochement(self) -> pd.DataFrame:
        """Register beside the places observed in capacity files the same rentrée."""
        return reconcile(self.registre, self.capacites.table, continuity=self._followed)

    @cached_property
    def _followed(self) -> pd.DataFrame:
        """Renovations of diplomas: old code, new code, and whether one became one."""
        names = {"ancien": "ancien_cfd", "nouveau": "nouveau_cfd"}
        return renovations(self.donnees.nomenclatures.diplomes).rename(columns=names)

    @cached_property
    def secteurs(self) -> pd.DataFrame:
        """Declared table: filière → sectors it feeds (NAF 38); empty where none is declared."""
        return secteurs.of_programme(self.donnees.programme)

    @cached_property
    def tension(self) -> tension.Tension | None:
        """Tension of the occupations that each NSF group leads to, in the programme's region.

        None when the folder has no Dares file or the programme does not declare ``metiers.csv``.
        """
        programme = self.donnees.programme
        if not (self.donnees.a("tensions") and (programme.dossier / tension.FILE).is_file()):
            return None
        metiers = tension.read_metiers(programme, self.filieres["code"])
        rows = self.donnees.table("tensions")
        return tension.tension_of(metiers, rows, programme.territoire.codes_regions)

    @cached_property
    def emplois(self) -> pd.DataFrame:
        """Jobs by zone d'emploi, département, sector and year already published (Urssaf).

        Empty when the folder holds no Urssaf file.
        """
        files = secteurs.urssaf_files(self.donnees.programme, self.donnees.dossier)
        if not files:
            return pd.DataFrame(columns=list(secteurs.EMPLOIS))
        note([files[secteurs.SOURCE].relative_to(self.donnees.dossier).as_posix()])
        table = secteurs.read_emplois(self.donnees.programme, files).table
        return table[table["annee"] <= last_counted(self.donnees.rentree)].reset_index(drop=True)

    @cached_property
    def derivees(self) -> pd.DataFrame:
        """Seat increases that capacity files show by themselves, in every region.

        Seats follow their course through a renovation; where a diploma splits or merges in the
        establishment, nothing is derived.
        """
        openings = derive_openings(self.capacites.table, continuity=self._followed)
        coded = with_course(openings, self.donnees.nomenclatures.mef, self.identity, self.filieres)
        regions = self.donnees.nomenclatures.departements.drop_duplicates("code_departement")
        regions = regions.set_index("code_departement")["code_region"]
        return coded.assign(code_region=coded["code_departement"].map(regions))


def du_programme(p: Panels) -> pd.DataFrame:
    """Return the register's openings of the programme itself, its predecessor set apart."""
    before = p.donnees.programme.predecesseur
    register = p.registre
    if before is None:
        return register
    return register[register["projet"] != before.nom.upper()]
