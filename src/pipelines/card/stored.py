"""A page as JSON, so that a later run can add to it: what a challenger's card lacks is how it was promoted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.evaluation.page import KeyFigure, PageContent, Section, as_png


def to_json(content: PageContent) -> dict[str, Any]:
    """Plain data; figures become PNG in base 64."""
    return {
        "title": content.title,
        "description": content.description,
        "key_figures": [asdict(one) for one in content.key_figures],
        "sections": [_section(one) for one in content.sections],
    }


def from_json(stored: Mapping[str, Any]) -> PageContent:
    """What `to_json` wrote.

    Raises
    ------
    ModelError
        If it is something else.

    Examples
    --------
    >>> from_json(to_json(PageContent("Churn", "", [Section("Data", "100 rows.")]))).sections[0].words
    '100 rows.'
    """
    try:
        return PageContent(
            stored["title"],
            stored["description"],
            [_read(one) for one in stored["sections"]],
            [KeyFigure(**one) for one in stored["key_figures"]],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The model card cannot be read ({type(error).__name__}: {error}).",
            why="It was written by another release, or changed by hand: what it says of the model is not known.",
            fix="Train again: the card is written from the run.",
        ) from error


def with_section(content: PageContent, section: Section) -> PageContent:
    """The page with the section of that title replaced, or added at the end."""
    kept = [section if one.title == section.title else one for one in content.sections]
    return replace(content, sections=kept if section in kept else [*kept, section])


def _section(one: Section) -> dict[str, Any]:
    table = None
    if one.table is not None:
        rows = [[str(value) for value in row] for row in one.table.itertuples(index=False)]
        table = {"columns": [str(name) for name in one.table.columns], "rows": rows}
    return {
        "title": one.title,
        "words": one.words,
        "table": table,
        "figures": {
            caption: base64.b64encode(as_png(figure)).decode("ascii") for caption, figure in one.figures.items()
        },
        "is_warning": one.is_warning,
    }


def _read(stored: Mapping[str, Any]) -> Section:
    table = stored["table"]
    return Section(
        stored["title"],
        stored["words"],
        None if table is None else pd.DataFrame(table["rows"], columns=table["columns"]),
        {caption: base64.b64decode(data, validate=True) for caption, data in stored["figures"].items()},
        is_warning=stored["is_warning"],
    )
