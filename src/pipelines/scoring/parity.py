"""The cost-of-parity curve of a task: every declared way of evening out, settled before the test, judged on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.errors import ConfigError
from pipelines.core.randomness import generator_for, seed_for
from pipelines.fairness.mitigation import ByGroup, Mitigation, Reweighing
from pipelines.fairness.parity import MAX_GROUPS, TOO_SMALL, Decidable, Way, measured
from pipelines.fairness.parity_report import Parity
from pipelines.models.calibration_maps import AnyMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM, Trees
from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.group_thresholds import AnyCommon, GroupThresholds, top, towards_equal_rates
from pipelines.policy.policies import common_of, stakes_of
from pipelines.scoring.cases import LabelledCases, Parts
from pipelines.scoring.mitigation import group_of, weighed
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import OutOfFold, Tuned, calibrated, large_groups, out_of_fold
from pipelines.tables.lake import Lake
from pipelines.tasks.task import TaskSpec

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]
_LEARN_ROWS = 12_000
"""Rows that the reductions learn from: each of them fits a dozen models for every bound."""
_SMALL: dict[str, float] = {"num_leaves": 8.0, "learning_rate": 0.2, "min_data_in_leaf": 50.0}
_SMALL_ROUNDS = 30
_FEWEST = 0.01
"""A threshold of probability nearer to 0 or 1 would leave one side without any weight."""


class Shipped(Protocol):
    """A fitted model and how it was chosen."""

    @property
    def scorer(self) -> Scorer:
        """What is shipped."""
        ...

    @property
    def out_of_fold(self) -> OutOfFold:
        """What its recipe says of rows that it had not seen."""
        ...

    @property
    def tuned(self) -> Tuned:
        """What the search decided."""
        ...


def parity(task: TaskSpec, lake: Lake, parts: Parts, shipped: Shipped, currency: str) -> Parity:
    """Measure every way that the task declares under ``mitigation``, beside no mitigation.

    Parameters
    ----------
    task : TaskSpec
        With ``mitigation``.
    lake : Lake
        Holds the sensitive column.
    parts : Parts
        As they were learned from.
    shipped : Shipped
        The model that is judged.
    currency : str
        Of the source.

    Returns
    -------
    Parity
        All ways on the same test rows: thresholds were settled on out-of-fold rows, models fitted before the test.

    Raises
    ------
    ConfigError
        If the task declares no mitigation.
    """
    declared = _declared(task)
    rows = _decidable(task, lake, parts.test, shipped.scorer, currency)
    if not 2 <= len(rows.compared) <= MAX_GROUPS:
        large = f"{len(rows.compared)} groups of {task.fairness.min_group} customers or more"
        note = f"'{declared.column}' has {large} on the test; a comparison takes 2 to {MAX_GROUPS}."
        return Parity(declared.column, rows.unit, task.fairness.min_group, task.fairness.level, (), note)
    ways = tuple(_ways(task, lake, parts, shipped))
    rng = generator_for(task.seed, "parity")
    found = measured(rows, ways, task.fairness.level, rng, task.n_resamples)
    return Parity(declared.column, rows.unit, task.fairness.min_group, task.fairness.level, found)


def _decidable(task: TaskSpec, lake: Lake, test: LabelledCases, scorer: Scorer, currency: str) -> Decidable:
    """The test; groups that are too small to be compared are one."""
    group, subject = group_of(task, lake, test.cases), test.cases.subject
    compared = large_groups(group, subject, task.fairness.min_group)
    return Decidable(
        label=test.label,
        customer=subject,
        group=np.where(np.isin(group, compared), group, TOO_SMALL).astype(object),
        compared=compared,
        earned=_earned(scorer, test),
        currency=currency,
    )


def _declared(task: TaskSpec) -> Mitigation:
    if task.mitigation is None:
        raise ConfigError(
            f"'{task.name}' declares no mitigation.",
            why="Nobody said which column is to be evened out, and how.",
            fix="Write in the task file, for example: mitigation: {column: NAME}",
        )
    return task.mitigation


def _earned(scorer: Scorer, test: LabelledCases) -> FloatArray | None:
    stakes = stakes_of(scorer.policy)
    return None if stakes is None else stakes.earned(test.label.astype(np.float64), test.cases.rows)


def _ways(task: TaskSpec, lake: Lake, parts: Parts, shipped: Shipped) -> Iterator[Way]:
    declared = _declared(task)
    plain = _plain(task, lake, parts, shipped)
    yield Way("none", 0.0, plain.decided(plain.common), declared.choose.type == "none")
    if _asks(declared, "group_thresholds"):
        yield from _by_group(task, lake, parts, plain)
    if _asks(declared, "reweighing"):
        yield from _reweighed(task, lake, parts, shipped)
    if _asks(declared, "reductions"):
        yield from _reduced(task, lake, parts, plain)


def _asks(declared: Mitigation, method: str) -> bool:
    return method in declared.methods or declared.choose.type == method


def _strengths(declared: Mitigation, method: str) -> tuple[float, ...]:
    """Those of the curve, and the one that is shipped."""
    chosen = declared.choose
    own = (chosen.strength,) if isinstance(chosen, ByGroup | Reweighing) and chosen.type == method else ()
    return tuple(sorted({*(declared.strengths if method in declared.methods else ()), *own}))


@dataclass(frozen=True)
class _Fitted:
    """A model without thresholds of its own.

    ``probability`` and ``rows`` are calibrated and described out-of-fold rows, ``of_test`` the same of the test.
    """

    common: AnyCommon
    found: OutOfFold
    probability: FloatArray
    rows: pd.DataFrame
    of_test: FloatArray
    test_rows: pd.DataFrame

    @classmethod
    def of(cls, common: AnyCommon, found: OutOfFold, trees: Trees, calibration: AnyMap, test: LabelledCases) -> _Fitted:
        raw = trees.raw(test.cases.encoded)
        return cls(
            common,
            found,
            calibration.probability(found.raw),
            found.to_score,
            calibration.probability(raw),
            test.cases.rows,
        )

    def decided(self, policy: AnyCommon) -> BoolArray:
        return policy.decide(self.of_test, self.test_rows)


def _plain(task: TaskSpec, lake: Lake, parts: Parts, shipped: Shipped) -> _Fitted:
    """The model that nobody mitigated: the shipped one, unless it learned from weighed rows."""
    scorer = shipped.scorer
    if isinstance(_declared(task).choose, Reweighing):
        return _refitted(task, weighed(task, lake, parts, None), shipped)
    return _Fitted.of(common_of(scorer.policy), shipped.out_of_fold, scorer.trees, scorer.calibration, parts.test)


def _refitted(task: TaskSpec, parts: Parts, shipped: Shipped) -> _Fitted:
    """The recipe again on the same rows with other weights: parameters and rounds stay those of the search."""
    model = task.model.model_copy(update={"n_bags": len(shipped.scorer.trees.texts)})
    again = task.model_copy(update={"model": model})
    found = out_of_fold(again, parts, shipped.tuned)
    calibration, _ = calibrated(again, found)
    common = task.policy.settle(calibration.probability(found.raw), found.to_score)
    params, n_rounds = shipped.tuned
    trees = model.fit(parts.develop.dataset, params, n_rounds, seed_for(task.seed, "fit"))
    return _Fitted.of(common, found, trees, calibration, parts.test)


def _by_group(task: TaskSpec, lake: Lake, parts: Parts, plain: _Fitted) -> Iterator[Way]:
    """Thresholds that move from the common one to equal selection rates, settled on out-of-fold rows."""
    declared = _declared(task)
    group = np.concatenate([group_of(task, lake, part.cases) for part in plain.found.parts])
    priority = plain.common.priority(plain.probability, plain.rows)
    compared = large_groups(group, plain.found.subject, task.fairness.min_group)
    test_rows = plain.test_rows.assign(**{declared.column: group_of(task, lake, parts.test.cases)})
    for strength in _strengths(declared, "group_thresholds"):
        at_least = towards_equal_rates(plain.common, priority, group, compared, strength)
        settled = GroupThresholds(
            column=declared.column, common=plain.common, at_least=at_least, otherwise=plain.common.at_least
        )
        is_chosen = declared.choose == ByGroup(strength=strength)
        yield Way("group_thresholds", strength, settled.decide(plain.of_test, test_rows), is_chosen)


def _reweighed(task: TaskSpec, lake: Lake, parts: Parts, shipped: Shipped) -> Iterator[Way]:
    declared = _declared(task)
    for strength in _strengths(declared, "reweighing"):
        how = Reweighing(strength=strength)
        found = _refitted(task, weighed(task, lake, parts, how), shipped)
        yield Way("reweighing", strength, found.decided(found.common), declared.choose == how)


def _reduced(task: TaskSpec, lake: Lake, parts: Parts, plain: _Fitted) -> Iterator[Way]:
    """Learned on the newest training rows; as many rows are contacted as without mitigation."""
    from pipelines.fairness.reductions import reduced  # Fairlearn takes a second that only this curve needs to wait for

    group = group_of(task, lake, parts.develop.cases)
    inside = np.isin(group, large_groups(group, parts.develop.cases.subject, task.fairness.min_group))
    thinned = inside & (np.arange(len(group)) % -(-len(group) // _LEARN_ROWS) == 0)
    part, own = parts.develop.at(thinned), group[thinned]
    learned, stake = part.dataset, _stake(plain, part)
    spec, seed = LightGBM(n_bags=1), seed_for(task.seed, "reductions")

    def learn(rows: pd.DataFrame, label: NDArray[np.int8], weight: FloatArray) -> Trees:
        return spec.fit(Dataset(rows, label, learned.categorical, weight), _SMALL, _SMALL_ROUNDS, seed)

    n_contacted = int(plain.decided(plain.common).sum())
    for bound in (1.0, *_declared(task).bounds):
        raw = reduced(learn, learned.rows, stake, own, bound).raw(parts.test.cases.encoded)
        yield Way("reductions", bound, raw >= top(raw, n_contacted))


def _stake(plain: _Fitted, part: LabelledCases) -> FloatArray:
    """What contacting each row would have brought, against the threshold of the policy that nobody mitigated."""
    label = part.label.astype(np.float64)
    if isinstance(plain.common, ProfitThreshold):
        return plain.common.earned(label, part.cases.rows) - plain.common.at_least
    return label - min(max(plain.common.at_least, _FEWEST), 1 - _FEWEST)
