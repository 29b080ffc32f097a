"""What is known of a feature besides its values."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass


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
        How a reason code says it; ``{value}`` stands for the customer's own value.
    grows_with_calendar : bool
        True if it rises as the log gets longer, whatever the customer does; drift in it is not news.
    levels : tuple of str
        Of a feature that is text: the values that a model has learned to tell apart; empty for a number.
    idea : str
        What it says something about: features of one idea are one reason. Empty: an idea of its own.
    usual : str
        The feature that holds the customer's own usual value, in the same unit; empty where there is none.
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

    @property
    def subject_matter(self) -> str:
        """The idea, or the name of a feature that stands for itself."""
        return self.idea or self.name

    def words(self, value: float) -> str:
        """The feature with a customer's own value.

        Examples
        --------
        >>> feature = Feature("recency_days", "", "days", "", "never", "recency", "last purchase {value} days ago")
        >>> feature.words(41.0)
        'last purchase 41 days ago'
        """
        shown = "unknown" if math.isnan(value) else f"{value:.0f}" if abs(value) >= 10 else f"{value:.3g}"
        return self.phrase.replace("{value}", shown)


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
