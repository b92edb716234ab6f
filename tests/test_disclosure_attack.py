"""An adversary with the workbook, the HTML pages and last year's report recovers no hidden cell.

The adversary shares no code with the protector: it reads the files as anyone could, knows which
courses exist where, and solves its own linear programs, one unknown per establishment, course,
voie and year.
"""

import io
from dataclasses import dataclass
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import milp

from fpi_eval.disclosure import Parts, Rate, audit, hiding, protect
from fpi_eval.sheets import Column, Sheet
from fpi_eval.workbook import write_workbook

PLACE = ["academie", "departement", "uai", "filiere", "voie"]
DIMS = [*PLACE, "rentree"]
COUNTS = ["terminale", "poursuite", "sortants", "en_emploi_6_mois", "autres"]
RATES = (
    Rate("taux_emploi_6_mois", "en_emploi_6_mois", "sortants"),
    Rate("part_poursuite", "poursuite", "terminale"),
    Rate("part_en_emploi", "en_emploi_6_mois", "terminale"),
    Rate("part_autres", "autres", "terminale"),
)
PARTS = (
    Parts("terminale", ("poursuite", "sortants"), exhaustive=True),
    Parts("sortants", ("en_emploi_6_mois", "autres"), exhaustive=True),
)
REGION = [("filiere", "voie"), ("filiere",), ("voie",), ()]
LAST = [("academie", "departement", "filiere"), ("academie", "departement"), ("academie",), *REGION]
NOW = [
    ("academie", "departement", "uai", "filiere"),
    ("academie", "departement", "uai"),
    ("academie", "departement", "filiere", "voie"),
    ("academie", "filiere", "voie"),
    ("academie", "filiere"),
    *LAST,
]
ALL = "Total"


def detail(seed: int, n_uai: int = 30) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_uai):
        place = (f"{number % 6 // 2:02d}", f"{number % 6:03d}", f"{number:04d}A")
        for filiere in ("reindustrialisation", "numerique", "energie_decarbonee"):
            for voie in ("scolaire", "apprentissage"):
                if rng.random() < 0.5:
                    continue
                size = rng.choice([7, 16, 30])
                rows += [(*place, filiere, voie, year, rng.poisson(size)) for year in range(3)]
    table = pd.DataFrame(rows, columns=[*DIMS, "terminale"])
    table["rentree"] += 2020
    table["poursuite"] = rng.binomial(table["terminale"], 0.45)
    table["sortants"] = table["terminale"] - table["poursuite"]
    table["en_emploi_6_mois"] = rng.binomial(table["sortants"], 0.55)
    table["autres"] = table["sortants"] - table["en_emploi_6_mois"]
    return table


def report(table, margins, windows, known=()):
    return protect(
        table,
        dims=DIMS,
        values=COUNTS,
        margins=margins,
        windows={"rentree": windows},
        rates=RATES,
        parts=PARTS,
        known=known,
        name=f"rapport {len(known)}",
    )


def publish(protected, path):
    """Write what the public gets: a workbook, and an HTML page with whole percents."""
    columns = (
        *(Column(name, name) for name in DIMS),
        *(Column(name, name, "effectif") for name in COUNTS),
        *(Column(rate.name, rate.name, "taux") for rate in RATES),
    )
    table = Sheet("t", "t", protected.shown, columns, "s", date(2026, 1, 1))
    write_workbook(path, [table], title="t")
    page = protected.display()
    page["rentree"] = page["rentree"].map(str)
    for rate in RATES:
        page[rate.name] = page[rate.name].map(
            lambda v: f"{100 * v:.0f} %" if isinstance(v, float) else v
        )
    path.with_suffix(".html").write_text(page.to_html(index=False), encoding="utf-8")


# --- the adversary -------------------------------------------------------------------------


