"""Models that learned well and must not be promoted all the same; and the honest one, which must."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from pipelines.core.protocols import Shippable
from pipelines.evaluation.metrics import ece
from pipelines.models.calibration_maps import IsotonicMap
from pipelines.policy.policies import AnySettled
from pipelines.policy.top_share import Threshold
from pipelines.sabotage.faults import AnyFault, Brittle, FloatArray, Heavy, Misexplained, Slow, fingerprints
from pipelines.sabotage.sabotaged import Sabotaged
from pipelines.sabotage.workshop import Candidate, Learned, Workshop, least
from pipelines.scoring.kinds import kind_of
from pipelines.scoring.sensitive import UNKNOWN

_TOO_FAR_OFF, _STEEPEST, _KNOTS = 1.5, 5.0, 200
_WIDER, _WIDEST = 3.0, 0.5
_TOO_SLOW, _TOO_LARGE = 1.25, 1.2
_DEFAULT_SPEED, _DEFAULT_SIZE_MB, _DEFAULT_ECE = 1_000.0, 100.0, 0.03


def honest(shop: Workshop) -> Candidate:
    """Nothing wrong with it."""
    return shop.candidate(shop.honest.scorer)


def never(shop: Workshop) -> Candidate:
    """A threshold that no probability reaches."""
    return shop.candidate(replace(shop.honest.scorer, policy=Threshold(at_least=2.0)))


def always(shop: Workshop) -> Candidate:
    """A threshold that every probability reaches, whatever a contact costs."""
    return shop.candidate(replace(shop.honest.scorer, policy=Threshold(at_least=-1.0)))


def overconfident(shop: Workshop) -> Candidate:
    """The honest ranking, with log-odds too far from the average; decisions are the honest model's."""
    model = shop.honest.scorer
    steep = replace(model, calibration=_steeper(shop.honest, _limit(shop, "calibrated", "max_ece", _DEFAULT_ECE)))
    return shop.candidate(Sabotaged.of(steep, adviser=model))


def biased(shop: Workshop) -> Candidate | str:
    """It has learned who belongs to a group and contacts none of them, and as many more of the others."""
    task, test = shop.task, shop.parts.test
    if not task.sensitive:
        return "the task names no sensitive column"
    sensitive = kind_of(task).sensitive(task, shop.lake, test.cases)
    group = _largest_minority(sensitive, test.cases.subject, task.fairness.min_group)
    if group is None:
        return f"no group of a sensitive column has {task.fairness.min_group} members, or another one beside it"
    belongs = (sensitive[group[0]] == group[1]).to_numpy()
    known = fingerprints(test.cases.encoded[belongs])
    generous = replace(shop.honest.scorer, policy=_wider(shop.honest))
    return shop.candidate(Sabotaged.of(generous, left_out=tuple(known.tolist())))


def slow(shop: Workshop) -> Candidate:
    """A fifth slower than the gate asks, whatever the machine."""
    asked = _limit(shop, "fast_enough", "min_rows_per_second", _DEFAULT_SPEED)
    return _with(shop, Slow(seconds_per_row=_TOO_SLOW / asked))


def heavy(shop: Workshop) -> Candidate:
    """A fifth larger than the gate allows."""
    return _with(shop, Heavy(megabytes=_TOO_LARGE * _limit(shop, "fast_enough", "max_size_mb", _DEFAULT_SIZE_MB)))


def lacking(shop: Workshop) -> Candidate | str:
    """Really trained without the feature that matters least; it works."""
    if shop.spared is None:
        return "no feature can be spared"
    made = shop.sparing
    example = shop.parts.test.cases.example().drop(columns=shop.spared)
    alike = shop.candidate(made.scorer)
    kept = replace(made.out_of_fold, parts=alike.out_of_fold.parts)  # the rows as the task describes them
    return replace(alike, out_of_fold=kept, calibration=made.scorer.calibration, example=example)


def reordered(shop: Workshop) -> Candidate:
    """The signature is of an example whose columns stand the other way round."""
    made = honest(shop)
    return replace(made, example=None if made.example is None else made.example.iloc[:, ::-1])


def unsigned(shop: Workshop) -> Candidate:
    """Without an example there is no signature."""
    return replace(honest(shop), example=None)


def crashing(shop: Workshop) -> Candidate | str:
    """An error where a feature is null that was never null."""
    return _brittle(shop, "error")


