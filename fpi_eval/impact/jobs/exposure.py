"""Jobs in the sectors that graduates feed: zone d'emploi × sector, shift-share errors."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from fpi_eval import plots, text
from fpi_eval.absent import attempt
from fpi_eval.errors import FpiError
from fpi_eval.regression.absorb import Absorber
from fpi_eval.regression.linear import COLLINEAR, lengths
from fpi_eval.regression.rows import sum_by
from fpi_eval.regression.sandwich import codes
from fpi_eval.regression.shift_share import ENOUGH_SHOCKS, ShiftShare, shift_share
from fpi_eval.results import Result

DESCRIPTION = (
    "Croissance de l'emploi des zones d'emploi × secteurs sur les diplômés attendus par emploi, "
    "pondérée par l'emploi de départ, effets de zone et de secteur absorbés ; erreurs tenant "
    "compte des formations communes à plusieurs zones (Adão, Kolesár et Morales, 2019 ; Borusyak, "
    "Hull et Jaravel, 2022). Intervalle qui impose la valeur testée : avec 30 formations il "
    "contient le vrai effet environ 95 fois sur 100, et 1,96 fois l'erreur moins souvent. "
    "Instrumentée : les places sont allées où on l'a voulu ; les lieux où ces "
    "formations étaient enseignées avant ne suivent pas l'emploi d'après (Bartik, 1991)."
)


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """Zone × sector units and how many graduates of each course each job there is exposed to.

    ``units`` has columns code_zone, code_region, secteur, start, end (jobs), growth, exposure;
    ``shares`` (n_units, n_courses) times ``shocks`` (graduates per course) is the exposure;
    ``years`` separate both dates.
    """

    units: pd.DataFrame
    shares: np.ndarray
    shocks: np.ndarray
    courses: tuple[str, ...]
    years: int = 1
    dropped: tuple[tuple[str, int], ...] = ()


def exposure_panel(
    jobs: pd.DataFrame,
    mix: pd.DataFrame,
    graduates: pd.Series,
    secteurs: pd.DataFrame,
    *,
    start: int,
    end: int,
) -> Exposure:
    r"""Return units, shares and shocks of the zone × sector regression.

    .. math:: x_{zs} = \frac{1}{E_{zs}} \sum_k m_{zk}\, q_{k \to s}(z)\, g_k, \qquad
              q_{k \to s}(z) = \frac{E_{zs}}{\sum_{s' \in S(k)} E_{zs'}}

    A course's graduates go to the zones that taught it before, and there to the sectors its
    filière feeds, in proportion of their jobs: the slope on x reads *jobs per graduate*.

    Parameters
    ----------
    jobs : DataFrame
        code_zone, code_region, secteur, annee, emplois.
    mix : DataFrame
        code_zone, course, filiere, part: where each course was taught before (parts of a course
        add up to 1 over all zones).
    graduates : Series
        Net graduates by course (index), the shocks.
    secteurs : DataFrame
        filiere, na38.
    start, end : int
        Years (31 December) between which jobs grow.
    """
    units = _units(jobs, secteurs, start, end)
    lost = int(units["growth"].isna().sum())
    units = units.dropna(subset=["growth"]).reset_index(drop=True)
    courses = [c for c in mix["course"].drop_duplicates() if c in graduates.index]
    if not courses:
        raise FpiError("aucune formation n'a à la fois des diplômés et un lieu d'enseignement.")
    shares = np.column_stack([_shares(units, mix[mix["course"] == c], secteurs) for c in courses])
    shocks = graduates.loc[courses].to_numpy(float)
    units = units.assign(exposure=shares @ shocks)
    return Exposure(
        units,
        shares,
        shocks,
        tuple(courses),
        end - start,
        (("zone × secteur sans emploi connu aux deux dates", lost),),
    )


def _units(jobs: pd.DataFrame, secteurs: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """Return zone × fed sector with jobs at both dates; a zone lies in its largest region."""
    fed = jobs[jobs["secteur"].isin(secteurs["na38"]) & jobs["annee"].isin([start, end])]
    if set(fed["annee"]) != {start, end}:
        raise FpiError(f"les années {start} et {end} ne sont pas toutes deux dans les emplois.")
    regions = jobs.groupby(["code_zone", "code_region"])["emplois"].sum().reset_index()
    regions = regions.sort_values("emplois", kind="stable").drop_duplicates(
        "code_zone", keep="last"
    )
    wide = fed.pivot_table(
        index=["code_zone", "secteur"],
        columns="annee",
        values="emplois",
        aggfunc=lambda v: v.sum(min_count=1),
    )
    wide = wide.rename(columns={start: "start", end: "end"}).rename_axis(columns=None).reset_index()
    wide["growth"] = (wide["end"] / wide["start"] - 1).where(wide["start"] > 0)
    return wide.merge(regions[["code_zone", "code_region"]], on="code_zone")


def _shares(units: pd.DataFrame, where: pd.DataFrame, secteurs: pd.DataFrame) -> np.ndarray:
    """Return one course's graduates per job of each unit, for one graduate in all."""
    fed = secteurs.loc[secteurs["filiere"] == where["filiere"].iloc[0], "na38"]
    inside = units["secteur"].isin(fed)
    total = units["start"].where(inside, 0.0).groupby(units["code_zone"]).transform("sum")
    part = units["code_zone"].map(where.groupby("code_zone")["part"].sum()).fillna(0.0)
    per_job = np.divide(part, total, out=np.zeros(len(units)), where=(total > 0).to_numpy())
    return np.where(inside, per_job, 0.0)


