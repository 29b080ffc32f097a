"""One subject: score, decision, reasons and counter-checks, by the code that scores everybody; nothing is recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from pipelines.core.protocols import REFERENCE, Models, ModelVersion
from pipelines.core.windows import said
from pipelines.explain.explanation import Explanation, check_additive
from pipelines.explain.local import Checked, LocalCase, Peers
from pipelines.explain.local_page import LocalPage, local_page
from pipelines.features.catalogue import Feature
from pipelines.flows.prepare import same_kind, task_of
from pipelines.flows.score import champion_of, scorer_of
from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.scoring.cases import Cases
from pipelines.scoring.explaining import explanation_of
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.mitigation import with_needed
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.what_if import Changeable, Scenario
from pipelines.tables.lake import Lake
from pipelines.tables.manifest import Manifest
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Explained:
    """What the champion says of one subject.

    Parameters
    ----------
    version : ModelVersion
        The champion.
    task : TaskSpec
        As it was trained.
    subject_id : str
        Who was asked for.
    cutoff : datetime or None
        As of when the cases are described; None for a table without times.
    cases : Cases
        The rows: one of a panel, any number of a table or of sessions, the newest first.
    scored : DataFrame, one row per case
        ``score``, ``decision``, ``reason_1`` …
    told : sequence of LocalCase
        Each case in full.
    tested : Peers
        What the cases are held against.
    scorer : Scorer
        The champion's.
    origin : mapping of str to str
        Where model and data come from.
    """

    version: ModelVersion
    task: TaskSpec
    subject_id: str
    cutoff: datetime | None
    cases: Cases
    scored: pd.DataFrame
    told: tuple[LocalCase, ...]
    tested: Peers
    scorer: Scorer
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> tuple[Feature, ...]:
        """What the columns are."""
        return self.scorer.features

    @property
    def row(self) -> pd.DataFrame:
        """The features of the cases."""
        return self.cases.rows

    def page(self) -> str:
        """A self-contained HTML page."""
        task = self.task
        as_of = f"as of {said(self.cutoff)}" if self.cutoff is not None else "as the table stands"
        return local_page(
            LocalPage(
                title=task.title,
                subject_id=self.subject_id,
                positive=task.positive,
                as_of=as_of,
                cases=self.told,
                tested=self.tested,
                probability=self.scorer.calibration.probability,
                origin=self.origin,
            )
        )


def explain(
    task: TaskSpec,
    lake: Lake,
    models: Models,
    cutoff: datetime | None,
    subject_id: str,
    changeable: Changeable | None = None,
) -> Explained:
    """Describe and score one subject, and say why; only this subject's events are read where rows come from a log.

    Parameters
    ----------
    task : TaskSpec
        Whose champion is asked.
    lake : Lake
        Holds its source.
    models : Models
        The registry.
    cutoff : datetime or None
        As of when; None is the latest moment.
    subject_id : str
        A customer, or a case of a table.
    changeable : mapping of str to sequence of float or str, optional
        Which features of a table or a session a person could change, and to what.

    Raises
    ------
    NotEnoughDataError
        If the subject is not eligible at that moment, or not known at all.
    RegistryError
        If the task has no champion.
    """
    champion = champion_of(task, models)
    trained = same_kind(task, task_of(champion))
    kind, scorer = kind_of(trained), scorer_of(models, champion)
    manifest = lake.manifest(trained.source)
    known_at = manifest.knowledge(cutoff)
    found = kind.subject(trained, lake, known_at, subject_id).described_by(scorer.features)
    cases = with_needed(trained, lake, found)
    scenarios = kind.scenarios(trained, lake, known_at, cases, changeable or {})
    scored = scorer.score(cases.to_score)
    return Explained(
        champion,
        trained,
        subject_id,
        known_at,
        cases,
        scored,
        _told(scorer, cases, scored, scenarios, manifest.currency),
        _tested(models.table(champion, REFERENCE), scorer.features),
        scorer,
        _origin(champion, trained, scorer, manifest),
    )


def _told(
    scorer: Scorer, cases: Cases, scored: pd.DataFrame, scenarios: tuple[Scenario, ...], currency: str
) -> tuple[LocalCase, ...]:
    explanation = explanation_of(scorer.trees, cases)
    check_additive(explanation)
    checks = [_checked(scorer, scenario, cases) for scenario in scenarios]
    whys = _whys(scorer, cases, scored["score"].to_numpy(np.float64), currency)
    return tuple(
        _case(place, cases, scored, explanation, tuple(check[place] for check in checks), whys[place])
        for place in range(len(cases))
    )


def _case(
    place: int, cases: Cases, scored: pd.DataFrame, explanation: Explanation, checks: tuple[Checked, ...], why: str
) -> LocalCase:
    told = scored.iloc[place]
    return LocalCase(
        name=_name(cases, place),
        score=float(told["score"]),
        decision=bool(told["decision"]),
        why=why,
        raw=float(explanation.raw[place]),
        base=float(explanation.base[place]),
        features=cases.features,
        row=cases.rows.iloc[place],
        values=explanation.values[place],
        reasons=tuple(str(told[name]) for name in scored.columns if name.startswith("reason_")),
        checks=checks,
    )


def _name(cases: Cases, place: int) -> str:
    """Which of a subject's cases it is, by what names it beside the customer."""
    keys = cases.keys.iloc[[place]].drop(columns=["customer_id", "cutoff"], errors="ignore").dropna(axis=1)
    return ", ".join(f"{str(name).replace('_', ' ')} {value}" for name, value in keys.iloc[0].items())


def _checked(scorer: Scorer, scenario: Scenario, cases: Cases) -> list[Checked]:
    if scenario.rows is None:
        return [Checked(scenario.said, math.nan, decision=False)] * len(cases)
    rows = scenario.rows.assign(**cases.beside)
    scores, decisions = scorer.probability(rows), scorer.decisions(rows)
    return [Checked(scenario.said, float(score), bool(one)) for score, one in zip(scores, decisions, strict=True)]


def _whys(scorer: Scorer, cases: Cases, score: np.ndarray, currency: str) -> list[str]:
    """What each decision rests on."""
    policy = scorer.policy
    if isinstance(policy, ProfitThreshold):
        expected = policy.priority(score, cases.rows)
        return [f"expected profit {one:.2f} {currency}, at least {policy.at_least:.2f} is asked" for one in expected]
    return [policy.in_words] * len(score)


def _tested(reference: pd.DataFrame, features: tuple[Feature, ...]) -> Peers:
    numeric = [feature.name for feature in features if not feature.levels and feature.name in reference]
    medians = reference[numeric].median()
    return Peers(reference["score"].to_numpy(np.float64), {str(name): float(value) for name, value in medians.items()})


def _origin(champion: ModelVersion, task: TaskSpec, scorer: Scorer, manifest: Manifest) -> dict[str, str]:
    return {
        "task": task.name,
        "model version": champion.version,
        "run": champion.run_id,
        "model digest": champion.digest,
        "policy digest": scorer.policy.digest(),
        "trained on what was known at": said(champion.known_at),
        "source": task.source,
        "data digest": manifest.data_digest,
    }
