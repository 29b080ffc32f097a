"""A card that a later run adds to."""

import json

import pandas as pd
import pytest

from pipelines.card.stored import from_json, to_json, with_section
from pipelines.core.errors import ModelError
from pipelines.core.style import panel
from pipelines.evaluation.page import KeyFigure, PageContent, Section, as_png, evaluation_page

CONTENT = PageContent(
    "Card",
    "Who leaves?",
    [Section("Data", "- a", pd.DataFrame({"n": ["1,000"]}), {"A figure": panel("t", "x", "y")[0]}), Section("Last")],
    [KeyFigure("ROC-AUC", "0.86")],
)


def test_a_card_survives_json_with_its_tables_and_pictures():
    back = from_json(json.loads(json.dumps(to_json(CONTENT))))

    assert evaluation_page(back) == evaluation_page(CONTENT)
    assert back.sections[0].figures["A figure"] == as_png(CONTENT.sections[0].figures["A figure"])


def test_a_section_is_replaced_in_its_place():
    found = with_section(CONTENT, Section("Data", "other"))

    assert [one.title for one in found.sections] == ["Data", "Last"]
    assert found.sections[0].words == "other"


def test_a_new_section_comes_last():
    assert [one.title for one in with_section(CONTENT, Section("New")).sections] == ["Data", "Last", "New"]


@pytest.mark.parametrize("broken", [{}, {"title": "x"}, {**to_json(CONTENT), "sections": [{"title": "x"}]}])
def test_something_else_is_refused(broken):
    with pytest.raises(ModelError, match="cannot be read"):
        from_json(broken)


def test_a_picture_that_is_no_picture_is_refused():
    stored = to_json(CONTENT)
    stored["sections"][0]["figures"] = {"A figure": "<script>"}

    with pytest.raises(ModelError, match="cannot be read"):
        from_json(stored)
