"""The engine that runs the expressions: DuckDB inside the process, or Spark."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fpi_eval.errors import FpiError
from fpi_eval.programme import Individus

DUCKDB = "duckdb"


@contextmanager
def engine(individus: Individus) -> Iterator[tuple[Any, Path]]:
    """Give an Ibis connection and its scratch folder, both gone at the end, even on error."""
    scratch = Path(tempfile.mkdtemp(prefix="fpi_individus_"))
    scratch.chmod(0o700)
    connection = None
    try:
        connection = connect(individus, scratch)
        yield connection, scratch
    finally:
        if connection is not None:
            connection.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def discreet() -> Iterator[None]:
    """Cut an engine's own messages, which may quote a person's row."""
    try:
        yield
    except FpiError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise FpiError(
            f"le moteur n'a pas pu lire ou compter ces fichiers ({kind}). Son message est retenu, "
            "car il pourrait citer une personne. Causes ordinaires : mémoire ou disque pleins "
            "(« memoire » de [individus]), ligne mal formée, accents qui ne sont pas en UTF-8, "
            "colonne dont le type change d'un fichier à l'autre."
        ) from None


def connect(individus: Individus, scratch: Path) -> Any:
    """Return an Ibis connection to the declared engine."""
    ibis = require()
    if individus.moteur == DUCKDB:
        return ibis.duckdb.connect(
            memory_limit=individus.memoire,
            threads=individus.processeurs,
            temp_directory=str(scratch),
            preserve_insertion_order=False,
        )
    return _spark(ibis, individus, scratch)


def require() -> Any:
    """Return Ibis, or say how to install it."""
    # Spark, where installed, says at each import that it is behind pandas.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    try:
        import ibis
    except ImportError as error:
        raise FpiError(
            "les fichiers individuels demandent un moteur de calcul, qui n'est pas installé. "
            "Installez-le, dans le dossier du projet : pip install -e '.[individus]'."
        ) from error
    ibis.options.interactive = False
    return ibis


def _spark(ibis: Any, individus: Individus, scratch: Path) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise FpiError(
            f"le moteur « {individus.moteur} » demande Spark, qui n'est pas installé. Installez-le "
            "(dans le dossier du projet : pip install -e '.[spark]'), ou écrivez "
            'moteur = "duckdb" dans [individus].',
            fichier="programme.toml",
        ) from error
    settings = {
        "spark.ui.enabled": "false",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "entrepot"),
        "spark.driver.memory": individus.memoire.replace("B", "").lower(),
        "spark.sql.shuffle.partitions": str(max(2, individus.processeurs)),
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "ERROR",
    }
    if not individus.moteur.startswith("local"):  # a cluster sizes its own shuffles
        del settings["spark.sql.shuffle.partitions"]
    builder = SparkSession.builder.master(individus.moteur).appName("fpi_eval")
    for key, value in settings.items():
        builder = builder.config(key, value)
    try:
        return ibis.pyspark.connect(builder.getOrCreate())
    except Exception as error:  # py4j raises its own kinds: no Java, no cluster
        raise FpiError(
            f"le moteur « {individus.moteur} » ne démarre pas : Java est-il installé, l'adresse "
            'est-elle la bonne ? Sans Spark, écrivez moteur = "duckdb" dans [individus].',
            fichier="programme.toml",
        ) from error
