"""DuckDB and Spark run the same expressions: counts must be equal, rates to 1e-9."""

import shutil

import numpy as np
import pandas as pd
import pytest

from fpi_eval.programme import Individus

pytest.importorskip("ibis", reason="l'extra « individus » n'est pas installé")
pytest.importorskip("pyspark", reason="l'extra « spark » n'est pas installé")
if shutil.which("java") is None:
    pytest.skip("Java n'est pas installé : Spark ne démarre pas", allow_module_level=True)

from invented_records import generate

from fpi_eval.records.bad_rows import examine
from fpi_eval.records.exports import sectors, wages_table
from fpi_eval.records.open import open_folder, regions_table
from fpi_eval.records.panel import counts
from fpi_eval.twin.geography import departements

REGIONS = regions_table(departements())
HERE = Individus(part_fautes=0.2)
LOCAL = HERE.model_copy(update={"moteur": "local[1]", "memoire": "1GB", "processeurs": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One millésime of generated files, with doubles, empty values and accents to sort."""
    where = tmp_path_factory.mktemp("individus")
    generate(where, 20_000)
    for path in where.glob("*"):
        if "2020-2021_scolaire" not in path.name or path.name.startswith(
            ("contrats_18", "contrats_24")
        ):
            path.unlink()
    people = next(where.glob("personnes*"))
    table = pd.read_parquet(people)
    table["uai"] = table["uai"].astype(str)
    table.loc[0, "uai"] = "ÉTÉ"
    table.loc[1, "commune_residence"] = None
    table = pd.concat([table, table.iloc[[4, 5]].assign(diplome=0)])
    table.to_parquet(people, index=False)
    rng = np.random.default_rng(0)
    for path in where.glob("contrats_*"):
        jobs = pd.read_parquet(path)
        jobs = jobs.assign(
            salaire=rng.lognormal(7.3, 0.2, len(jobs)).round(2),
            employeur=rng.integers(0, 500, len(jobs)).astype(str),
        )
        jobs.to_parquet(path, index=False)
    for path in where.glob("contrats_12*"):
        jobs = pd.read_parquet(path)
        jobs["ape"] = jobs["ape"].astype(str).where(jobs.index % 50 != 0)
        jobs.to_parquet(path, index=False)
    return where


def counted(folder, individus):
    with open_folder(folder, individus, REGIONS) as records:
        faults, clean = examine(records)
        wages = wages_table(clean, sorted(set(REGIONS["region"].astype(str))))
        return faults.to_frame(), counts(clean), wages.frame, sectors(clean)


def test_two_engines_find_the_same_counts_rates_and_faults(folder):
    faults, one, wages, divisions = counted(folder, HERE)
    others, two, paid, same = counted(folder, LOCAL)
    assert wages["salaire_median"].notna().any()
    pd.testing.assert_frame_equal(paid, wages, check_dtype=False)
    assert len(divisions) > 5
    pd.testing.assert_frame_equal(same, divisions, check_dtype=False)
    pd.testing.assert_frame_equal(others, faults, check_exact=True)
    pd.testing.assert_frame_equal(two, one, check_exact=True)
    assert len(faults) >= 2
    by = "voie"
    rates = [t.groupby(by)["en_emploi_6_mois"].sum() / t.groupby(by)["sortants"].sum()
             for t in (one, two)]  # fmt: skip
    pd.testing.assert_series_equal(*rates, rtol=1e-9)
