"""A page as Markdown: the whole, and a brief version for a registry's description."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from pipelines.evaluation.page import PageContent

MAX_BRIEF = 4_900
"""Characters: registries keep 5,000 of a description."""
MAX_PART = 1_100
"""Of them, those of one section: a long one must not take the room of the others."""
_SPECIAL = str.maketrans({"<": "&lt;", ">": "&gt;", "|": "\\|", "`": "'"})


def as_markdown(content: PageContent) -> str:
    """Everything but the figures, which stand in the HTML version.

    Names from data cannot break a table, make a link or become HTML.

    Examples
    --------
    >>> from pipelines.evaluation.page import Section
    >>> print(as_markdown(PageContent("Churn", "Who <leaves>?", [Section("Data", "100 rows.")])))
    # Churn
    <BLANKLINE>
    Who &lt;leaves&gt;?
    <BLANKLINE>
    ## Data
    <BLANKLINE>
    100 rows.
    <BLANKLINE>
    """
    parts = [f"# {_safe(content.title)}", _paragraphs(content.description), *_key_figures(content)]
    for section in content.sections:
        parts += [f"## {_safe(section.title)}", _paragraphs(section.words)]
        parts += [] if section.table is None else [_table(section.table)]
    return "\n\n".join(part for part in parts if part) + "\n"


def brief(content: PageContent, told: Sequence[str], where: str) -> str:
    """The sections that ``told`` names, in words only, and where the rest is.

    Parameters
    ----------
    content : PageContent
        The whole.
    told : sequence of str
        Titles of sections, the most important first: the last are left out where there is no room.
    where : str
        Where the whole can be read.

    Returns
    -------
    str
        Markdown of at most `MAX_BRIEF` characters; a section is told whole or cut after a line, and it says so.
    """
    ending = f"\n\nThe whole card: {_safe(where)}"
    text = "\n\n".join(
        part for part in (f"# {_safe(content.title)}", _paragraphs(content.description), *_key_figures(content)) if part
    )
    named = {section.title: section for section in content.sections}
    for section in (named[title] for title in told if title in named):
        room = min(MAX_PART, MAX_BRIEF - len(text) - len(ending))
        text += _cut(f"\n\n### {_safe(section.title)}\n\n{_paragraphs(section.words)}", room)
    return text + ending


def _cut(text: str, room: int) -> str:
    """As many whole lines as there is room for; nothing where not even a first sentence fits."""
    if len(text) <= room:
        return text
    more = "\n- … more in the whole card"
    kept: list[str] = []
    for line in text.split("\n"):
        if len("\n".join([*kept, line])) + len(more) > room:
            break
        kept.append(line)
    said = [line for line in kept if line and not line.startswith("### ")]
    return "\n".join(kept).rstrip() + more if said else ""


def _key_figures(content: PageContent) -> list[str]:
    return ["\n".join(f"- **{_safe(one.name)}**: {_safe(one.value)}, {_safe(one.note)}" for one in content.key_figures)]


def _paragraphs(words: str) -> str:
    """Items of a list stay items; everything else is escaped text."""
    lines = [line.strip() for line in words.strip().splitlines()]
    return "\n".join(f"- {_safe(line[2:])}" if line.startswith("- ") else _safe(line) for line in lines)


def _table(table: pd.DataFrame) -> str:
    head = [_safe(str(name)) for name in table.columns]
    rows = [[_safe(str(value)) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows])


def _safe(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text).translate(_SPECIAL).replace("](", "]\\(")
