"""All the parameters of the twin in one frozen object, and the named scenarios."""

from dataclasses import dataclass, fields, replace

from fpi_eval.errors import FpiError
from fpi_eval.misspelt import Named

_PROBABILITIES = (
    "fill", "anticipation", "empty_seats", "closures", "displacement_etablissement",
    "displacement_departement", "displacement_academie", "nouvelle_share", "marginal_penalty",
    "other_openings", "renoncement", "courses_taught", "cell_memory", "region_shock_share",
    "displacement_region", "closures_cible", "etapes", "hors_registre",
)  # fmt: skip
_SHARES = ("retention_", "success_", "industry_share_")
_POSITIVE = ("_walk", "_noise", "_sd", "_error", "dispersion", "masques")
FIRST, LAST = 2016, 2031  # rentrées that a twin shows
LONGEST = 0.99  # memory of a cell's shocks: at 1 their variance has no bound


@dataclass(frozen=True, slots=True)
class TwinParameters:
    """What the simulated France and the simulated programme are made of.

    Every field below ``# switches`` is off (neutral) by default; ``SCENARIOS`` turns them on.
    Standard deviations are in log points a year unless said otherwise.

    Parameters
    ----------
    n_cells_region, n_cells_other : int
        Establishment × course × voie cells, 100 to 200,000 each. Default 2,500 and 15,000: of the
        19,641 Affelnet rows of rentrée 2022 a large region has 2,247, of the 12,971 of Parcoursup
        BTS 2023, 1,699.
    courses_taught : float
        Share of the catalogue that is taught, the most common courses of each level and
        filière; 1, or less in a small twin, where rare courses would have no comparison.
    predecessor_seats, seats_secondaire, seats_superieur : int or None
        Seats that the programme before opened, and that the programme plans by level at full
        scale with 2,500 cells in the region; smaller twins plan in proportion of the square root
        of their size. None: the programme's own.
    doses : tuple of int
        Seats of one opening, drawn with equal chances: 6, 12, 15, 24, the usual group sizes.
    treated_etablissements : int or None
        Establishments that open seats; 60 for 2,500 cells if None. 1 or more.
    nouvelle_share : float
        Share of openings in courses that did not exist there before.
    renoncement : float
        Share of planned openings that open half of their seats only: planned ≠ opened.
    fill : float
        Extra entrants per extra seat, 0 to 1. 0.80: Parcoursup 2018–2019 BTS admit 0.88 per
        place on average, and marginal seats fill less.
    marginal_penalty : float
        Relative loss of exam success of the extra pupils. 0.05, assumed.
    retention_*, success_* : float
        Entrants still there in the final year; graduates per final-year student. Enrolment
        2020 (CAP 0.91, BTS 0.78), bac 2025 (0.84), CAP 2016 (0.84): DEPP; BTS: SIES.
    region_walk, departement_walk, course_walk, etablissement_walk : float
        Random-walk steps of log entrants, 0 or more: regions and départements have lives of
        their own. 0.010, 0.015, 0.020, 0.010, assumed as in the method note.
    cell_memory : float
        Share of a cell's shock that is still there a year later, 0 to 0.99. `LIFELIKE` has what
        results by lycée show (`moments.dynamics`).
    cell_tails : float
        Degrees of freedom (Student) of the cells' shocks, over 2; 0: a normal law. Together they
        stay within 14 standard deviations, as yearly changes do in results by lycée.
    cell_noise, dispersion : float
        Yearly cell shock (log), and variance-to-mean ratio of a normal noise of entrants that is
        then multiplied by 0.6 upwards and 1.1 downwards: the ratio left is 0.745 times it (0.186
        for 0.25), and the mean falls by 0.2 √(0.25 × mean). 0.06 and 0.25, set on the 0.33 of BTS
        admissions between 2018 and 2019 at unchanged capacity (Parcoursup).
    trend_sd : float
        Permanent cell trend, log per year.
    places_up, places_down : float
        Yearly chance that a declared capacity is revised: their sum counts, each first revision
        is up or down with equal chances and the next one brings the usual capacity back. It is
        multiplied by 3.5 in apprenticeship, 1.75 for a BTS, 0.6 for a CAP, 1.1 elsewhere, and
        falls on 60 %, 35 %, 25 % and 25 % of cells (Affelnet 2021→2022: 6.0 % up, 5.8 % down;
        Parcoursup BTS 2022→2023 about 10 %, apprenticeship 20 %).
    industry_share_target, industry_share_other : float
        Share of the employed who work in the region's industry. 0.66 and 0.12: a third of those
        trained for industry work elsewhere (La Fabrique de l'industrie).
    ramp_up : tuple of float
        Switch. Fill multiplier at ages 0, 1, 2 and more of an opening; (0.75, 0.9, 1) when on.
    concavity : float
        Switch. Loss of fill per 12 seats from 12: a loss beyond, a gain under (six seats fill 0.85
        and not 0.80); 0.10 when on.
    displacement_etablissement, displacement_departement : float
        Switches. Entrants lost per filled seat by the other courses of the establishment, and
        by the same family elsewhere in the département; 0.15 each when on.
    region_shock, region_shock_share : float
        Switch. Log shift of targeted courses of the region from the first rentrée on, seats or
        not, and the share of these courses that it hits. At 1, region × session effects absorb it.
        Below, courses are drawn, and `selection_trend` prefers them as it does those that grow.
    selection_trend, selection_pressure : float
        Switches. Log-odds of opening per standard deviation of the cell's trend, or of its
        pressure (first wishes per place) at the rentrée before; 0.12 to 1.5 in scenarios. Real
        capacities rise with .12 on growth, .33 (Affelnet) and −.04 (BTS) on pressure
        (`benchmarks/selection.py`).
    other_openings : float
        Switch. Yearly share of cells of other regions that open seats on their own budget.
    displacement_academie : float
        Switch. Share of the filled seats taken from the family in the académie's other
        départements; 0.2 when on.
    displacement_region : float
        Switch. The same from the family in the region's other académies; 0.2 when on.
    closures, closures_cible : float
        Switches. Seats closed elsewhere in the académie per programme seat opened, 0.5 when on;
        share of these closures that fall on targeted courses.
    etapes : float
        Switch. Share of openings that come in two steps: half of the seats, the rest a year later.
    hors_registre : float
        Switch. Yearly share of the region's targeted cells that open seats which no register
        tells, as `other_openings` elsewhere.
    course_trend_region : float
        Switch. Extra log trend a year of targeted courses in the region over the same elsewhere.
    anticipation : float
        Switch. Extra entrants per seat at the rentrée before the opening; 0.15 when on.
    cohort_effects : tuple of (int, float)
        Switch. Fill multiplier by wave; missing waves keep 1.
    effect_growth : float
        Switch. Growth of the fill multiplier with each year since the opening.
    empty_seats : float
        Switch. Share of openings whose seats nobody fills.
    reform : float
        Switch. Standard deviation of a shock of each course, one draw everywhere, that starts a
        year after the programme and stays.
    renovation : float
        Switch. Standard deviation of a lasting log shock of each cell of a renovated course from
        its renovation on (2018 to 2025).
    seats_error : float
        Switch. Standard deviation (log) of the error in declared seats.
    masques : int
        Switch. Outcomes of the panel are missing in years when a cell has fewer final-year pupils.
    visible_depuis : int
        Switch. First rentrée of the panel; 2019 leaves three before the first opening of 2022.
    """

    n_cells_region: int = 2_500
    n_cells_other: int = 15_000
    courses_taught: float = 1.0
    predecessor_seats: int | None = None
    seats_secondaire: int | None = None
    seats_superieur: int | None = None
    doses: tuple[int, ...] = (6, 12, 15, 24)
    treated_etablissements: int | None = None
    nouvelle_share: float = 0.10
    renoncement: float = 0.10
    fill: float = 0.80
    marginal_penalty: float = 0.05
    retention_mc: float = 1.0
    retention_cap: float = 0.90
    retention_bacpro: float = 0.88
    retention_bacpro_premiere: float = 0.925
    retention_bts: float = 0.78
    success_mc: float = 0.85
    success_cap: float = 0.84
    success_bacpro: float = 0.84
    success_bts: float = 0.78
    region_walk: float = 0.010
    departement_walk: float = 0.015
    course_walk: float = 0.020
    etablissement_walk: float = 0.010
    cell_noise: float = 0.06
    cell_memory: float = 0.0
    cell_tails: float = 0.0
    dispersion: float = 0.25
    trend_sd: float = 0.005
    places_up: float = 0.060
    places_down: float = 0.058
    industry_share_target: float = 0.66
    industry_share_other: float = 0.12
    # switches
    ramp_up: tuple[float, ...] = (1.0,)
    concavity: float = 0.0
    displacement_etablissement: float = 0.0
    displacement_departement: float = 0.0
    region_shock: float = 0.0
    region_shock_share: float = 1.0
    selection_trend: float = 0.0
    selection_pressure: float = 0.0
    other_openings: float = 0.0
    closures: float = 0.0
    closures_cible: float = 0.0
    displacement_academie: float = 0.0
    displacement_region: float = 0.0
    etapes: float = 0.0
    hors_registre: float = 0.0
    course_trend_region: float = 0.0
    anticipation: float = 0.0
    cohort_effects: tuple[tuple[int, float], ...] = ()
    effect_growth: float = 0.0
    empty_seats: float = 0.0
    reform: float = 0.0
    renovation: float = 0.0
    seats_error: float = 0.0
    masques: int = 0
    visible_depuis: int = 2016

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if (name in _PROBABILITIES or name.startswith(_SHARES)) and not 0 <= value <= 1:
                raise FpiError(f"jumeau : « {name} » vaut {value} ; attendu entre 0 et 1.")
            if name.endswith(_POSITIVE) and not value >= 0:
                raise FpiError(f"jumeau : « {name} » vaut {value} ; attendu positif ou nul.")
        for name in ("n_cells_region", "n_cells_other"):
            if not 100 <= getattr(self, name) <= 200_000:
                value = getattr(self, name)
                raise FpiError(f"jumeau : « {name} » vaut {value} ; attendu entre 100 et 200 000.")
        if not self.doses or min(self.doses) < 1 or not self.ramp_up:
            raise FpiError(
                "jumeau : « doses » et « ramp_up » attendent une valeur au moins, et une dose une "
                "place au moins."
            )
        if self.cell_memory > LONGEST:
            value = self.cell_memory
            raise FpiError(f"jumeau : « cell_memory » vaut {value} ; attendu 0 à {LONGEST}.")
        if self.cell_tails and not self.cell_tails > 2:
            value = self.cell_tails
            raise FpiError(f"jumeau : « cell_tails » vaut {value} ; attendu 0 ou plus de 2.")
        if not FIRST <= self.visible_depuis <= LAST:
            value = self.visible_depuis
            raise FpiError(f"jumeau : « visible_depuis » vaut {value} ; attendu {FIRST} à {LAST}.")
        if self.treated_etablissements is not None and self.treated_etablissements < 1:
            raise FpiError("jumeau : il faut au moins un établissement qui ouvre des places.")

    @property
    def scale(self) -> float:
        """Size of the programme relative to a twin of 2,500 cells (square root, at most 1)."""
        return min(1.0, (self.n_cells_region / 2_500) ** 0.5)

    @property
    def n_treated(self) -> int:
        """Number of establishments that open seats."""
        return self.treated_etablissements or max(6, round(60 * self.scale))


