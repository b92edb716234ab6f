"""Files damaged in every way are read with the numbers that they say, or refused in French.

Never another exception, never a silently different number. A second reading, cell by cell with
the csv module (`small_files.said`), says what a damaged text says; a change that no reader can
see (one digit into another, in a column that nothing binds) must at least change the recorded
hash. Seeds are fixed: the same inputs each time.
"""

from hashlib import sha256

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_files import SMALLS, Small, Unreadable, said, same, write

from fpi_eval.errors import FpiError
from fpi_eval.sources.known_sources import CATALOGUE

BY_NAME = {small.name: small for small in SMALLS}


def fixed(examples: int) -> settings:
    """Return settings whose examples are the same each time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


names = st.sampled_from(sorted(BY_NAME))


def outcome(small: Small, content: bytes, folder) -> pd.DataFrame | FpiError:
    """Read the bytes; any exception but FpiError goes through and fails the test."""
    path = folder / small.fichier
    path.write_bytes(content)
    try:
        reading = small.read(path)
    except FpiError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        told(refused, small.fichier)
        return refused
    if content != small.text.encode():
        assert reading.provenance.sha256 != sha256(small.text.encode()).hexdigest()
    return reading.table


def intact(small: Small) -> pd.DataFrame:
    return said(small, small.text.encode())


def told(error: FpiError, *said_words: str) -> None:
    for word in said_words:
        assert word in str(error), f"« {word} » absent de : {error}"


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
def test_the_small_file_itself_is_read_as_it_says(small, tmp_path):
    assert same(outcome(small, small.text.encode(), tmp_path), intact(small))


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
@pytest.mark.parametrize(
    "dress",
    [
        "bom",
        "crlf",
        "virgule",
        "tabulation",
        "cp1252",
        "ligne vide",
        "sans fin de ligne",
        "BOM crlf",
    ],
)
def test_another_dress_gives_the_same_numbers(small, dress, tmp_path):
    text = {
        "crlf": small.text.replace("\n", "\r\n"),
        "BOM crlf": small.text.replace("\n", "\r\n"),
        "virgule": write(small.cells, ","),
        "tabulation": write(small.cells, "\t"),
        "ligne vide": small.text.replace("\n", "\n\n", 2),
        "sans fin de ligne": small.text.rstrip("\n"),
    }.get(dress, small.text)
    encoding = {"bom": "utf-8-sig", "BOM crlf": "utf-8-sig", "cp1252": "cp1252"}.get(dress, "utf-8")
    assert same(outcome(small, text.encode(encoding), tmp_path), intact(small))


@fixed(40)
@given(names, st.data())
def test_reordered_or_added_columns_give_the_same_numbers_or_are_refused(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    order = data.draw(st.permutations(range(len(cells[0]))))
    added = data.draw(st.booleans())
    moved = [[row[i] for i in order] + (["x"] if added else []) for row in cells]
    moved[0] = [*moved[0][: len(order)], *(["Colonne nouvelle"] if added else [])]
    result = outcome(small, write(moved).encode(), tmp_path)
    if small.ordered and (list(order) != sorted(order) or added):
        same_header = moved[0] == cells[0]
        assert isinstance(result, FpiError) or same_header
    else:
        assert same(result, intact(small))


@fixed(40)
@given(names, st.data())
def test_a_column_dropped_or_renamed_is_refused_by_its_name_or_was_not_needed(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    i = data.draw(st.integers(0, len(cells[0]) - 1))
    header = cells[0][i]
    if data.draw(st.booleans()):
        cells = [[cell for j, cell in enumerate(row) if j != i] for row in cells]
    else:
        cells[0][i] = data.draw(st.sampled_from(["zzz", header + "_bis", "Autre chose"]))
    result = outcome(small, write(cells).encode(), tmp_path)
    if small.ordered:
        assert isinstance(result, FpiError)
        return
    if isinstance(result, FpiError):
        told(result, "colonne", header)
        return
    assert i not in small.needed
    wanted = intact(small)
    gone = [n for n, (j, _) in small.numbers.items() if j == i]
    gone += [n for n, j in small.codes.items() if j == i]
    assert same(result, wanted.drop(columns=gone, errors="ignore"))


@fixed(40)
@given(names, st.data())
def test_swapped_headers_give_what_the_text_then_says_or_are_refused(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    pairs = st.lists(st.integers(0, len(cells[0]) - 1), min_size=2, max_size=2, unique=True)
    i, j = data.draw(pairs)
    cells[0][i], cells[0][j] = cells[0][j], cells[0][i]
    result = outcome(small, write(cells).encode(), tmp_path)
    if isinstance(result, FpiError) or small.ordered:
        return
    for row in cells:
        row[i], row[j] = row[j], row[i]
    assert same(result, said(small, write(cells).encode()))


@fixed(30)
@given(names, st.data())
def test_a_truncated_row_is_refused_with_its_line(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    row = data.draw(st.integers(1, len(cells) - 1))
    cells[row] = cells[row][: data.draw(st.integers(1, len(cells[0]) - 1))]
    result = outcome(small, write(cells).encode(), tmp_path)
    assert isinstance(result, FpiError)
    told(result, f"ligne {row + 1}", "tronquée")


@fixed(30)
@given(names, st.data())
def test_a_file_cut_anywhere_is_refused_or_says_only_whole_rows(tmp_path, name, data):
    small = BY_NAME[name]
    content = small.text.encode()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    agrees_or_refused(small, cut, outcome(small, cut, tmp_path))


@fixed(60)
@given(names, st.data())
def test_a_value_out_of_range_is_refused_with_line_and_column(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    target = data.draw(st.sampled_from(sorted(small.numbers)))
    i, unit = small.numbers[target]
    row = data.draw(st.integers(1, len(cells) - 1))
    wrong = ["abc", "1e3", "0x1F", "1_000", "12 34", "inf", "140" if unit == 100 else "-33",
             "1,5,2", "--4", "#REF!", "21.5" if unit == 1 else "-140"]  # fmt: skip
    cells[row][i] = data.draw(st.sampled_from(wrong))
    result = outcome(small, write(cells).encode(), tmp_path)
    assert isinstance(result, FpiError)
    told(result, f"ligne {row + 1}")
    if cells[0][i]:
        told(result, cells[0][i])


@fixed(40)
@given(names, st.data())
def test_a_changed_number_is_what_the_text_says_or_is_refused(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    target = data.draw(st.sampled_from(sorted(small.numbers)))
    i, _ = small.numbers[target]
    row = data.draw(st.integers(1, len(cells) - 1))
    cells[row][i] = data.draw(
        st.one_of(
            st.integers(0, 200).map(str),
            st.sampled_from(["", "nd", "nc", "-", "12,0", "12.0", " 12 ", "1 200", "12%", "0"]),
        )
    )
    content = write(cells).encode()
    agrees_or_refused(small, content, outcome(small, content, tmp_path))


@fixed(20)
@given(names, st.data())
def test_a_repeated_key_is_refused_with_both_lines(tmp_path, name, data):
    small = BY_NAME[name]
    cells = small.cells
    row = data.draw(st.integers(1, len(cells) - 1))
    content = write([*cells, cells[row]]).encode()
    result = outcome(small, content, tmp_path)
    if not small.keyed:
        agrees_or_refused(small, content, result)
        return
    assert isinstance(result, FpiError)
    told(result, f"ligne {len(cells) + 1}")


@fixed(150)
@given(names, st.data())
def test_flipped_bytes_are_refused_or_read_as_they_then_say(tmp_path, name, data):
    small = BY_NAME[name]
    content = bytearray(small.text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    agrees_or_refused(small, bytes(content), outcome(small, bytes(content), tmp_path))


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
def test_a_table_saved_as_unicode_text_gives_the_same_numbers(small, tmp_path):
    content = small.text.encode("utf-16")  # with its byte order mark, as spreadsheets write it
    assert same(outcome(small, content, tmp_path), intact(small))


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32"])
def test_a_foreign_encoding_is_refused(small, encoding, tmp_path):
    assert isinstance(outcome(small, small.text.encode(encoding), tmp_path), FpiError)


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
def test_a_mixture_of_encodings_is_refused(small, tmp_path):
    content = small.text.encode() + "é".encode("cp1252") + b"\n"
    assert isinstance(outcome(small, content, tmp_path), FpiError)


@pytest.mark.parametrize("small", SMALLS, ids=lambda s: s.name)
def test_decimal_comma_and_point_are_one_number(small, tmp_path):
    cells = small.cells
    for i, _ in small.numbers.values():
        for row in cells[1:]:
            row[i] = row[i].replace(".", ",") if "." in row[i] else row[i].replace(",", ".")
    assert same(outcome(small, write(cells).encode(), tmp_path), intact(small))


def agrees_or_refused(small: Small, content: bytes, result: pd.DataFrame | FpiError) -> None:
    """Fail if the reader gives other numbers than the bytes say."""
    if isinstance(result, FpiError):
        return
    try:
        wanted = said(small, content)
    except Unreadable:
        pytest.fail(f"lu, alors que le texte ne dit rien de lisible : {content!r}")
    assert same(result, wanted)


def test_every_source_has_a_shape_whose_lines_are_read_as_they_say(formes, tmp_path):
    assert {entry.name for entry in CATALOGUE} <= {small.name for small in formes}
    assert not [entry.name for entry in CATALOGUE if not entry.schemas()]
    for small in formes:
        assert same(outcome(small, small.text.encode(), tmp_path), intact(small)), small.fichier
