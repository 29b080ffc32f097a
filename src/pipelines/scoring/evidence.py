"""Evidence for the gates: challenger, baselines and champion on the same rows, scored now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pipelines.core.errors import ModelError
from pipelines.core.protocols import LoadedModel, ModelVersion
from pipelines.core.randomness import generator_for
from pipelines.evaluation.evaluate import Evaluation, Predictions, compare, evaluation
from pipelines.features.catalogue import Feature
from pipelines.gates.evidence import Metrics
from pipelines.scoring.panel import LabelledPanel
from pipelines.scoring.training import baseline_predictions, baselines
from pipelines.tasks.task import TaskSpec
from pipelines.tasks.timeline import Timeline


@dataclass(frozen=True)
class ScoredEvidence:
    """Evidence computed from the challenger's test rows.

    Parameters
    ----------
    task : TaskSpec
        As the challenger was trained.
    timeline : Timeline
        Of the challenger's moment of knowledge; its test cutoffs are the rows that are compared.
    labelled : LabelledPanel
        Of every cutoff of the timeline.
    features : tuple of Feature
        What the columns are.
    load : callable
        Loads a version through the registry.
    challenger_version, champion_version : ModelVersion
        Who is compared; no champion is None.
    """

    task: TaskSpec
    timeline: Timeline
    labelled: LabelledPanel
    features: tuple[Feature, ...]
    load: Callable[[ModelVersion], LoadedModel]
    challenger_version: ModelVersion
    champion_version: ModelVersion | None

    def challenger(self) -> Metrics:
        """The challenger's metrics."""
        return self._evaluation.model

    def over_baselines(self) -> Mapping[str, Metrics]:
        """Paired differences, challenger minus each baseline."""
        return self._evaluation.differences

    def over_champion(self) -> Metrics | None:
        """Paired differences, challenger minus champion."""
        champion = self.champion_version
        if champion is None:
            return None
        if champion.known_at > self.challenger_version.known_at:
            raise ModelError(
                f"The champion (version {champion.version}) knew the log up to {champion.known_at:%Y-%m-%d}, the "
                f"challenger only up to {self.challenger_version.known_at:%Y-%m-%d}.",
                why="The champion may have learned from the rows they would be compared on.",
                fix=f"Train a challenger at {champion.known_at:%Y-%m-%d} or later.",
            )
        theirs = _predictions(self.load(champion), self._test)
        rng = generator_for(self.task.seed, "promote")
        test = self._test
        return compare(test.label, test.panel.spine.customer, self._ours, theirs, rng, self.task.n_resamples)

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
        return self.load(self.challenger_version)

    @cached_property
    def _test(self) -> LabelledPanel:
        return self.labelled.at(self.timeline.test)

    @cached_property
    def _ours(self) -> Predictions:
        return _predictions(self._loaded, self._test)

    @cached_property
    def _evaluation(self) -> Evaluation:
        test = self._test
        simple = baseline_predictions(baselines(self.task, self.labelled.at(self.timeline.develop)), test)
        rng = generator_for(self.task.seed, "evaluate")
        return evaluation(test.label, test.panel.spine.customer, self._ours, simple, rng, self.task.n_resamples)


def _predictions(loaded: LoadedModel, labelled: LabelledPanel) -> Predictions:
    rows = labelled.panel.rows
    return Predictions(loaded.scorer.raw(rows), loaded.scorer.probability(rows))
