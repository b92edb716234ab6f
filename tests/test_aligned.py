"""A label of several lines keeps its edge when it is told in another language."""

import re

import pytest
from bs4 import BeautifulSoup

from fpi_eval.errors import FpiError
from fpi_eval.report.runner import aligned

STYLE = "font-size: 10px; font-family: 'DejaVu Sans'"


def label(lines, anchor, end=100.0):
    """Return a label as matplotlib writes it: each line from its left end."""
    soup = BeautifulSoup("<svg><g></g></svg>", "html.parser")
    for number, words in enumerate(lines):
        line = soup.new_tag("text", style=STYLE, transform="translate(0 0)")
        line.string = words
        wide = aligned._width(line) * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        line["transform"] = f"translate({end - wide:.4f} {12 * number})"
        soup.g.append(line)
    return soup


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_lines_are_held_by_the_edge_that_they_share(anchor):
    soup = label(["La région face aux", "autres", "régions"], anchor)
    told = aligned.tell(soup, lambda words: words.replace("La région", "One region"))
    assert [re.findall(r"text-anchor: (\w+)", one["style"]) for one in told] == [[anchor]] * 3
    ends = [float(aligned.PLACE.fullmatch(one["transform"])[1]) for one in told]
    assert ends == pytest.approx([100.0] * 3, abs=0.01)
    assert " ".join(one.get_text() for one in told).split() == [
        "One",
        "region",
        "face",
        "aux",
        "autres",
        "régions",
    ]


@pytest.mark.parametrize("anchor", ["start", "end"])
def test_a_longer_label_is_written_smaller_and_not_cut(anchor):
    soup = label(["court", "mot"], anchor, end=60.0)
    place = max(60.0 if anchor == "end" else aligned._width(one) for one in soup.select("text"))
    told = aligned.tell(soup, lambda _: "interminablement long")
    assert all(aligned._width(one) <= place + 0.5 for one in told)
    assert float(re.search(r"font-size: ([\d.]+)px", told[0]["style"])[1]) < 10


def test_a_word_cut_at_its_hyphen_is_one_and_a_label_that_cannot_be_told_stays():
    asked = []

    def said(words):
        asked.append(words)
        raise FpiError("pas traduit")

    soup = label(["Auvergne-", "Rhône-", "Alpes, voie"], "start")
    assert aligned.tell(soup, said) == []
    assert asked == ["Auvergne-Rhône-Alpes, voie"]
    assert [one.get_text() for one in soup.select("text")] == ["Auvergne-", "Rhône-", "Alpes, voie"]


def test_a_label_of_numbers_stays_on_its_lines():
    soup = label(["2022-", "2023"], "middle")
    assert aligned.tell(soup, str) == []
    assert [one.get_text() for one in soup.select("text")] == ["2022-", "2023"]
