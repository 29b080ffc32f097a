"""The rule as SQL and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.core.windows import said
from pipelines.features.catalogue import Feature
from pipelines.segments.surrogate_fidelity import Fidelity
from pipelines.segments.surrogate_rule import Bound, Branch, Rule

_EXACT_DIGITS = 15
"""Engines read more digits than this as a wide DECIMAL, whose way to a double need not end at the nearest one."""


@dataclass(frozen=True)
class Origin:
    """What the header of the SQL says the rule is about.

    Parameters
    ----------
    title, population : str
        Of the segmentation.
    cutoff : datetime
        As of when the rule was learned.
    names : mapping of int to str
        Of the segments.
    """

    title: str
    population: str
    cutoff: datetime
    names: Mapping[int, str]


def rule_sql(rule: Rule, fidelity: Fidelity, features: Sequence[Feature], origin: Origin) -> str:
    """The rule as one SQL expression, under a comment that says what it asks for and how far to trust it.

    Parameters
    ----------
    rule : Rule
        Its branches exclude each other, so that their order does not matter.
    fidelity : Fidelity
        On held-out customers.
    features : sequence of Feature
        What the rule asks for is described by these.
    origin : Origin
        Segmentation, population, cutoff, names.

    Returns
    -------
    str
        ``CASE WHEN … THEN id … END``, plain SQL:1992. Names are quoted, thresholds are the numbers of the rule to the
        last bit, and every condition says what becomes of NULL.

    Examples
    --------
    >>> print(condition(Bound(feature="n_orders", above=2.5, up_to=4.0, or_null=True)))
    ("n_orders" > 2.5 AND "n_orders" <= 4 OR "n_orders" IS NULL)
    """
    lines = [f"-- {one}" if one else "--" for one in _header(rule, fidelity, features, origin)]
    whens = [_when(branch, origin.names) for branch in rule.branches]
    return "\n".join([*lines, "CASE", *whens, "END", ""])


def condition(bound: Bound) -> str:
    """A bound as SQL, in brackets where it has more than one part."""
    name = quoted(bound.feature)
    if bound.only_null:
        return f"{name} IS NULL" if bound.or_null else "FALSE"
    parts = [f"{name} > {number(bound.above)}"] if bound.above is not None else []
    parts += [f"{name} <= {number(bound.up_to)}"] if bound.up_to is not None else []
    if not parts:
        return "TRUE" if bound.or_null else f"{name} IS NOT NULL"
    inside = " AND ".join(parts)
    return f"({inside} OR {name} IS NULL)" if bound.or_null else inside


def quoted(name: str) -> str:
    """A name as an SQL identifier.

    Examples
    --------
    >>> quoted('a "large" one')
    '"a ""large"" one"'
    """
    return '"' + name.replace('"', '""') + '"'


def number(value: float) -> str:
    """A double as an SQL literal that reads as the same double.

    Examples
    --------
    >>> number(15.0), number(-0.1), number(1e300), number(0.1 + 0.2)
    ('15', '-0.1', '1e+300', '3.0000000000000004e-01')
    """
    text = repr(float(value))
    mantissa = text.split("e", maxsplit=1)[0]
    if len(mantissa.replace(".", "").lstrip("-0")) > _EXACT_DIGITS:
        return f"{float(value):.16e}"
    return text.removesuffix(".0")


def branch_words(branch: Branch, features: Sequence[Feature], ever_null: Sequence[str] = ()) -> str:
    """What a branch asks, in words; of a feature that was never null, null is not spoken of.

    Examples
    --------
    >>> orders = Feature("n_orders", "Orders in the last 28 days", "orders", "", "", "", "")
    >>> few = Branch(segment=1, bounds=[Bound(feature="n_orders", up_to=3.0, or_null=True)], share=0.4, purity=0.9)
    >>> branch_words(few, [orders]), branch_words(few, [orders], ["n_orders"])
    ('orders in the last 28 days at most 3', 'orders in the last 28 days at most 3 or not known')
    """
    known = {one.name: one for one in features}
    asked = [bound_words(one, known[one.feature], says_null=one.feature in ever_null) for one in branch.bounds]
    return "; ".join(asked) or "everybody"


def bound_words(bound: Bound, feature: Feature, *, says_null: bool) -> str:
    """A bound in words, with the unit where the meaning does not say it."""
    meaning = feature.meaning or feature.name
    said = meaning[:1].lower() + meaning[1:]
    if bound.only_null:
        return f"{said} not known"
    unit = "" if feature.unit.lower() in said.lower() or feature.unit in {"0 or 1", "number"} else f" {feature.unit}"
    ends = f"more than {_said(bound.above)}" if bound.above is not None else ""
    if bound.up_to is not None:
        ends = f"{ends} and at most {_said(bound.up_to)}" if ends else f"at most {_said(bound.up_to)}"
    if not ends:
        return f"{said} known"
    return f"{said} {ends}{unit}{' or not known' if bound.or_null and says_null else ''}"


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"


def _when(branch: Branch, names: Mapping[int, str]) -> str:
    asked = [condition(bound) for bound in branch.bounds] or ["TRUE"]
    return f"  WHEN {' AND '.join(asked)} THEN {branch.segment}  -- {_one_line(names[branch.segment])}"


def _header(rule: Rule, fidelity: Fidelity, features: Sequence[Feature], origin: Origin) -> list[str]:
    known = {one.name: one for one in features}
    agreement, ari = fidelity.agreement, fidelity.ari
    lines = [
        f"{origin.title}: the segment of a customer by a simple rule.",
        f"For {origin.population}, learned from them as of {said(origin.cutoff)} 00:00 UTC.",
        "It stands for the segmentation, it is not the segmentation: on "
        f"{fidelity.n_rows:,} customers that it was not learned from, both agree on",
        f"{100 * agreement.estimate:.1f} % [{100 * agreement.low:.1f}, {100 * agreement.high:.1f}], "
        f"adjusted Rand index {ari.estimate:.2f} [{ari.low:.2f}, {ari.high:.2f}]. "
        f"Always naming the largest segment agrees on {100 * fidelity.largest:.1f} %.",
        *(f"No branch leads to segment {one} ({origin.names[one]})." for one in fidelity.unreached),
        "",
        "One row per customer, described at one cutoff: windows end before it. NULL means that a feature is not known;",
        "a NaN has to be made NULL first, since engines differ in how they compare it. A NULL in a feature that was",
        "never null when the rule was learned goes with the more customers.",
        *(_column(known[name]) for name in rule.features),
    ]
    return [_one_line(one) for one in lines]


def _column(feature: Feature) -> str:
    return f"  {quoted(feature.name)}: {feature.meaning or feature.name} ({feature.unit}); null: {feature.null_rule}"


def _one_line(text: str) -> str:
    """A comment ends with its line: a line break in a name from data must not begin SQL of its own."""
    return text[: len(text) - len(text.lstrip())] + " ".join(text.split())
