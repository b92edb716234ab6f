"""Quarterly jobs from the published file to the synthetic region, end to end."""

import numpy as np
import pytest

from fpi_eval.impact.jobs.jobs_synthetic import synthetic_jobs
from fpi_eval.sources.urssaf_trimestriel import read_urssaf_region

HEADER = (
    "secteur_na28i;annee;trimestre;code_region;code_ancienne_region;effectifs_salaries_brut;"
    "effectifs_salaries_cvs"
)


def quarterly_file(folder, effect: float):
    """Write jobs of 13 regions over 2019-2025 on common paths, AURA in two former regions."""
    rng = np.random.default_rng(3)
    regions = ["84", *(f"{11 + k}" for k in range(12))]
    times = [(y, t) for y in range(2019, 2026) for t in range(1, 5)]
    loads = rng.uniform(0.5, 1.5, (13, 2))
    paths = loads @ np.cumsum(rng.normal(0, 0.01, (2, len(times))), axis=1)
    lines = [HEADER]
    for r, code in enumerate(regions):
        for k, (year, term) in enumerate(times):
            log = 11 + paths[r, k] + effect * (code == "84" and year >= 2024)
            for former, part in (("82", 0.8), ("83", 0.2)) if code == "84" else ((code, 1.0),):
                jobs = part * np.exp(log)
                lines.append(f"CH Métallurgie;{year};{term};{code};{former};{jobs:.0f};{jobs:.0f}")
    path = folder / "urssaf_region.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


def test_a_quarterly_file_leads_to_the_effect_on_its_region(tmp_path):
    jobs = read_urssaf_region(quarterly_file(tmp_path, 0.06)).table
    assert len(jobs) == 13 * 28
    jobs = jobs.assign(periode=4 * jobs["annee"] + jobs["trimestre"] - 1)
    found = synthetic_jobs(jobs, "84", start=4 * 2024, time="periode")
    assert found.estimate == pytest.approx(0.06, abs=0.01)
    assert found.p_value == pytest.approx(1 / 13)
