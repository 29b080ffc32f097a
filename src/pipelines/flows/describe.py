"""An ingested source → what a person should know of it before asking anything of it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.core.protocols import Run
from pipelines.flows.outcome import Outcome
from pipelines.profile.profile import Profile, profile_of
from pipelines.profile.report import report_of
from pipelines.profile.words import page
from pipelines.tables.lake import Lake


@dataclass(frozen=True)
class Described:
    """What `describe` found."""

    profile: Profile
    outcome: Outcome = Outcome.DONE


def describe(source: str, lake: Lake, run: Run) -> Described:
    """Profile an ingested source: counts, gaps between purchases, oddities, and a horizon for churn."""
    run.progress.stage(f"describe: '{source}'")
    profile = profile_of(source, lake)
    run.publish(report_of(profile))
    run.describe(page(profile))
    run.tags({"data_digest": lake.manifest(source).data_digest, "outcome": Outcome.DONE})
    return Described(profile)
