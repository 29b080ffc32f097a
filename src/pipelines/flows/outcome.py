"""How a flow can end, as the tag ``outcome`` says it."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """Every way in which a flow ends."""

    DONE = "done"
    PROMOTED = "promoted"
    REFUSED = "refused"
    AWAITS_APPROVAL = "awaits_approval"
    FELL_SHORT = "fell_short"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled_back"
    OK = "ok"
    WATCH = "watch"
    RETRAIN = "retrain"
    RETRAINED = "retrained"
    RETRAIN_REFUSED = "retrain_refused"
    BROKEN_DATA = "broken_data"
    TOO_FEW_ROWS = "too_few_rows"
    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    NO_STRUCTURE = "no_structure"


EXIT_STATUS: dict[Outcome, int] = {
    Outcome.REFUSED: 3,
    Outcome.AWAITS_APPROVAL: 3,
    Outcome.FELL_SHORT: 3,
    Outcome.NO_STRUCTURE: 3,
    Outcome.RETRAIN_REFUSED: 3,
    Outcome.WATCH: 4,
    Outcome.RETRAIN: 4,
    Outcome.BROKEN_DATA: 4,
    Outcome.DIFFERS: 5,
}
"""What the console command ends with; 0 where nothing stands here."""
