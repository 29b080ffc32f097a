"""Evidence for the gates: challenger, baselines and champion on the same rows, scored now."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.intervals import FloatArray, Interval
from pipelines.core.ledger import Chain, Event
from pipelines.core.protocols import OUT_OF_FOLD, LoadedModel, Models, Probe
from pipelines.core.randomness import generator_for
from pipelines.core.spec import digest
from pipelines.evaluation.decisions import Worth, enrichment, mean_per_row
from pipelines.evaluation.evaluate import Evaluation, Predictions, compare, evaluation
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.over_time import Period, by_period
from pipelines.evaluation.suspicion import Suspicion
from pipelines.fairness.check import Check, shared_level
from pipelines.fairness.findings import ColumnFairness
from pipelines.fairness.rates import Decided
from pipelines.fairness.splits import splits
from pipelines.gates.evidence import Additivity, Knowledge, Metrics, Origin, OverChampion, Signed
from pipelines.policy.expected_profit import Stakes
from pipelines.scoring.cases import Cases, LabelledCases, Parts
from pipelines.scoring.evidence_answers import Answers, additivity, answers, edge_rows, predictions_of
from pipelines.scoring.evidence_folds import suspicion
from pipelines.scoring.evidence_unseen import BoolArray, require_as_divided, unseen
from pipelines.scoring.evidence_unseen import Contender as Contender
from pipelines.scoring.evidence_unseen import require_unseen as require_unseen
from pipelines.scoring.training import baseline_predictions, baselines
from pipelines.tasks.task import TaskSpec

_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class ScoredEvidence:
    """Evidence computed from the challenger's test rows; each model is loaded, scored and probed once.

    Parameters
    ----------
    task : TaskSpec
        As it stands now: it says which baselines must be beaten, which features a model should take, what contacts
        cost, and which columns are sensitive.
    data_digest : str
        Of what is ingested now.
    parts : Parts
        The rows that the challenger was trained and tested on.
    described : callable
        The challenger's test rows as another task's features describe them, with what its policy reads.
    sensitive : callable
        The sensitive columns of rows.
    names : tuple of str
        What the task's columns are called.
    models : Models
        Where versions are loaded and probed.
    chain : Chain
        The ledger, for what people signed.
    challenger_side, champion_side : Contender
        Who is compared; no champion is None.
    """

    task: TaskSpec
    data_digest: str
    parts: Parts
    described: Callable[[TaskSpec], LabelledCases]
    sensitive: Callable[[Cases], pd.DataFrame]
    names: tuple[str, ...]
    models: Models
    chain: Chain
    challenger_side: Contender
    champion_side: Contender | None

    def challenger(self) -> Metrics:
        """The challenger's metrics."""
        return self._evaluation.model

    def over_baselines(self) -> Mapping[str, Metrics]:
        """Paired differences, challenger minus each baseline."""
        return self._evaluation.differences

    def over_champion(self) -> OverChampion | None:
        """Paired differences, challenger minus champion, each on rows described as it was trained."""
        return self._over_champion

    def worth(self) -> Worth:
        """What the decisions are worth, by the costs that the task states now."""
        return self._worth

    def fairness(self) -> tuple[ColumnFairness, ...]:
        """The groups of every sensitive column that the task names now."""
        test, said, spec = self._test, self._answers, self.task.fairness
        if not self.task.sensitive:
            return ()
        subject, stakes = test.cases.subject, self._stakes
        profit = None if stakes is None else said.decision * stakes
        decided = Decided(test.label, subject, said.decision, said.predictions.probability, profit)
        asked = splits(self.sensitive(test.cases), decided.columns().customer, spec)
        check = Check(spec, shared_level(asked, spec), self._rng("fairness"), self.task.n_resamples)
        return tuple(check.column(decided.columns(), split, None) for split in asked)

    def over_time(self, metric: str) -> tuple[Period, ...]:
        """A metric by week of the test."""
        test = self._test
        chosen = next(one for one in METRICS if one.name == metric)
        weeks, rng = _weeks(test), self._rng(f"over_time/{metric}")
        return by_period(
            test.label, test.cases.subject, self._answers.predictions, weeks, chosen, rng, self.task.n_resamples
        )

    def suspicion(self) -> Suspicion:
        """Too good a test, a feature that knows the outcome, a test that beats the folds of training."""
        parts = replace(self.parts, test=self._test)
        kept = self.models.table(self.challenger_side.version, OUT_OF_FOLD)
        return suspicion(parts, self._answers.predictions.raw, kept, self.task.seed, self.task.n_resamples)

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

    def probe(self) -> Probe:
        """What a clean process found."""
        return self._probe

    def additivity(self) -> Additivity:
        """Whether explanations of test rows add up to the score."""
        return additivity(self._loaded.scorer, self._test.cases.rows, self._rng("additivity"))

    def origin(self) -> Origin:
        """What the run, the registry and the files say of the challenger."""
        version = self.challenger_side.version
        return Origin(
            tags=self.models.provenance(version),
            registered=version.digest,
            loaded=self._loaded.scorer.digest(),
            data_digest=version.data_digest,
            config_digest=digest(json.loads(version.config)),
        )

    def knowledge(self) -> Knowledge | None:
        """The two moments of knowledge."""
        if self.champion_side is None:
            return None
        ours, theirs = self.challenger_side.version, self.champion_side.version
        same, now = ours.data_digest == theirs.data_digest, ours.data_digest == self.data_digest
        return Knowledge(ours.known_at, theirs.known_at, from_now=now, same_data=same)

    def signed(self) -> Signed:
        """The last approval or rejection of the challenger, and who trained it."""
        version = self.challenger_side.version
        of = [one for one in self.chain.entries if one.version == version.version and one.event == Event.REGISTERED]
        how = f"regulars approve --task {version.task} --version {version.version}"
        return Signed(version.digest, self.chain.signed(version.version), of[-1].actor if of else "", how)

    def _rng(self, purpose: str) -> np.random.Generator:
        return generator_for(self.task.seed, purpose)

    @cached_property
    def _loaded(self) -> LoadedModel:
        return self.models.load(self.challenger_side.version)

    @cached_property
    def _test(self) -> LabelledCases:
        require_as_divided(self.challenger_side, self.data_digest)
        return self.parts.test

    @cached_property
    def _answers(self) -> Answers:
        return answers(self._loaded.scorer, self._test.cases.to_score)

    @cached_property
    def _evaluation(self) -> Evaluation:
        test = self._test
        simple = baseline_predictions(baselines(self.task, self.parts.develop), test)
        ours, n_resamples = self._answers.predictions, self.task.n_resamples
        return evaluation(test.label, test.cases.subject, ours, simple, self._rng("evaluate"), n_resamples)

    @cached_property
    def _probe(self) -> Probe:
        cases = self._test.cases
        return self.models.probe(self.challenger_side.version, edge_rows(cases.to_score, cases.features))

    @cached_property
    def _compared(self) -> _Compared | None:
        """The champion, and where it can be compared."""
        champion = self.champion_side
        if champion is None:
            return None
        at = unseen(champion, self.challenger_side, self._test, self.data_digest)
        theirs = self.described(champion.task).at(at)
        if not np.array_equal(theirs.label, self._test.label[at]):
            raise ModelError(
                "The champion's features describe other rows than the challenger's.",
                why="The two can only be compared on the same rows.",
                fix=f"Train a challenger anew: regulars train --task {self.task.name}",
            )
        return _Compared(at, theirs, self.models.load(champion.version))

    @cached_property
    def _over_champion(self) -> OverChampion | None:
        compared = self._compared
        if compared is None:
            return None
        test, raw = self._test.at(compared.at), self._answers.predictions
        ours = Predictions(raw.raw[compared.at], raw.probability[compared.at])
        theirs = predictions_of(compared.loaded.scorer, compared.rows.cases.to_score)
        subject, rng = test.cases.subject, self._rng("promote")
        found = compare(test.label, subject, ours, theirs, rng, self.task.n_resamples)
        return OverChampion(found, len(test), np.unique(subject).size, len(self._test) - len(test))

    @cached_property
    def _stakes(self) -> FloatArray | None:
        """What contacting each test row earned; None where the task states no costs."""
        policy, test = self.task.policy, self._test
        return policy.earned(test.label.astype(np.float64), test.cases.rows) if isinstance(policy, Stakes) else None

    @cached_property
    def _worth(self) -> Worth:
        test, decision = self._test, self._answers.decision
        subject, stakes, n = test.cases.subject, self._stakes, self.task.n_resamples
        n_contacted, prevalence = int(decision.sum()), float(test.label.mean())
        richer = enrichment(test.label, subject, decision, self._rng("enrichment"), n)
        known = len(test), n_contacted, prevalence, richer
        if stakes is None:
            return Worth(*known)
        profit = mean_per_row(decision * stakes, subject, self._rng("profit"), n)
        over_everybody = mean_per_row((decision - 1.0) * stakes, subject, self._rng("profit"), n)
        return Worth(*known, profit, over_everybody, self._profit_over_champion(stakes))

    def _profit_over_champion(self, stakes: FloatArray) -> Interval | None:
        """On the rows that the champion has not learned from, each by its own decisions."""
        compared = self._compared
        if compared is None:
            return None
        served = compared.loaded.scorer.score(compared.rows.cases.to_score)
        more = self._answers.decision[compared.at] - served["decision"].to_numpy(np.float64)
        subject = self._test.cases.subject[compared.at]
        return mean_per_row(more * stakes[compared.at], subject, self._rng("profit"), self.task.n_resamples)


@dataclass(frozen=True)
class _Compared:
    """Which test rows the champion can be asked about, those rows as it was taught to read them, and itself."""

    at: BoolArray
    rows: LabelledCases
    loaded: LoadedModel


def _weeks(test: LabelledCases) -> NDArray[np.str_]:
    """The first day of the week of each row, counted from the first row's day: a weekly cutoff is a week."""
    if test.cases.moment is None:
        raise NotEnoughDataError(
            "The rows of this task have no time.",
            why="Nobody can say whether a model was as good at one time as at others.",
            fix="Take the gate out of the task, or map case_time in the source.",
        )
    day = test.cases.moment.astype("datetime64[D]")
    first = day.min()
    weeks: NDArray[np.str_] = np.datetime_as_string(first + (day - first) // _WEEK * _WEEK)
    return weeks