def read_public(path):
    """Return the cells of workbook and page as (coordinates, {column: number or 's'})."""
    sheet = openpyxl.load_workbook(path)["t"]
    rows = list(sheet.iter_rows(min_row=5, values_only=True))
    cells = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    html = path.with_suffix(".html").read_text(encoding="utf-8")
    page = pd.read_html(io.StringIO(html), converters=dict.fromkeys(DIMS, str))[0]
    for cell, line in zip(cells, page.to_dict("records"), strict=True):
        for rate in RATES:
            text = str(line[rate.name])
            cell[rate.name + " page"] = (
                float(text.rstrip(" %")) / 100 if text[0].isdigit() else None
            )
    return cells


def years(label):
    return [int(part) for part in str(label).removeprefix("cumul ").split("-")]


@dataclass
class Attack:
    """Everything public as low ≤ A x ≤ high on x ≥ 0."""

    catalogue: pd.DataFrame
    known: tuple
    secret: list

    def program(self, objective, whole=False):
        options = {"mip_rel_gap": 0.0, "time_limit": 5} if whole else {}
        return milp(objective, integrality=int(whole), constraints=self.known, options=options).x


def prepare(catalogue, public):
    atoms = catalogue.reset_index(drop=True)
    codes = {dim: atoms[dim].astype(str).to_numpy() for dim in PLACE}
    year, n = atoms["rentree"].to_numpy(), len(atoms)
    known, low, high, secret = [], [], [], []

    def vector(inside, name, weight=1.0):
        row = np.zeros(n * len(COUNTS))
        row[COUNTS.index(name) * n + np.flatnonzero(inside)] = weight
        return row

    def told(row, least, most):
        known.append(row)
        low.append(least)
        high.append(most)

    for cell in public:
        inside = np.isin(year, years(cell["rentree"]))
        for dim in PLACE:
            inside &= (codes[dim] == str(cell[dim])) | (cell[dim] == ALL)
        for name in COUNTS:
            if cell[name] == "s":
                secret.append((inside, name))
                if name in ("terminale", "sortants"):  # zeros are shown, so at least one
                    told(vector(inside, name), 1.0, np.inf)
            else:
                told(vector(inside, name), float(cell[name]), float(cell[name]))
        for rate in RATES:
            exact, page = cell[rate.name], cell[rate.name + " page"]
            value, step = (exact, 0.0) if isinstance(exact, float) else (page, 0.01)
            if isinstance(value, float) and "s" in (cell[rate.numerator], cell[rate.denominator]):
                assert page is None or abs(page - value) <= 0.005 + 1e-9
                top = vector(inside, rate.numerator)
                base = vector(inside, rate.denominator)
                half = step / 2 + 1e-6  # looser than the solver.s tolerance
                told(top - (value + half) * base, -np.inf, 0.0)
                told(top - (value - half) * base, 0.0, np.inf)
    for total, *parts in (COUNTS[:3], COUNTS[2:]):
        for place in range(n):
            one = np.arange(n) == place
            told(vector(one, total) - sum(vector(one, part) for part in parts), 0.0, 0.0)
    return Attack(
        atoms,
        (sparse.csr_matrix(np.array(known)), np.array(low), np.array(high)),
        [(vector(inside, name), inside, name) for inside, name in secret],
    )


def ranges(attack, enough):
    """Return two values each hidden cell may take: its ends, unless they are `enough` apart."""
    rows = np.array([row for row, *_ in attack.secret])
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)

    def see(table):
        values = rows @ table
        np.minimum(low, values, out=low)
        np.maximum(high, values, out=high)

    rng = np.random.default_rng(0)
    for _ in range(10):
        narrow = ~(high - low >= enough)
        if not narrow.any():
            break
        objective = (rng.random(len(rows)) - 0.5) * narrow @ rows
        see(attack.program(objective))
        see(attack.program(-objective))
    for place in np.flatnonzero(~(high - low >= enough)):
        ends = [attack.program(sign * rows[place]) for sign in (1, -1)]
        for table in ends:
            see(table)
        one_left = np.ceil(low[place] - 1e-6) >= np.floor(high[place] + 1e-6)
        whole = all(np.abs(table - np.rint(table)).max() < 1e-6 for table in ends)
        if high[place] - low[place] < enough and not (one_left or whole):
            ends = [attack.program(sign * rows[place], whole=True) for sign in (1, -1)]
            if all(table is not None for table in ends):
                low[place], high[place] = (float(rows[place] @ table) for table in ends)
    return np.ceil(low - 1e-6), np.floor(high + 1e-6)


