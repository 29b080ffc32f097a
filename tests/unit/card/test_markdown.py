"""A card as Markdown: nothing breaks out, and the brief one fits."""

import pandas as pd
import pytest

from pipelines.card.markdown import MAX_BRIEF, MAX_PART, as_markdown, brief
from pipelines.evaluation.page import KeyFigure, PageContent, Section

EVIL = "<script>alert(1)</script> | [x](javascript:alert(1)) `code`"


def page(*sections, description="Who leaves?"):
    return PageContent("Model card: churn", description, list(sections), [KeyFigure("ROC-AUC", "0.86", "0.85 to 0.87")])


@pytest.mark.parametrize("place", ["title", "words", "table", "column"])
def test_text_from_data_stays_text(place):
    table = pd.DataFrame({EVIL if place == "column" else "group": [EVIL if place == "table" else "a"]})
    section = Section(EVIL if place == "title" else "Data", f"- {EVIL}" if place == "words" else "plain", table)

    said = as_markdown(page(section))

    assert "<script>" not in said
    assert "](" not in said.replace("]\\(", "")
    assert "`" not in said
    assert "&lt;script&gt;" in said


def test_a_table_has_a_cell_for_each_column_whatever_the_cells_hold():
    table = pd.DataFrame({"group": ["a|b", "c\nd"], "n": ["1", "2"]})

    rows = [line for line in as_markdown(page(Section("Groups", "", table))).splitlines() if line.startswith("|")]

    assert rows == ["| group | n |", "| --- | --- |", "| a\\|b | 1 |", "| c d | 2 |"]


def test_the_whole_card_holds_every_section_in_order():
    said = as_markdown(page(Section("B", "second"), Section("A", "first")))

    assert said.index("## B") < said.index("## A")
    assert "- **ROC-AUC**: 0.86, 0.85 to 0.87" in said


def test_the_brief_card_tells_the_named_sections_in_their_order_and_where_the_rest_is():
    said = brief(page(Section("A", "first"), Section("B", "second"), Section("C", "third")), ["C", "A"], "over there")

    assert said.index("third") < said.index("first")
    assert "second" not in said
    assert said.endswith("The whole card: over there")


def test_the_brief_card_fits_and_says_what_was_cut():
    long = "\n".join(f"- sentence number {number} about the model" for number in range(400))

    said = brief(page(Section("A", long), Section("B", "no room")), ["A", "B"], "over there")

    assert len(said) <= MAX_BRIEF
    assert "more in the whole card" in said
    assert said.endswith("The whole card: over there")
    assert "- sentence number 10 about the model\n" in said


def test_a_section_that_nothing_fits_of_is_left_out_whole():
    said = brief(page(Section("A", "y" * (MAX_PART + 1)), Section("B", "short")), ["A", "B"], "over there")

    assert "### A" not in said
    assert "### B" in said


def test_a_long_section_leaves_room_for_the_others():
    long = "\n".join(f"- sentence number {number} about the model" for number in range(400))
    titles = ["A", "B", "C"]

    said = brief(page(*(Section(title, long) for title in titles)), titles, "over there")

    assert [f"### {title}" in said for title in titles] == [True] * 3
    assert len(said) <= MAX_BRIEF
