"""Evidence for the gates: challenger, baselines and champion on the same rows, scored now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.core.protocols import LoadedModel, ModelVersion
from pipelines.core.randomness import generator_for
from pipelines.evaluation.evaluate import Evaluation, Predictions, compare, evaluation
from pipelines.features.catalogue import Feature
from pipelines.features.panel import AnyBlock
from pipelines.gates.evidence import Metrics
from pipelines.scoring.panel import LabelledPanel, Panel
from pipelines.scoring.training import baseline_predictions, baselines
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline


@dataclass(frozen=True)
class Contender:
    """A version with the task it was trained for and the timeline it was trained on."""

    version: ModelVersion
    task: TaskSpec
    timeline: Timeline


@dataclass(frozen=True)
class ScoredEvidence:
    """Evidence computed from the challenger's test rows.

    Parameters
    ----------
    task : TaskSpec
        As it stands now: it says which baselines must be beaten and which features a model should take.
    labelled : LabelledPanel
        Of every cutoff of the challenger's timeline.
    described : callable
        From feature blocks to the challenger's test rows as those describe them.
    features : tuple of Feature
        What the task's columns are.
    load : callable
        Loads a version through the registry.
    challenger_side, champion_side : Contender
        Who is compared; no champion is None.
    """

    task: TaskSpec
    labelled: LabelledPanel
    described: Callable[[tuple[AnyBlock, ...]], Panel]
    features: tuple[Feature, ...]
    load: Callable[[ModelVersion], LoadedModel]
    challenger_side: Contender
    champion_side: Contender | None

    def challenger(self) -> Metrics:
        """The challenger's metrics."""
        return self._evaluation.model

    def over_baselines(self) -> Mapping[str, Metrics]:
        """Paired differences, challenger minus each baseline."""
        return self._evaluation.differences

    def over_champion(self) -> Metrics | None:
        """Paired differences, challenger minus champion, each on rows described as it was trained."""
        champion = self.champion_side
        if champion is None:
            return None
        _require_unseen(champion, self.challenger_side)
        test = self._test
        theirs = _predictions(self.load(champion.version), self.described(champion.task.features).rows)
        rng = generator_for(self.task.seed, "promote")
        return compare(test.label, test.panel.spine.customer, self._ours, theirs, rng, self.task.n_resamples)

    def asks_the_same(self) -> bool:
        """Whether the challenger was trained for the question that the task asks now, and tested as it says."""
        trained = self.challenger_side.task
        return trained.feature_digest() == self.task.feature_digest() and trained.timeline == self.task.timeline

    def signature(self) -> tuple[str, ...] | None:
        """The columns that the challenger's signature names."""
        return self._loaded.input_names

    def has_example(self) -> bool:
        """Whether an input example stands beside the challenger."""
        return self._loaded.has_example

    def feature_names(self) -> tuple[str, ...]:
        """The columns of the task's features."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def _loaded(self) -> LoadedModel:
        return self.load(self.challenger_side.version)

    @cached_property
    def _test(self) -> LabelledPanel:
        return self.labelled.at(self.challenger_side.timeline.test)

    @cached_property
    def _ours(self) -> Predictions:
        return _predictions(self._loaded, self._test.panel.rows)

    @cached_property
    def _evaluation(self) -> Evaluation:
        test = self._test
        simple = baseline_predictions(
            baselines(self.task, self.labelled.at(self.challenger_side.timeline.develop)), test
        )
        rng = generator_for(self.task.seed, "evaluate")
        return evaluation(test.label, test.panel.spine.customer, self._ours, simple, rng, self.task.n_resamples)


def _predictions(loaded: LoadedModel, rows: pd.DataFrame) -> Predictions:
    return Predictions(loaded.scorer.raw(rows), loaded.scorer.probability(rows))


def _require_unseen(champion: Contender, challenger: Contender) -> None:
    learned_until = champion.timeline.develop[-1] + champion.task.horizon
    if learned_until > challenger.timeline.test[0]:
        raise ModelError(
            f"The champion (version {champion.version.version}) learned from outcomes up to {learned_until:%Y-%m-%d}, "
            f"the comparison begins at {challenger.timeline.test[0]:%Y-%m-%d}.",
            why="It has seen outcomes of the rows they would be compared on.",
            fix=f"Train a challenger at {champion.version.known_at:%Y-%m-%d} or later.",
        )