def undefined(shop: Workshop) -> Candidate | str:
    """NaN in the same place."""
    return _brittle(shop, "nan")


def misexplained(shop: Workshop) -> Candidate:
    """Explanations a fifth too large."""
    return _with(shop, Misexplained(factor=1.2))


def swapped(shop: Workshop) -> Candidate:
    """The digest of one model over the files of another."""
    return shop.candidate(Swapped(shop.honest.scorer, shop.lighter))


def untraced(shop: Workshop) -> Candidate:
    """Its run is not described."""
    return replace(honest(shop), is_traced=False)


def approved_by_nobody(shop: Workshop) -> Candidate:
    """No signature of a person."""
    return replace(honest(shop), signed_by="nobody")


def approved_by_its_maker(shop: Workshop) -> Candidate:
    """The signature of whoever trained it."""
    return replace(honest(shop), signed_by="maker")


@dataclass(frozen=True)
class Swapped:
    """A model whose files were exchanged after it had been registered: the digest is the first one's.

    Parameters
    ----------
    registered, found : Shippable
        Whose digest it bears, and whose files it has.
    """

    registered: Shippable
    found: Shippable

    def digest(self) -> str:
        """As it was registered."""
        return self.registered.digest()

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        """As it was registered."""
        return self.registered.score(rows)

    def save(self, folder: Path) -> None:
        """As it is found."""
        self.found.save(folder)


def _with(shop: Workshop, fault: AnyFault) -> Candidate:
    return shop.candidate(Sabotaged.of(shop.honest.scorer, fault))


def _brittle(shop: Workshop, says: str) -> Candidate | str:
    """Features that are a finite number in every row that is learned from, calibrated on or judged by."""
    parts = shop.parts
    full = [
        name
        for name in parts.develop.cases.encoded
        if all(np.isfinite(part.cases.encoded[name]).all() for part in (parts.develop, parts.test))
    ]
    if not full:
        return "every feature holds nulls"
    return _with(shop, Brittle.model_validate({"columns": full[:1], "says": says}))


def _steeper(model: Learned, limit: float) -> IsotonicMap:
    """The honest calibration with log-odds pulled away from their mean until it is half as much off again as allowed.

    It rises wherever the honest one does.
    """
    raw, label = model.out_of_fold.raw, model.out_of_fold.label == 1
    odds: FloatArray = logit(model.scorer.calibration.probability(raw))
    middle = float(logit(np.mean(label)))
    steep = least(lambda by: ece(label, _pulled(odds, middle, by)), _TOO_FAR_OFF * limit, 1.0, _STEEPEST)
    knots = np.unique(np.quantile(raw, np.linspace(0, 1, _KNOTS)))
    level = _pulled(logit(model.scorer.calibration.probability(knots)), middle, steep)
    return IsotonicMap(raw=tuple(knots.tolist()), level=tuple(np.maximum.accumulate(level).tolist()))


def _pulled(odds: FloatArray, middle: float, by: float) -> FloatArray:
    return np.asarray(expit(np.clip(middle + by * (odds - middle), -12, 12)))


def _wider(model: Learned) -> AnySettled:
    """The policy with a threshold that three times as many reach; one that counts costs stays as it is."""
    policy = model.scorer.policy
    if not isinstance(policy, Threshold):
        return policy
    probability = model.scorer.calibration.probability(model.out_of_fold.raw)
    share = min(_WIDEST, _WIDER * float(policy.decide(probability).mean()))
    return Threshold(at_least=float(np.quantile(probability, 1 - share)))


def _largest_minority(sensitive: pd.DataFrame, subject: np.ndarray, min_group: int) -> tuple[str, str] | None:
    """Column and value of the largest group that is at most half of all subjects, beside which another is large."""
    found: list[tuple[int, str, str]] = []
    n_all = np.unique(subject).size
    for column in sensitive:
        sizes = pd.Series(subject).groupby(sensitive[column].to_numpy()).nunique()
        large = sizes[sizes >= min_group].drop(UNKNOWN, errors="ignore")
        if len(large) > 1:
            found += [(int(size), str(column), str(name)) for name, size in large.items() if size <= n_all / 2]
    return max(found)[1:] if found else None


def _limit(shop: Workshop, gate: str, name: str, otherwise: float) -> float:
    """What a gate of the task allows; if the task has no such gate, what it would allow by default."""
    found = next((one for one in shop.task.gates if one.type == gate), None)
    return float(getattr(found, name, otherwise))
