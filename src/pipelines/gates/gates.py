"""The gates. A new one is one class and one line in `AnyGate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pipelines.gates.decisions import Earns, Fair
from pipelines.gates.evidence import Evidence, Ruling, fail_closed
from pipelines.gates.quality import BeatsBaselines, BeatsChampion, Calibrated, StableOverTime
from pipelines.gates.records import Approval, AsksTheSame, NotOlder, Traceable
from pipelines.gates.shipping import Additive, FastEnough, HasSignature, SurvivesEdges
from pipelines.gates.suspicion import NoLeakage

AnyGate = Annotated[
    BeatsBaselines
    | BeatsChampion
    | Calibrated
    | Earns
    | Fair
    | StableOverTime
    | NoLeakage
    | HasSignature
    | SurvivesEdges
    | FastEnough
    | Additive
    | Traceable
    | NotOlder
    | Approval,
    Field(discriminator="type"),
]


def judge_all(gates: Sequence[AnyGate], evidence: Evidence) -> tuple[Ruling, ...]:
    """Every gate's ruling; one that errors refuses.

    Parameters
    ----------
    gates : sequence of Gate
        From the task; none at all refuses too, since an empty list would promote anything.
    evidence : Evidence
        What they look at.
    """
    if not gates:
        return (Ruling("gates", passed=False, reason="the task declares no gates"),)
    return tuple(fail_closed(gate.judge, gate.ruling, evidence) for gate in (AsksTheSame(), *gates))
