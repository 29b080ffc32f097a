"""Evidence that every gate passes; each test spoils one part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipelines.core.intervals import Interval
from pipelines.core.ledger import Entry, Event, Standing
from pipelines.core.protocols import Answer, Probe
from pipelines.evaluation.decisions import Worth
from pipelines.evaluation.over_time import Period
from pipelines.evaluation.suspicion import Suspicion
from pipelines.fairness.findings import FINDINGS, ColumnFairness, Finding, Outcome
from pipelines.gates.evidence import TYPICAL, Additivity, Knowledge, Origin, OverChampion, Signed
from pipelines.gates.gates import judge_all

CLEAR = Interval(0.05, 0.02, 0.08)
BETTER = {"roc_auc": CLEAR, "brier": Interval(-0.02, -0.03, -0.01)}
DIGEST = "d" * 64
TAGS = {
    "data_digest": "a" * 64,
    "config_digest": "b" * 64,
    "code_digest": "c" * 64,
    "lock_digest": "e" * 64,
    "seed": "7",
}
AT = datetime(2026, 1, 2, tzinfo=UTC)


def signature_of(actor="grace", event=Event.APPROVED, digest=DIGEST):
    """A record of what a person said."""
    return Entry(3, "churn", event, AT, actor, "looks right", "7", digest, "", "", Standing(), "")


def findings_of(column="age", **outcomes):
    """A column whose findings are within, but for those that are named."""
    value = Interval(0.02, 0.01, 0.05)
    found = [Finding(name, value, 0.1, Outcome(outcomes.get(name, "within"))) for name in FINDINGS]
    return ColumnFairness(column, (), tuple(found), 2, 100)


def answer(n=100, error="", n_answered=None, n_bad=0, seconds=0.01):
    return Answer(error, n, n if n_answered is None else n_answered, n_bad, seconds)


@dataclass(frozen=True)
class FakeEvidence:
    """What a good challenger shows."""

    metrics: dict = field(default_factory=lambda: {"ece": Interval(0.01, 0.0, 0.02)})
    baselines: dict = field(default_factory=lambda: {"prevalence": BETTER, "recency_rule": BETTER})
    champion: OverChampion | None = field(default_factory=lambda: OverChampion(BETTER, 4_000, 1_000))
    decided: Worth = field(default_factory=lambda: Worth(1_000, 100, 0.12, Interval(0.3, 0.25, 0.35)))
    columns: tuple = field(default_factory=lambda: (findings_of(),))
    weeks: tuple = field(
        default_factory=lambda: (
            Period("2026-01-05", 500, 0.86, Interval(-0.01, -0.03, 0.01)),
            Period("2026-01-12", 500, 0.85, Interval(0.01, -0.01, 0.03)),
        )
    )
    suspect: Suspicion = field(
        default_factory=lambda: Suspicion(
            0.86, "recency_days", 0.75, 0.85, Interval(0.01, -0.01, 0.03), Interval(0.002, -0.004, 0.008)
        )
    )
    same: bool = True
    names: tuple | None = ("recency_days", "n_orders_28d")
    example: bool = True
    wanted: tuple = ("recency_days", "n_orders_28d")
    probed: Probe = field(
        default_factory=lambda: Probe(
            "", {TYPICAL: answer(5_000, seconds=0.5), "one row": answer(1), "no rows": answer(0)}, 2.5
        )
    )
    off: Additivity = field(default_factory=lambda: Additivity(2_200, 1e-12))
    comes_from: Origin = field(default_factory=lambda: Origin(TAGS, DIGEST, DIGEST, "a" * 64, "b" * 64))
    knows: Knowledge | None = field(default_factory=lambda: Knowledge(AT, AT, from_now=True, same_data=True))
    approved: Signed = field(default_factory=lambda: Signed(DIGEST, signature_of(), "ada", "regulars approve"))

    def challenger(self):
        return self.metrics

    def over_baselines(self):
        return self.baselines

    def over_champion(self):
        return self.champion

    def worth(self):
        return self.decided

    def fairness(self):
        return self.columns

    def over_time(self, metric):
        return self.weeks

    def suspicion(self):
        return self.suspect

    def asks_the_same(self):
        return self.same

    def signature(self):
        return self.names

    def has_example(self):
        return self.example

    def feature_names(self):
        return self.wanted

    def probe(self):
        return self.probed

    def additivity(self):
        return self.off

    def origin(self):
        return self.comes_from

    def knowledge(self):
        return self.knows

    def signed(self):
        return self.approved


GOOD = FakeEvidence()


def said(gate, evidence):
    """Whether one gate passed, and its reason."""
    _, ruling = judge_all([gate], evidence)
    assert ruling.gate == gate.type
    return ruling.passed, ruling.reason
