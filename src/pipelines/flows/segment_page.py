"""What the page of a segmentation says besides its personas: choice, continuity and gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.report import Report
from pipelines.core.windows import said
from pipelines.evaluation.page import Section
from pipelines.gates.evidence import Ruling
from pipelines.search.segmentations import Chosen
from pipelines.segments.continuity import Continuity
from pipelines.segments.continuity_report import continuity_words
from pipelines.segments.refits import Refit

_TRADE_OFF = "Every candidate by how well it separates and how stable it is; lines join equal scores at equal size."
_STABLE = "What refits find again: of each segment on resampled customers, and from cutoff to cutoff."
_BEST_SHOWN = 10


def chosen_section(chosen: Chosen, logged: Report) -> Section:
    """What was tried, what won and by what."""
    won = chosen.measured
    words = (
        f"{chosen.structure.words}\n\nOf {len(chosen.trials):,} candidates {won.candidate} has the best trade-off: "
        f"{won.score:.3f}, of separation {won.separation:.2f} (0.5 is that of data without groups), stability "
        f"{won.stability:.2f} and evenness of size {won.size:.2f}."
    )
    return Section("How it was chosen", words, _best(chosen), _drawn(logged, {"choice/trade_off.png": _TRADE_OFF}))


def lasting_section(
    refits: Sequence[Refit], names: Mapping[int, str], against: Continuity | None, logged: Report
) -> Section:
    """Refit by refit, and since the champion."""
    since = (
        [] if against is None else ["Since the champion:", *(f"- {one}" for one in continuity_words(against, names))]
    )
    pairs = [one for one in refits if one.definition is not None]
    table = pd.DataFrame(
        {
            "cutoff": [said(one.cutoff) for one in pairs],
            "same customers": [f"{one.definition:.2f}" for one in pairs],
            "own segments": ["" if one.membership is None else f"{one.membership:.2f}" for one in pairs],
        }
    )
    told = (
        "Every refit is fitted on what was known at its cutoff, beginning from the one before. The table has adjusted "
        "Rand indices (1 is the same, 0 is chance): of two neighbouring refits asked about the same customers, and of "
        "the customers' own segments then and now, in which customers who changed count too."
    )
    words = "\n\n".join([told if pairs else "There is one cutoff only.", "\n".join(since)])
    drawn = _drawn(logged, {"choice/stability.png": _STABLE})
    return Section("Do they last?", words, table if pairs else None, drawn)


def gates_section(rulings: Sequence[Ruling], notes: Sequence[str]) -> Section:
    """What every gate said, and what could not be shown."""
    rows = [(ruling.gate, "pass" if ruling.passed else "refuse", ruling.reason) for ruling in rulings]
    words = "\n".join(f"- {note}" for note in notes)
    return Section("Gates", words, pd.DataFrame(rows, columns=["gate", "ruling", "reason"]))


def _best(chosen: Chosen) -> pd.DataFrame:
    """The best candidates, one row each."""
    usable = sorted((one for one in chosen.trials if not one.refused), key=lambda one: -one.score)[:_BEST_SHOWN]
    parts = ("score", "separation", "stability", "size")
    rows = [
        {"candidate": str(one.candidate), **{name: f"{getattr(one, name):.3f}" for name in parts}} for one in usable
    ]
    return pd.DataFrame(rows)


def _drawn(logged: Report, captions: Mapping[str, str]) -> dict[str, Figure | bytes]:
    """Figures of a report, by their captions."""
    found = {caption: logged.artifacts.get(path) for path, caption in captions.items()}
    return {caption: figure for caption, figure in found.items() if isinstance(figure, Figure)}
