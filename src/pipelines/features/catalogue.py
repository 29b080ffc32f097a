"""What is known of a feature besides its values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.features.wording import rounded, shown, told


@dataclass(frozen=True)
class Feature:
    """One column of the panel.

    Parameters
    ----------
    name : str
        Column name; windows end it, as in ``n_orders_28d``.
    meaning : str
        One plain sentence, without a full stop.
    unit : str
        ``days``, ``orders``, a currency, ``ratio`` …
    window : str
        What of the past it sees: an ISO 8601 duration, or ``all history``.
    null_rule : str
        When it is null; ``never`` if it cannot be.
    block : str
        The block that emits it.
    phrase : str
        How a reason code says it; ``{value}`` stands for the customer's own value, and ``{one|many}`` for the form of
        a word that agrees with it (`pipelines.features.wording`).
    grows_with_calendar : bool
        True if it rises as the log gets longer, whatever the customer does; drift in it is not news.
    levels : tuple of str
        Of a feature that is text: the values that a model has learned to tell apart; empty for a number.
    idea : str
        What it says something about: features of one idea are one reason. Empty: an idea of its own.
    usual : str
        The feature that holds the customer's own usual value, in the same unit; empty where there is none.
    usual_phrase : str
        How that is said, such as ``usually every {day|{value} days}``.
    absent : str
        What is said in place of the phrase where the value is null; empty: the phrase with ``unknown``.
    """

    name: str
    meaning: str
    unit: str
    window: str
    null_rule: str
    block: str
    phrase: str
    grows_with_calendar: bool = False
    levels: tuple[str, ...] = ()
    idea: str = ""
    usual: str = ""
    usual_phrase: str = "usually {value}"
    absent: str = ""

    @property
    def subject_matter(self) -> str:
        """The idea, or the name of a feature that stands for itself."""
        return self.idea or self.name

    def words(self, value: float | str) -> str:
        """The feature with a customer's own value.

        Examples
        --------
        >>> silence = Feature("recency_days", "", "days", "", "", "", "last purchase {value} {day|days} ago")
        >>> silence.words(41.0), silence.words(1.0)
        ('last purchase 41 days ago', 'last purchase 1 day ago')
        >>> silence.words(float("nan"))
        'last purchase unknown days ago'
        """
        if isinstance(value, str):
            return told(self.phrase, value)
        if math.isnan(value):
            return self.absent or told(self.phrase, "unknown")
        return told(self.phrase, self.shown(value))

    def shown(self, value: float) -> str:
        """A value as it is written."""
        return shown(float(rounded(np.array([value]), self.unit)[0]), self.unit)


def level_word(level: str) -> str:
    """A level of a column as it stands in names.

    Examples
    --------
    >>> level_word("Smart TV")
    'smart_tv'
    """
    return re.sub(r"\W+", "_", level.lower()).strip("_")


def catalogue_page(features: Sequence[Feature], left_out: Sequence[str]) -> str:
    """The catalogue as a Markdown table, and which blocks were left out.

    Examples
    --------
    >>> page = catalogue_page([Feature("recency_days", "Silence", "days", "all history", "never", "recency", "")], [])
    >>> page.splitlines()[-1]
    '| `recency_days` | recency | Silence | days | all history | never |'
    """
    rows = [(f"`{one.name}`", one.block, one.meaning, one.unit, one.window, one.null_rule) for one in features]
    lines = ["| feature | block | meaning | unit | window | null |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([*(f"- {line}" for line in left_out), *([""] if left_out else []), *lines])
