"""Population → choice → refits at every cutoff → continuity → personas → gates → champion, or why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import numpy as np

from pipelines.core.protocols import CHAMPION, CONFIG, REFERENCE, Models, ModelVersion, NewVersion, Run
from pipelines.core.report import Report
from pipelines.flows.assign import assigner_of, describe_segments
from pipelines.flows.outcome import Outcome
from pipelines.flows.personas import described
from pipelines.flows.prepare import catalogue_report
from pipelines.flows.register import register
from pipelines.flows.ruling import Ruled, record_ruling
from pipelines.flows.segment_evidence import evidence
from pipelines.flows.segment_page import chosen_section, gates_section, lasting_section
from pipelines.gates.evidence import Ruling
from pipelines.gates.segment_gates import judge_segments
from pipelines.scoring.assigner import Assigner
from pipelines.scoring.segment_history import SegmentHistory
from pipelines.scoring.segment_refits import called, continued
from pipelines.scoring.segmenting import Seen, fed, seen
from pipelines.scoring.sensitive import require_sensitive
from pipelines.search.segmentations import Chosen, choose
from pipelines.segments.choice import Measured
from pipelines.segments.choice_figures import choice_report
from pipelines.segments.continuity import Continuity
from pipelines.segments.continuity_report import continuity_report, continuity_words
from pipelines.segments.page import persona_report
from pipelines.segments.personas import Told, personas
from pipelines.segments.refits import Refit
from pipelines.tables.contract import CUSTOMERS
from pipelines.tables.lake import Lake
from pipelines.tasks.segmentation import ClusterSegments

_N_EXAMPLE = 5
_MAX_DESCRIPTION = 4_900
"""What the registry's page takes."""


@dataclass(frozen=True)
class Segmented:
    """What `segment` found.

    Parameters
    ----------
    spec : ClusterSegments
        As its source feeds it.
    cutoff : datetime
        The moment of knowledge.
    chosen : Chosen
        What was tried, and what won.
    refits : tuple of Refit
        The winner at every cutoff, oldest first; empty if nothing could be chosen.
    told : Told or None
        Who the customers of the last refit are; None if nothing could be chosen.
    continuity : Continuity or None
        What became of the champion's segments; None without a champion.
    rulings : tuple of Ruling
        Of every gate.
    version : ModelVersion or None
        What was registered; None if nothing was, or it is the champion again.
    outcome : Outcome
        ``promoted``, ``refused``, ``unchanged`` or ``no_structure``; ``done`` if it is kept for tasks that read
        segments, while a champion that knows later days stays.
    """

    spec: ClusterSegments
    cutoff: datetime
    chosen: Chosen
    refits: tuple[Refit, ...]
    told: Told | None
    continuity: Continuity | None
    rulings: tuple[Ruling, ...]
    version: ModelVersion | None
    outcome: Outcome


def segment(  # as every flow, and the file without overrides
    spec: ClusterSegments,
    lake: Lake,
    models: Models,
    run: Run,
    cutoff: datetime | None,
    declared: ClusterSegments | None = None,
) -> Segmented:
    """Choose, fit and describe segments of what was known at ``cutoff``; they become champion if every gate agrees.

    The gates are those of ``declared``, the file as it stands: an override does not choose its own examination.
    """
    declared = declared or spec
    asks_the_same = spec.question_digest() == declared.question_digest()
    spec = spec.model_copy(update={"gates": declared.gates})
    manifest = lake.manifest(spec.source)
    require_sensitive(lake, spec.source, spec.sensitive, CUSTOMERS.name)
    spec, left_out = fed(spec, manifest)
    known_at = manifest.known_at(cutoff)
    describe_segments(run, spec, manifest, known_at)
    run.progress.stage(f"segment: describing the customers of '{spec.name}'")
    population = seen(spec, lake, known_at)
    run.publish(catalogue_report(population.features, left_out) | _configuration(spec))
    run.progress.stage("segment: trying ways to tell them apart")
    chosen = choose(spec.space, spec.choice, population.on(spec.clustered), spec.seed, _told(spec, run))
    logged = choice_report(chosen.trials, chosen.measured, chosen.structure, spec.choice)
    run.publish(logged)
    found = Segmented(spec, known_at, chosen, (), None, None, (), None, Outcome.NO_STRUCTURE)
    if chosen.structure.kind != "nothing":
        found = _settled(found, lake, models, run, _Seen(population, logged, asks_the_same))
    run.describe(in_words(found))
    version = "" if found.version is None else found.version.version
    run.tags({"outcome": found.outcome, "structure": chosen.structure.kind, "model_version": version})
    return found


def _told(spec: ClusterSegments, run: Run) -> Callable[[Measured, float], None]:
    """Says of every candidate how it did."""
    n_trials = min(spec.choice.n_trials, len(spec.space.candidates()))

    def told(found: Measured, best: float) -> None:
        said = found.refused or f"{found.score:.3f}, best {best:.3f}"
        run.progress.step(found.number + 1, n_trials, f"{found.candidate}: {said}")

    return told


@dataclass(frozen=True)
class _Seen:
    """Whom it is about, what the choice logged, and whether it was made for what the file asks."""

    population: Seen
    logged: Report
    asks_the_same: bool


@dataclass(frozen=True)
class _Gated:
    """Whom it was compared with, and the report of the gates."""

    champion: ModelVersion | None
    report: Report


