"""What is indexed and what is asked meet as the same words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.records import words
from controller.records.words import Facts, Term


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Grüß Gott, Fräulein O'Neill!", ["gruss", "gott", "fraulein", "o", "neill"]),
        ("STRASSE Straße straße", ["strasse", "strasse", "strasse"]),
        ("snake_case 20-11-2026", ["snake", "case", "20", "11", "2026"]),
        ("Привет, мир", ["привет", "мир"]),
        ("…!?", []),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_words_are_folded(text: str, found: list[str]) -> None:
    assert words.fold(text) == found


def test_what_a_person_types() -> None:
    typed = 'refund "Blue  Car" appoint* "half'
    expected = [Term(("refund",)), Term(("blue", "car")), Term(("appoint",), prefix=True), Term(("half",))]
    assert words.text_terms(typed) == expected
    assert words.match_fts5(expected[:3]) == '"refund" AND "blue car" AND "appoint"*'
    assert words.match_tsquery(expected[:3]) == "('refund') & ('blue' <-> 'car') & ('appoint':*)"


@pytest.mark.parametrize("typed", ["+493012345678", "+49 30 1234-5678", "030 12345678", "0 12345678", "5678"])
def test_a_number_is_found_whole_or_by_its_end(typed: str) -> None:
    (kept,) = [word for word in words.document(Facts("r", None, ["+493012345678"], []), []) if word[:6] == "number"]
    term = words.number_term(typed)
    assert kept.startswith(term.words[0]) if term.prefix else kept == term.words[0]
    assert term.prefix is not typed.startswith("+")


def test_a_name_in_place_of_a_number_is_found_whole() -> None:
    kept = words.document(Facts("r", None, ["Anna"], []), [])
    assert words.number_term("anna") == Term((kept[2],))


def test_a_fact_is_no_word_of_a_text_and_a_live_call_has_no_ending() -> None:
    found = words.document(Facts("sales", None, [], ["Booked", "Booked"]), ["route sales booked"])
    assert found[:2] == [words.facet("route", "sales"), words.facet("ending", "")]
    assert found[2:] == [words.facet("result", "Booked"), "route", "sales", "booked"]


def test_a_document_is_bounded() -> None:
    long = words.document(Facts("r", None, [], []), ["word " * 10_000] * 3)
    assert len(long) == words.WORDS_MAX


def test_places_of_words_for_postgres() -> None:
    assert words.to_tsvector(["a", "b", "a"]) == "'a':1,3 'b':2"


def test_the_place_of_a_call_is_its_time() -> None:
    assert words.place(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005


@given(st.text())
def test_whatever_is_typed_makes_a_question(typed: str) -> None:
    for term in words.text_terms(typed):
        assert term.words
        assert all(word.isalnum() for word in term.words)
