"""What the gates said becomes a record, and a champion if they all agreed."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Models, ModelVersion, Run
from pipelines.core.report import Report
from pipelines.core.spec import digest
from pipelines.flows.ledger import Step, recorded
from pipelines.flows.outcome import Outcome
from pipelines.gates.evidence import Ruling


@dataclass(frozen=True)
class Ruled:
    """A challenger, the champion that it was compared with or None, and what came of it."""

    challenger: ModelVersion
    champion: ModelVersion | None
    rulings: tuple[Ruling, ...]
    outcome: Outcome


def record_ruling(models: Models, run: Run, ruled: Ruled, report: Report) -> Entry:
    """Write the record that rests on a published gate report.

    Raises
    ------
    BusyError
        If others stand there now than those that were judged.
    """
    step = Step(
        Event.PROMOTED if ruled.outcome == Outcome.PROMOTED else Event.REFUSED,
        ruled.challenger,
        reason_of(ruled.rulings),
        report_digest=report_digest(report),
    )
    return recorded(ruled.challenger.task, models, run, step, lambda now: _after(now, ruled))


def report_digest(report: Report) -> str:
    """SHA-256 of ``gates.json``."""
    return digest(report.artifacts["gates.json"])


def outcome_of(rulings: tuple[Ruling, ...]) -> Outcome:
    """Promoted if every gate agrees; where only a person's approval lacks, that is said."""
    refused = [ruling.gate for ruling in rulings if not ruling.passed]
    if not refused:
        return Outcome.PROMOTED
    return Outcome.AWAITS_APPROVAL if refused == ["approval"] else Outcome.REFUSED


def reason_of(rulings: tuple[Ruling, ...]) -> str:
    """Which gates refused, as the ledger has it; the values stand in the report."""
    refused = [ruling.gate for ruling in rulings if not ruling.passed]
    return f"refused by {', '.join(refused)}" if refused else f"all {len(rulings)} gates passed"


def _after(now: Standing, ruled: Ruled) -> Standing | None:
    """Who stands where then; None if others stand there than those that were judged."""
    champion = None if ruled.champion is None else ruled.champion.version
    if (now.champion, now.challenger) != (champion, ruled.challenger.version):
        return None
    return now.crowned(ruled.challenger.version) if ruled.outcome == Outcome.PROMOTED else now
