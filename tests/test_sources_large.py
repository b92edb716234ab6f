"""Large files: same refusals as small ones, batch after batch."""

import gzip

import pytest

from fpi_eval.errors import FpiError
from fpi_eval.sources.reading import ColumnSchema, TableSchema
from fpi_eval.sources.reading.large import LargeFile, read_filtered
from fpi_eval.sources.reading.reading import read_table

SCHEMA = TableSchema(
    name="essai",
    columns=(
        ColumnSchema("code", "code", "code", nullable=False),
        ColumnSchema("libelle", "libellé"),
        ColumnSchema("nombre", "nombre", "effectif"),
    ),
    key=("code",),
)
TEXT = "code;libellé;autre;nombre\na;Été;x;1\nb;Hiver;x;nd\na2;Été;y;3\n"


def write(folder, text=TEXT, encoding="utf-8", name="essai.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_give_the_same_rows(tmp_path, encoding):
    reading = read_filtered(
        write(tmp_path, encoding=encoding), SCHEMA, {"libelle": ("Été",)}, raison="autre saison"
    )
    assert reading.table["code"].tolist() == ["a", "a2"]
    assert reading.table["nombre"].tolist() == [1, 3]
    assert reading.provenance.encodage == encoding
    assert reading.provenance.lignes_ecartees == {"autre saison": 1}
    assert reading.provenance.colonnes_inconnues == ("autre",)


def test_an_archive_is_known_by_its_bytes_and_must_be_whole(tmp_path):
    packed = gzip.compress(TEXT.encode() + b"d;x;y;1\n" * 50_000)
    for name, content in (("a.csv.gz", TEXT.encode()), ("b.csv", packed)):
        (tmp_path / name).write_bytes(content)
        found = read_filtered(tmp_path / name, SCHEMA, {"libelle": ("Été",)}, raison="autre")
        assert found.table["code"].tolist() == ["a", "a2"]
    (tmp_path / "c.csv.gz").write_bytes(packed[:-40])
    with pytest.raises(FpiError, match="pas un fichier gzip entier"):
        read_filtered(tmp_path / "c.csv.gz", SCHEMA, {"libelle": ("Été",)}, raison="autre")


def test_utf_16_is_refused_by_its_name(tmp_path):
    with pytest.raises(FpiError, match="en UTF-16"):
        LargeFile(write(tmp_path, encoding="utf-16"), SCHEMA)


def test_a_header_cut_by_a_lone_carriage_return_is_refused_by_its_columns(tmp_path):
    path = write(tmp_path, TEXT.replace("autre;", "au\rtre;", 1))
    with pytest.raises(FpiError, match="nombre") as error:
        read_filtered(path, SCHEMA, {"libelle": ("Été",)}, raison="autre saison")
    assert error.value.fichier == "essai.csv"


def test_the_hash_is_that_of_the_small_reader(tmp_path):
    path = write(tmp_path)
    assert LargeFile(path, SCHEMA).sha256 == read_table(path, SCHEMA).provenance.sha256


def test_a_bad_value_is_reported_at_its_line_in_the_file(tmp_path):
    path = write(tmp_path, TEXT + "c;Hiver;x;oui\nd;Été;x;oui\n")
    with pytest.raises(FpiError, match="trouvé « oui »") as error:
        read_filtered(path, SCHEMA, {"libelle": ("Été",)}, raison="autre saison")
    assert error.value.ligne == 6


def test_missing_words_are_missing_numbers_in_any_case(tmp_path):
    text = "code;libellé;nombre\na;x;nd\nb;x;ND\nc;x;\nd;x;4\n"
    _, batch = next(LargeFile(write(tmp_path, text), SCHEMA).batches(frozenset({"nombre"})))
    assert batch["nombre"].to_pylist() == [None, None, None, 4.0]


def test_a_file_that_is_absent_or_not_parquet_is_refused_in_french(tmp_path):
    with pytest.raises(FpiError, match="fichier absent"):
        LargeFile(tmp_path / "rien.csv", SCHEMA)
    with pytest.raises(FpiError, match="Parquet entier"):
        LargeFile(write(tmp_path, name="essai.parquet"), SCHEMA)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("size", range(60, 66))
def test_encodings_are_those_of_the_whole_lines_of_the_head(tmp_path, monkeypatch, encoding, size):
    monkeypatch.setattr("fpi_eval.sources.reading.large.HEAD", size)
    path = write(tmp_path, TEXT + "".join(f"d{k};Été;é;2\n" for k in range(99)), encoding)
    reading = read_filtered(path, SCHEMA, {"libelle": ("Été",)}, raison="autre saison")
    assert (len(reading.table), reading.provenance.encodage) == (101, encoding)


def test_a_byte_that_is_not_utf8_far_in_the_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fpi_eval.sources.reading.large.HEAD", 40)
    path = tmp_path / "essai.csv"
    path.write_bytes("code;libellé;nombre\n".encode() + b"a;x;1\n" * 9 + b"z;\xe9t\xe9;1\n")
    with pytest.raises(FpiError, match=r"pas en UTF-8 jusqu'au bout\. Enregistrez-le en UTF-8"):
        read_filtered(path, SCHEMA, {"libelle": ("x",)}, raison="autre")


def test_rows_that_a_stray_quotation_mark_hides_are_counted_and_refused(tmp_path):
    rows = [f"c{i};Été;x;{i}\n" for i in range(9)]
    rows[2], rows[7] = rows[2].replace(";x", ';"x'), rows[7].replace(";x", ';x"')
    path = write(tmp_path, "code;libellé;autre;nombre\n" + "".join(rows) + "\n")
    with pytest.raises(FpiError, match="un guillemet s'ouvre ici") as error:
        read_filtered(path, SCHEMA, {"libelle": ("Été",)}, raison="autre saison")
    assert error.value.ligne == 4
    assert "9 lignes dans le fichier" in str(error.value)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("word", ["libellé", "GROS ŒUVRE", "cœur", "École"])
def test_accents_encoded_twice_are_refused(tmp_path, encoding, word):
    text = TEXT.replace("libellé", word).encode().decode(encoding)
    with pytest.raises(FpiError, match="encodés deux fois"):
        LargeFile(write(tmp_path, text), SCHEMA)


def test_a_line_too_long_for_a_batch_is_told_by_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr("fpi_eval.sources.reading.large.BLOCK", 1_000_000)
    path = write(tmp_path, f"{TEXT}c;{'é' * 2_000_000};x;1\n")
    with pytest.raises(FpiError, match=r"ligne 5 : ligne bien trop longue"):
        read_filtered(path, SCHEMA, {"libelle": ("Été",)}, raison="autre saison")


def test_accents_of_an_old_macintosh_are_refused_and_those_of_cp1252_read(tmp_path):
    path = tmp_path / "grand.csv"
    text = "code;libellé;autre;nombre\n1;mécanique;x;1\n"
    path.write_bytes(text.encode("cp1252"))
    assert LargeFile(path, SCHEMA).header[1] == "libellé"
    path.write_bytes(text.encode("mac-roman"))
    with pytest.raises(FpiError, match="Macintosh"):
        LargeFile(path, SCHEMA)