def _settled(found: Segmented, lake: Lake, models: Models, run: Run, so_far: _Seen) -> Segmented:
    """Fit what was chosen, hand on ids and names, describe, judge, register."""
    spec, chosen, population, logged = found.spec, found.chosen, so_far.population, so_far.logged
    champion = models.find(spec.name, CHAMPION)
    before = None if champion is None else assigner_of(models, champion)
    run.progress.stage("segment: refitting at every cutoff, and describing the segments")
    refits, against = continued(spec, population, chosen.candidate, before)
    whom, unscored = described(spec, lake, models, population, refits)
    told = personas(whom, spec.personas, spec.seed)
    refits = called(refits, told.names)
    facts = evidence(spec, population, chosen, refits, before, against)
    rulings = judge_segments(spec.gates, replace(facts, asks_the_same=so_far.asks_the_same))
    more = (
        chosen_section(chosen, logged),
        lasting_section(refits, told.names, against, logged),
        gates_section(rulings, unscored),
    )
    run.publish(continuity_report(refits, told.names, against) | persona_report(told, spec.seed, more))
    gated = _Gated(champion, _gates_report(rulings, unscored))
    run.publish(gated.report)
    found = replace(found, refits=refits, told=told, continuity=against, rulings=rulings)
    history = _history(found, population, before)
    found = replace(found, outcome=_ending(found, champion, history.refits[-1][1].digest()))
    if found.outcome in {Outcome.PROMOTED, Outcome.DONE}:
        lake.keep_segments(spec.name, found.cutoff, history.to_json())
    if found.outcome in {Outcome.UNCHANGED, Outcome.DONE}:
        return found
    run.publish(_reference(population, found.refits[-1], run))
    return _registered(models, run, found, _new_version(found, lake, population, history.refits[-1][1]), gated)


def _ending(found: Segmented, champion: ModelVersion | None, digest: str) -> Outcome:
    """What becomes of it; a champion that knows later days stays, and the gates were passed for tasks only."""
    if champion is not None and champion.digest == digest:
        return Outcome.UNCHANGED
    if not all(ruling.passed for ruling in found.rulings):
        return Outcome.REFUSED
    knows_more = champion is not None and champion.known_at is not None and champion.known_at > found.cutoff
    return Outcome.DONE if knows_more else Outcome.PROMOTED


def _registered(models: Models, run: Run, found: Segmented, new: NewVersion, gates: _Gated) -> Segmented:
    """A version of its own, and the champion if the gates agreed."""
    version = register(models, run, new)
    record_ruling(models, run, Ruled(version, gates.champion, found.rulings, found.outcome), gates.report)
    return replace(found, version=version)


def _history(found: Segmented, population: Seen, before: Assigner | None) -> SegmentHistory:
    """Every refit as it is asked about customers: the last one ships, all are for tasks that read segments."""
    spec, how = found.spec, found.chosen.candidate
    given = {one for refit in found.refits for one in refit.segmentation.ids}
    next_id = max([*given, 0 if before is None else before.next_id - 1]) + 1
    read = {one.name: one for one in population.features}
    refits = [
        (
            one.cutoff,
            Assigner(
                one.segmentation,
                tuple(read[name] for name in one.segmentation.transforms.names),
                spec.feature_digest(),
                how,
                next_id,
            ),
        )
        for one in found.refits
    ]
    return SegmentHistory(spec, found.cutoff, tuple(refits))


def _configuration(spec: ClusterSegments) -> Report:
    """The segmentation as it is fitted."""
    return Report({}, {CONFIG: spec.model_dump(mode="json")})


def _gates_report(rulings: Sequence[Ruling], unscored: Sequence[str]) -> Report:
    metrics = {f"gate.{ruling.gate}": float(ruling.passed) for ruling in rulings}
    return Report(metrics, {"gates.json": {"rulings": [asdict(ruling) for ruling in rulings], "notes": list(unscored)}})


def _reference(population: Seen, refit: Refit, run: Run) -> Report:
    """What drift is measured against: the customers that it was fitted on, without saying who they are."""
    now = population.now
    rows = now.rows.assign(segment=refit.segment, distance=refit.distance)
    rows.insert(0, "case_id", run.case_ids(population.ids(now)))
    rows.insert(1, "cutoff", np.datetime64(now.cutoff.replace(tzinfo=None), "us"))
    return Report(artifacts={REFERENCE: rows.sort_values("case_id", ignore_index=True)})


def _new_version(found: Segmented, lake: Lake, population: Seen, shipped: Assigner) -> NewVersion:
    names = [feature.name for feature in shipped.features]
    return NewVersion(
        found.spec.name,
        shipped,
        population.now.rows[names].head(_N_EXAMPLE).astype(np.float64),
        found.cutoff,
        lake.manifest(found.spec.source).data_digest,
        found.spec.model_dump_json(),
        in_words(found)[:_MAX_DESCRIPTION],
    )


def in_words(found: Segmented) -> str:
    """The whole story as Markdown."""
    lines = [found.chosen.structure.words]
    if found.told is not None:
        lines += [f"**{one.segment} {one.name}**: {one.n_customers:,} customers" for one in found.told.personas]
        lines += continuity_words(found.continuity, found.told.names) if found.continuity else ()
    lines += [
        f"**{ruling.gate}** {'passed' if ruling.passed else 'refused'}: {ruling.reason}" for ruling in found.rulings
    ]
    return "\n".join([f"## {found.spec.title}: {found.outcome}", "", *(f"- {line}" for line in lines)])
