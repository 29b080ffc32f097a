"""Evidence for the gates: challenger, baselines and champion on the same rows, scored now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from pipelines.core.errors import ModelError
from pipelines.core.protocols import LoadedModel, ModelVersion
from pipelines.core.randomness import generator_for
from pipelines.core.windows import said
from pipelines.evaluation.evaluate import Evaluation, Predictions, compare, evaluation
from pipelines.gates.evidence import Metrics
from pipelines.scoring.cases import LabelledCases, Parts, Times
from pipelines.scoring.training import baseline_predictions, baselines
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Contender:
    """A version with the task it was trained for, and when it learned."""

    version: ModelVersion
    task: TaskSpec
    times: Times


@dataclass(frozen=True)
class ScoredEvidence:
    """Evidence computed from the challenger's test rows.

    Parameters
    ----------
    task : TaskSpec
        As it stands now: it says which baselines must be beaten and which features a model should take.
    data_digest : str
        Of what is ingested now.
    parts : Parts
        The rows that the challenger was trained and tested on.
    described : callable
        The challenger's test rows as another task's features describe them.
    names : tuple of str
        What the task's columns are called.
    load : callable
        Loads a version through the registry.
    challenger_side, champion_side : Contender
        Who is compared; no champion is None.
    """

    task: TaskSpec
    data_digest: str
    parts: Parts
    described: Callable[[TaskSpec], LabelledCases]
    names: tuple[str, ...]
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
        ours = self.challenger_side
        require_unseen(champion, ours.task, ours.times, ours.version.data_digest)
        test = self._test
        theirs = _predictions(self.load(champion.version), self.described(champion.task).cases.rows)
        rng = generator_for(self.task.seed, "promote")
        return compare(test.label, test.cases.subject, self._ours, theirs, rng, self.task.n_resamples)

    def asks_the_same(self) -> bool:
        """Whether the challenger was trained for the question that the task asks now, and tested as it says."""
        trained = self.challenger_side.task
        return (trained.feature_digest(), trained.protocol_digest()) == (
            self.task.feature_digest(),
            self.task.protocol_digest(),
        )

    def signature(self) -> tuple[str, ...] | None:
        """The columns that the challenger's signature names."""
        return self._loaded.input_names

    def has_example(self) -> bool:
        """Whether an input example stands beside the challenger."""
        return self._loaded.has_example

    def feature_names(self) -> tuple[str, ...]:
        """The columns of the task's features."""
        return self.names

    @cached_property
    def _loaded(self) -> LoadedModel:
        return self.load(self.challenger_side.version)

    @cached_property
    def _test(self) -> LabelledCases:
        _require_as_divided(self.challenger_side, self.data_digest)
        return self.parts.test

    @cached_property
    def _ours(self) -> Predictions:
        return _predictions(self._loaded, self._test.cases.rows)

    @cached_property
    def _evaluation(self) -> Evaluation:
        test = self._test
        simple = baseline_predictions(baselines(self.task, self.parts.develop), test)
        rng = generator_for(self.task.seed, "evaluate")
        return evaluation(test.label, test.cases.subject, self._ours, simple, rng, self.task.n_resamples)


def _predictions(loaded: LoadedModel, rows: pd.DataFrame) -> Predictions:
    return Predictions(loaded.scorer.raw(rows), loaded.scorer.probability(rows))


def _require_as_divided(challenger: Contender, data_digest: str) -> None:
    """Rows without time are divided by a draw over the whole table: of another table other rows were learned from."""
    stays = challenger.times.tested_from is not None or challenger.task.keeps_sides
    if not stays and challenger.version.data_digest != data_digest:
        raise ModelError(
            f"The table has changed since version {challenger.version.version} was trained.",
            why="The split is drawn anew for another table: the challenger may have learned from what would judge it.",
            fix=f"Run: regulars train --task {challenger.task.name}",
        )


def require_unseen(champion: Contender, task: TaskSpec, tested: Times, data_digest: str) -> None:
    """Refuse to compare a champion on rows that it may have learned from.

    Parameters
    ----------
    champion : Contender
        Who is asked.
    task : TaskSpec
        Of the rows.
    tested : Times
        When their test begins.
    data_digest : str
        Of what they were read from.

    Raises
    ------
    ModelError
        If the champion may have learned from them.
    """
    learned, begins = champion.times.learned_until, tested.tested_from
    if learned is None or begins is None:
        _require_same_split(champion, task, data_digest)
    elif learned > begins:
        raise ModelError(
            f"The champion (version {champion.version.version}) learned from outcomes up to {learned:%Y-%m-%d}, "
            f"the comparison begins at {begins:%Y-%m-%d}.",
            why="It has seen outcomes of the rows they would be compared on.",
            fix=f"Train a challenger at {said(champion.version.known_at)} or later.",
        )


def _require_same_split(champion: Contender, task: TaskSpec, data_digest: str) -> None:
    same_rows = champion.version.data_digest == data_digest or task.keeps_sides
    if task.protocol_digest() != champion.task.protocol_digest() or not same_rows:
        raise ModelError(
            f"The champion (version {champion.version.version}) was trained on another table, or with another split.",
            why="It may have learned from rows that they would be compared on.",
            fix="Declare split: {type: grouped}, which keeps every subject on its side as the table grows; or retire "
            "the champion: remove its alias, and promote again.",
        )