def recovered(attack, truth, enough=2.0):
    """Return how many hidden cells have one value left, and the width left around each."""
    low, high = ranges(attack, enough)
    counts = np.concatenate([truth[name].to_numpy(dtype=float) for name in COUNTS])
    values = np.array([row @ counts for row, *_ in attack.secret])
    ends = high - low < enough - 2
    assert ((low <= values) & (values <= high))[ends].all(), "l'adversaire doit raisonner juste"
    return int((low == high).sum()), high - low, values


# --- the tests -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Two regions, two years each: catalogue, truth and public files."""
    folder, made = tmp_path_factory.mktemp("public"), []
    # programs kept small: faster, a few more cells hidden, the same protection
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hiding, "NEAR", 60)
        make_reports(folder, made)
    return made


def make_reports(folder, made):
    for seed in (1, 2):
        table = detail(seed)
        last = report(table, LAST, [2021, (2020, 2021)])
        now = report(table, NOW, [2022, (2021, 2022)], known=[last.publication])
        for name, protected in (("avant", last), ("maintenant", now)):
            publish(protected, folder / f"{name}{seed}.xlsx")
        files = [folder / f"{name}{seed}.xlsx" for name in ("avant", "maintenant")]
        made.append((table, last, now, files))


def test_an_adversary_with_all_that_is_public_recovers_none_of_1000_hidden_cells(reports):
    hidden, found, narrow = 0, 0, 0
    for table, *_, files in reports:
        public = [cell for path in files for cell in read_public(path)]
        attack = prepare(table[DIMS], public)
        n, width, values = recovered(attack, table, enough=5.0)
        hidden, found = hidden + len(width), found + n
        narrow += int(((width < 4) & (values >= 1) & (values <= 4)).sum())
    assert hidden >= 1000
    assert found == 0
    assert narrow == 0, "une petite cellule garde moins de cinq valeurs possibles"


def test_the_audit_agrees_that_nothing_is_exposed(reports):
    for _, last, now, _ in reports:
        assert not audit([last.publication, now.publication])["expose"].any()


def test_the_same_adversary_recovers_cells_where_only_small_counts_are_hidden(tmp_path):
    table = detail(3, n_uai=9)
    now = report(table, NOW, [2022])
    publish(now, tmp_path / "a.xlsx")
    public = read_public(tmp_path / "a.xlsx")
    naive = now.reasons[COUNTS].isin(["effectif", "taux"]).to_numpy()
    for position, cell in enumerate(public):
        rows = table[table["rentree"].isin(years(cell["rentree"]))]
        for dim in PLACE:
            rows = rows[(rows[dim] == cell[dim]) | (cell[dim] == ALL)]
        for place, name in enumerate(COUNTS):
            cell[name] = "s" if naive[position, place] else float(rows[name].sum())
        for rate in RATES:
            cell[rate.name] = cell[rate.name + " page"] = None
    found, width, _ = recovered(prepare(table[DIMS], public), table)
    assert found > 0.5 * len(width) > 0


def test_the_same_adversary_profits_from_a_report_that_ignores_last_year(reports):
    table, last, _, files = reports[1]
    careless = report(table, LAST[:2], [(2020, 2021), 2020])
    publish(careless, files[0].with_name("imprudent.xlsx"))
    public = read_public(files[0]) + read_public(files[0].with_name("imprudent.xlsx"))
    found, *_ = recovered(prepare(table[DIMS], public), table)
    assert found > 0
    assert audit([last.publication, careless.publication], strict=False)["expose"].any()