LABEL = "Emplois par personne"
INSTRUMENTED = "Instrumentés par l'enseignement d'avant"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExposureEstimate(Result):
    """Jobs per net graduate with shift-share inference, and the zone-clustered error beside it."""

    caption = "Effet de l'exposition sur l'emploi"
    methode = DESCRIPTION

    found: ShiftShare
    se_zone: float
    n_zones: int
    dropped: tuple[tuple[str, int], ...] = field(default=())
    instrumented: ShiftShare | None = None

    def summary(self) -> str:
        """Return French sentences: estimate, interval, whether shocks are numerous enough."""
        f = self.found
        lines = [
            f"Emplois par personne sortie d'une place ouverte : {_said(f)} ; "
            f"{text.nombre(f.n_units)} zones × secteurs, {text.nombre(self.n_zones)} zones."
        ]
        if self.instrumented is not None and self.instrumented.trusted:
            lines.append(
                f"Instrumentés par les lieux d'enseignement d'avant : {_said(self.instrumented)}."
            )
        return "\n".join(lines if f.trusted else [self.caveat, *lines])

    @property
    def caveat(self) -> str:
        """What forbids to conclude, "" if nothing does."""
        f = self.found
        if f.trusted:
            return ""
        return (
            f"L'exposition ne repose que sur l'équivalent de {text.nombre(f.effective_shocks)} "
            f"formations (il en faut au moins {ENOUGH_SHOCKS}, la plus grande ne dépassant "
            f"pas 10 % ; ici {text.pourcent(f.largest_share, 0)}) : on n'en conclut rien, le plus "
            "petit effet décelable en dit davantage."
        )

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the interval that imposes the tested value; infinite if nothing bounds it."""
        return _ends(self.found)

    def to_frame(self) -> pd.DataFrame:
        """Return one tidy row, and one more where past teaching instruments the exposure."""
        rows = [self._row(LABEL, self.found, self.se_zone)]
        if self.instrumented is not None:
            rows.append(self._row(INSTRUMENTED, self.instrumented, np.nan))
        return pd.DataFrame(rows)

    def _row(self, label: str, f: ShiftShare, se_zone: float) -> dict[str, object]:
        low, high = _ends(f)
        return {
            "label": label,
            "estimate": f.estimate,
            "std_error": f.se_akm,
            "ci_low": low,
            "ci_high": high,
            "se_akm": f.se_akm,
            "se_bhj": f.se_bhj,
            "se_zone": se_zone,
            "akm0_low": f.akm0.low if f.akm0.bounded else np.nan,
            "akm0_high": f.akm0.high if f.akm0.bounded else np.nan,
            "effective_shocks": f.effective_shocks,
            "largest_share": f.largest_share,
            "n_units": f.n_units,
            "n_zones": self.n_zones,
            "trusted": f.trusted,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the estimates and their intervals; no line where nothing bounds one."""
        table = self.to_frame().replace([np.inf, -np.inf], np.nan)
        return plots.estimates(table, ax, xlabel="Emplois par personne sortie, intervalle à 95 %")


def _ends(found: ShiftShare) -> tuple[float, float]:
    return (found.akm0.low, found.akm0.high) if found.akm0.bounded else (-np.inf, np.inf)


def _said(found: ShiftShare) -> str:
    ends = found.akm0
    interval = (
        f"intervalle à 95 % {text.intervalle(ends.low, ends.high, 1)}"
        if ends.bounded
        else "intervalle non borné"
    )
    return f"{text.signe(found.estimate, 1)} ({interval})"


def exposure_regression(panel: Exposure, taught: Exposure | None = None) -> ExposureEstimate:
    """Return jobs per graduate, zones and sectors absorbed.

    ``taught``: the same seats where their courses were taught before, which then instrument those
    of ``panel``, chosen where they are.
    """
    units, shares = panel.units, panel.shares
    used = (shares > 0).any(axis=0)
    y, x, w = net_of_effects(units, shares)
    found = shift_share(y, x, shares[:, used], panel.shocks[used], weights=w)
    zone = codes(units["code_zone"].to_numpy())[0]
    sums = sum_by(zone, w * x * (y - found.estimate * x))
    n = len(sums)
    se_zone = float(np.sqrt(n / (n - 1) * sums @ sums) / (w @ x**2))
    by_taught = None if taught is None else attempt(_instrumented, units, taught) or None
    return ExposureEstimate(found, se_zone, n, panel.dropped, by_taught)


def _instrumented(units: pd.DataFrame, taught: Exposure) -> ShiftShare:
    """Return the slope on the units' exposure, instrumented by that of past teaching."""
    used = (taught.shares > 0).any(axis=0)
    y, d, w = net_of_effects(units, taught.shares)
    x = net_of_effects(taught.units, taught.shares)[1]
    shares, shocks = taught.shares[:, used], taught.shocks[used]
    return shift_share(y, x, shares, shocks, endogenous=d, weights=w)


def net_of_effects(
    units: pd.DataFrame, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return growth and exposure net of zones, sectors and the sum of shares, and weights.

    An exposure that these hold whole (one course, or as many graduates of each) is zero, not the
    rounding error that is left of it.
    """
    w = units["start"].to_numpy(float)
    absorber = Absorber([units["code_zone"].to_numpy(), units["secteur"].to_numpy()], w)
    given = np.column_stack([units["growth"], units["exposure"], shares.sum(axis=1)])
    net, before = absorber.residualize(given), lengths(given, w)
    control = net[:, 2]
    if np.sqrt(size := w @ control**2) > COLLINEAR * before[2]:
        slope = (w * control) @ net[:, :2] / size
        net[:, :2] -= np.outer(control, slope)
    if np.sqrt(w @ net[:, 1] ** 2) <= COLLINEAR * before[1]:
        net[:, 1] = 0.0
    return net[:, 0], net[:, 1], w
