"""One self-contained HTML page of an evaluation: it opens anywhere, asks for nothing from outside, and prints."""

from __future__ import annotations

import base64
import html
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from pipelines.evaluation.page_style import CSS

DPI = 120
BROAD_INCHES = 7.5
"""A figure of this width or more has a row of its own."""
MAX_TABLE_ROWS = 200
_NUMBER = re.compile(r"[-+]?[\d.,]+ ?%?( \[.*\])?( [✓✗·])?|not known|")


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    title : str
        Also its entry in the contents.
    words : str
        Plain text: an empty line ends a paragraph, and a line that begins with ``- `` is an item of a list.
    table : DataFrame, optional
        Shown as it is, without its index; of more than 200 rows the first 200 and how many more.
    figures : mapping of str to Figure or bytes
        By caption, which says what to read from the figure; bytes are a PNG.
    is_warning : bool
        Whether to set it apart.
    """

    title: str
    words: str = ""
    table: pd.DataFrame | None = None
    figures: Mapping[str, Figure | bytes] = field(default_factory=dict)
    is_warning: bool = False


@dataclass(frozen=True)
class KeyFigure:
    """A number that stands at the top of the page.

    Parameters
    ----------
    name, value, note : str
        E.g. ``ROC-AUC``, ``0.862``, ``0.850 to 0.873``.
    """

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class PageContent:
    """What the page says, in order.

    Parameters
    ----------
    title, description : str
        Of the task.
    sections : sequence of Section
        Any; `pipelines.evaluation.sections` makes those of an evaluation.
    key_figures : sequence of KeyFigure
        Shown under the description.
    """

    title: str
    description: str
    sections: Sequence[Section]
    key_figures: Sequence[KeyFigure] = ()


def evaluation_page(content: PageContent) -> str:
    """The whole page as HTML, with figures inside; everything that comes from data is escaped.

    Parameters
    ----------
    content : PageContent
        What it says.

    Returns
    -------
    str
        One file without scripts or links to elsewhere, which its content policy also forbids.

    Examples
    --------
    >>> page = evaluation_page(PageContent("Churn <b>", "Who leaves?", [Section("Data", "100 rows.")]))
    >>> "<h1>Churn &lt;b&gt;</h1>" in page, '<a href="#s1">Data</a>' in page
    (True, True)
    """
    contents = "".join(f'<li><a href="#s{i}">{_text(one.title)}</a></li>' for i, one in enumerate(content.sections, 1))
    sections = "\n".join(_section(i, one) for i, one in enumerate(content.sections, 1))
    cards = "".join(_card(one) for one in content.key_figures)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{_text(content.title)}</title>
<style>{CSS}</style>
</head>
<body>
<header><h1>{_text(content.title)}</h1><div class="lead">{_words(content.description)}</div>
{f'<dl class="cards">{cards}</dl>' if cards else ""}</header>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
<main>
{sections}
</main>
</body>
</html>
"""


def _section(number: int, section: Section) -> str:
    figures = "".join(_figure(caption, figure) for caption, figure in section.figures.items())
    return (
        f'<section id="s{number}"{" class=warning" if section.is_warning else ""}><h2>{_text(section.title)}</h2>\n'
        f"{_words(section.words)}"
        f"{f'<div class=figures>{figures}</div>' if figures else ''}"
        f"{_table(section.table) if section.table is not None else ''}</section>"
    )


def _card(one: KeyFigure) -> str:
    return f"<div><dt>{_text(one.name)}</dt><dd>{_text(one.value)}<small>{_text(one.note)}</small></dd></div>"


def _words(text: str) -> str:
    blocks: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        items = [f"<li>{_text(line[2:])}</li>" for line in lines if line.startswith("- ")]
        plain = " ".join(line for line in lines if not line.startswith("- "))
        blocks += [f"<p>{_text(plain)}</p>"] * bool(plain) + [f"<ul>{''.join(items)}</ul>"] * bool(items)
    return "\n".join(blocks)


def as_png(figure: Figure | bytes) -> bytes:
    """A figure as the page shows it."""
    if isinstance(figure, bytes):
        return figure
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def _figure(caption: str, figure: Figure | bytes) -> str:
    png = as_png(figure)
    data = base64.b64encode(png).decode("ascii")
    said = _text(caption)
    width = int.from_bytes(png[16:20], "big")  # where every PNG says it
    wide = " class=broad" if width >= BROAD_INCHES * DPI else ""
    return (
        f'<figure{wide}><img alt="{said}" src="data:image/png;base64,{data}"><figcaption>{said}</figcaption></figure>'
    )


def _table(table: pd.DataFrame) -> str:
    shown = table.head(MAX_TABLE_ROWS)
    columns = {str(name): [_value(value) for value in shown[name]] for name in shown}
    classes = ["n" if values and all(map(_NUMBER.fullmatch, values)) else "" for values in columns.values()]
    head = "".join(_cell("th", kind, name) for kind, name in zip(classes, columns, strict=True))
    rows = "".join(
        f"<tr>{''.join(_cell('td', kind, value) for kind, value in zip(classes, row, strict=True))}</tr>"
        for row in zip(*columns.values(), strict=True)
    )
    more = len(table) - len(shown)
    rest = f"<p class=more>and {more:,} more rows</p>" if more else ""
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}"


def _cell(tag: str, kind: str, value: str) -> str:
    return f"<{tag}{f' class={kind}' if kind else ''}>{_text(value)}</{tag}>"


def _value(value: object) -> str:
    """A number with four significant digits, a count with thousands, everything else as it is written."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu"):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _text(value: str) -> str:
    """Escaped, and with no line break before a percent sign."""
    return html.escape(value, quote=True).replace(" %", "&nbsp;%")
