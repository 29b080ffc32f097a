"""Findings in plain sentences, and names from data made safe for a path and for Markdown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from pipelines.core.intervals import Interval
from pipelines.fairness.findings import (
    CALIBRATION_DIFFERENCE,
    COMPARED,
    ODDS_DIFFERENCE,
    ODDS_RATIO,
    PARITY_DIFFERENCE,
    PARITY_RATIO,
    RATIOS,
    UNKNOWN,
    ColumnFairness,
    FairnessSpec,
    Finding,
    Group,
    Outcome,
)

MOST = 0.5
"""A share of unknown values from which on it is said."""
RESERVED = ("summary", "proxies", "parity", "mitigation")
"""What stands beside the columns in the folder ``fairness/``."""
N_NAMED = 8
LONGEST = 40

_SAID = {
    PARITY_DIFFERENCE: "the share selected differs by {value} between groups",
    PARITY_RATIO: "the lowest share selected is {value} of the highest",
    ODDS_DIFFERENCE: "the share selected among customers with the same outcome differs by {value} between groups",
    ODDS_RATIO: "among customers with the same outcome the lowest share selected is {value} of the highest",
    CALIBRATION_DIFFERENCE: "the mean score minus the share of positives differs by {value} between groups",
}
_ABOUT = {
    PARITY_DIFFERENCE: "the share selected",
    PARITY_RATIO: "the ratio of the shares selected",
    ODDS_DIFFERENCE: "the share selected among customers with the same outcome",
    ODDS_RATIO: "the ratio of the shares selected among customers with the same outcome",
    CALIBRATION_DIFFERENCE: "the mean score minus the share of positives",
}
_RULED = {
    Outcome.WITHIN: "within the limit",
    Outcome.OUTSIDE: "outside the limit",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_MEASURED: "not measured",
}
_RATES = {"true_positive_rate": "of the positives", "false_positive_rate": "of the negatives"}
_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "\\|", "`": "'"})


def words(columns: Sequence[ColumnFairness], spec: FairnessSpec) -> tuple[str, ...]:
    """How it was asked, then column by column what was found."""
    return (asked(columns, spec), *(sentence for found in columns for sentence in column_words(found, spec)))


def headline(columns: Sequence[ColumnFairness]) -> str:
    """How the findings of each column came out, in a line.

    Examples
    --------
    >>> within = Finding(PARITY_DIFFERENCE, Interval(0.05, 0.01, 0.08), 0.1, Outcome.WITHIN)
    >>> headline([ColumnFairness("age", (), (within,), 2, 90)])
    'age: 1 within the limit'
    """
    told = []
    for found in columns:
        counts = Counter(finding.outcome for finding in found.findings)
        told.append(f"{found.column}: " + ", ".join(f"{counts[one]} {_RULED[one]}" for one in _RULED if counts[one]))
    return "; ".join(told)


def asked(columns: Sequence[ColumnFairness], spec: FairnessSpec) -> str:
    """What takes part and what the brackets hold, in two sentences."""
    if not columns:
        return "No sensitive column is declared, so fairness was not measured."
    n = sum(any(finding.value is not None for finding in found.findings) for found in columns)
    return (
        f"Groups of {spec.min_group} customers or more are compared. Brackets hold intervals that treat the customer "
        f"as the unit; all findings together hold in {spec.level:.0%} of samples: the chance of an error is shared "
        f"between {n} column{'s' * (n != 1)} and {len(COMPARED)} measures in each (Bonferroni), and an interval holds "
        "for all pairs of groups at once (studentised range)."
    )


def column_words(found: ColumnFairness, spec: FairnessSpec) -> tuple[str, ...]:
    """The findings of a column, and what they leave out."""
    refused = {finding.note for finding in found.findings if finding.value is None}
    if len(refused) == 1 and all(finding.value is None for finding in found.findings):
        told = [f"{found.column}: not measured. {refused.pop()}"]
    else:
        told = [f"{found.column}: {sentence(finding)}" for finding in found.findings]
    told += [f"{found.column}: {one}" for one in (_unknown(found), _left_out(found, spec), _hidden(found)) if one]
    return tuple(told)


def sentence(finding: Finding) -> str:
    """One finding, without its column.

    Examples
    --------
    >>> sentence(Finding(PARITY_DIFFERENCE, Interval(0.05, 0.01, 0.08), 0.1, Outcome.WITHIN))
    'the share selected differs by 0.050 [0.010, 0.080] between groups; that is within the limit of 0.1.'
    """
    if finding.value is None:
        return f"{_ABOUT[finding.measure]} was not compared. {finding.note}".strip()
    beyond = "less" if finding.measure in RATIOS else "more"
    ruling = {
        Outcome.WITHIN: f"that is within the limit of {finding.limit:g}",
        Outcome.OUTSIDE: f"that is {beyond} than the limit of {finding.limit:g} allows",
        Outcome.INCONCLUSIVE: f"the data cannot say whether that is {beyond} than {finding.limit:g}",
    }[finding.outcome]
    said = _SAID[finding.measure].format(value=finding.value)
    return " ".join(part for part in (f"{said}; {ruling}.", _who(finding), _known(finding), finding.note) if part)


def as_markdown(columns: Sequence[ColumnFairness], spec: FairnessSpec) -> str:
    """The same as a page; what a name from the data holds can neither break it nor become HTML."""
    lines = ["# Fairness of the decisions", "", safe(asked(columns, spec))]
    for found in columns:
        lines += ["", f"## {safe(found.column)}", "", *_table(found)]
        lines += [f"- {safe(one.removeprefix(f'{found.column}: '))}" for one in column_words(found, spec)]
    return "\n".join(lines) + "\n"


def safe(text: str) -> str:
    r"""Text on one line of Markdown, without HTML, links or cells of its own.

    Examples
    --------
    >>> print(safe("a|b\n<script>[x](y)"))
    a\|b &lt;script&gt;[x]\(y)
    """
    return " ".join(text.split()).translate(_SPECIAL).replace("](", "]\\(")


def short(name: str) -> str:
    """A name on one line and of a length that a figure bears.

    Examples
    --------
    >>> short("x" * 50)[-3:], len(short("x" * 50))
    ('xx…', 40)
    """
    line = " ".join(name.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def slugs(columns: Sequence[str]) -> list[str]:
    """Names that a path and a metric may hold, each different.

    Examples
    --------
    >>> slugs(["age", "a/b", "a b", "summary"])
    ['age', 'a_b', 'a_b_2', 'summary_2']
    """
    taken, found = set(RESERVED), []
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", column) or "column"
        name, number = plain, 1
        while name.lower() in taken:  # some file systems know no case
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.lower())
        found.append(name)
    return found


def _who(finding: Finding) -> str:
    alike = 1 if finding.measure in RATIOS else 0
    if not finding.between or finding.value is None or finding.value.estimate == alike:
        return ""
    highest, lowest = (short(name) for name in finding.between)
    return f"Highest{_of(finding)}: {highest}, lowest: {lowest}."


def _known(finding: Finding) -> str:
    """The same without the unknown, where these are among the farthest apart."""
    known = finding.known
    if known is None or UNKNOWN not in finding.between:
        return ""
    return f"Without the unknown: {known.value}, {_RULED[known.outcome]}."


def _of(finding: Finding) -> str:
    among = _RATES.get(finding.rate, "")
    return f" ({among})" if among else ""


def _unknown(found: ColumnFairness) -> str:
    unknown = sum(group.n_customers for group in found.groups if group.name == UNKNOWN)
    share = unknown / max(1, found.n_customers)
    if not MOST <= share < 1:
        return ""
    return f"the value of {share:.0%} of the customers is unknown; they are a group like any other."


def _left_out(found: ColumnFairness, spec: FairnessSpec) -> str:
    small = [group for group in found.groups if not group.large_enough]
    if not small:
        return ""
    one = len(small) == 1
    named = ", ".join(_sized(group) for group in small[:N_NAMED])
    more = f" and {len(small) - N_NAMED} more" if len(small) > N_NAMED else ""
    return (
        f"{len(small)} group{'s' * (not one)} of fewer than {spec.min_group} customers {'is' if one else 'are'} shown, "
        f"not compared; {'it holds' if one else 'they hold'} {_customers(sum(group.n_customers for group in small))}: "
        f"{named}{more}."
    )


def _hidden(found: ColumnFairness) -> str:
    n = found.n_values - len(found.groups)
    if not n:
        return ""
    more = "more " if found.groups else ""
    return f"{n:,} {more}value{'s' * (n != 1)} of {_customers(found.n_customers_hidden)} are counted, but not shown."


def _sized(group: Group) -> str:
    return f"{short(group.name)} ({group.n_customers:,})"


def _customers(n: int) -> str:
    return f"{n:,} customer{'s' * (n != 1)}"


def _table(found: ColumnFairness) -> list[str]:
    """Each group with what is compared of it."""
    if not found.groups:
        return []
    head = ["group", "customers", *(rate.replace("_", " ") for rate in COMPARED)]
    rows = [
        [safe(short(group.name)), f"{group.n_customers:,}", *(_cell(group.rates[rate]) for rate in COMPARED)]
        for group in found.groups
    ]
    return [*("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]), ""]


def _cell(rate: Interval) -> str:
    return "undefined" if math.isnan(rate.estimate) else str(rate)