DEFAULT = TwinParameters()

#: Method note, C1: every channel of the realistic programme.
REALISTIC = replace(
    DEFAULT, ramp_up=(0.75, 0.90, 1.0), concavity=0.10, displacement_etablissement=0.15,
    displacement_departement=0.15,
)  # fmt: skip

#: The small twin: about 300 cells in the region and 900 elsewhere.
SMALL = replace(REALISTIC, n_cells_region=300, n_cells_other=900, courses_taught=0.15)

#: Shocks that last, as in results by lycée 2014–2017: `moments.dynamics` .12 and 2.4, 831 schools.
LIVELY = replace(REALISTIC, cell_noise=0.15, cell_memory=0.85)

#: Shocks that last and have heavy tails, between pupils of 2019–2022 and results of 2014–2017.
LIFELIKE = replace(REALISTIC, cell_noise=0.16, cell_memory=0.80, cell_tails=3.5)

#: The set that a fresh install and the example report evaluate: lifelike and small.
DELIVERED = replace(
    LIFELIKE, n_cells_region=300, n_cells_other=900, courses_taught=0.15, selection_pressure=0.2,
    selection_trend=0.12,
)  # fmt: skip

SCENARIOS: Named[TwinParameters] = Named({
    "benign": replace(DEFAULT, region_walk=0.0, departement_walk=0.0, marginal_penalty=0.0),
    "realistic": REALISTIC,
    "dep_shock": replace(REALISTIC, departement_walk=0.04),
    "region_shock_some": replace(
        REALISTIC, region_shock=0.10, region_shock_share=0.5, selection_trend=1.5, trend_sd=0.0,
    ),
    "sel_trend": replace(REALISTIC, selection_trend=1.5, trend_sd=0.010),
    "null": replace(REALISTIC, fill=0.0),
    "few20": replace(REALISTIC, treated_etablissements=20),
    "few10": replace(REALISTIC, treated_etablissements=10),
    "few4": replace(REALISTIC, treated_etablissements=4),
    "few1": replace(REALISTIC, treated_etablissements=1),
    "ramp_up": replace(DEFAULT, ramp_up=(0.75, 0.90, 1.0)),
    "concavity": replace(DEFAULT, concavity=0.10),
    "other_openings": replace(DEFAULT, other_openings=0.02),
    "closures": replace(DEFAULT, closures=0.5),
    "closures_cible": replace(DEFAULT, closures=0.5, closures_cible=0.5),
    "displacement_academie": replace(REALISTIC, displacement_academie=0.2),
    "displacement_region": replace(REALISTIC, displacement_region=0.2),
    "etapes": replace(REALISTIC, etapes=0.5),
    "hors_registre": replace(REALISTIC, hors_registre=0.02),
    "course_trends": replace(DEFAULT, course_trend_region=0.01),
    "anticipation": replace(DEFAULT, anticipation=0.15),
    "displacement_etablissement": replace(DEFAULT, displacement_etablissement=0.15),
    "displacement_departement": replace(DEFAULT, displacement_departement=0.15),
    "cohort_effects": replace(
        DEFAULT,
        cohort_effects=((2022, 1.1), (2024, 0.95), (2025, 0.80), (2026, 0.65)),
        effect_growth=0.05,
    ),
    "selection_pressure": replace(DEFAULT, selection_pressure=1.5),
    "empty_seats": replace(DEFAULT, empty_seats=0.20),
    "reform": replace(DEFAULT, reform=0.08),
    "renovation": replace(DEFAULT, renovation=0.15),
    "seats_error": replace(DEFAULT, seats_error=0.20),
    "masques": replace(REALISTIC, masques=20),
    "trois_ans_avant": replace(REALISTIC, visible_depuis=2019),
    "lifelike": LIFELIKE,
    "lifelike_selected": replace(LIFELIKE, selection_pressure=0.2, selection_trend=0.12),
    "lifelike_everything": replace(
        LIFELIKE, selection_pressure=0.5, selection_trend=0.5, other_openings=0.01, closures=0.25,
        closures_cible=0.5, etapes=0.3, displacement_academie=0.1, region_shock=0.05,
        region_shock_share=0.5, renovation=0.10,
    ),
    "lively": LIVELY,
    "lively_sel_trend": replace(LIVELY, selection_trend=1.5, trend_sd=0.02),
    "lively_pressure": replace(LIVELY, selection_pressure=1.5),
})  # fmt: skip
