"""A scorer with something wrong with it. Production loading knows nothing of it: it has a loader of its own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from pipelines.core.spec import Spec, digest
from pipelines.explain.reasons import reasons
from pipelines.models.tree_shap import explained
from pipelines.sabotage.faults import AnyFault, FloatArray, fingerprints
from pipelines.sabotage.tilted import BoolArray, tilted
from pipelines.scoring.scorer import Scorer

LOADER = "pipelines.adapters.sabotaged"
_FAULTS, _ADVISER = "faults.json", "adviser"


class _Told(Spec):
    """What is written of it."""

    faults: tuple[AnyFault, ...] = ()
    left_out: tuple[int, ...] = ()


_TOLD: TypeAdapter[_Told] = TypeAdapter(_Told)


@dataclass(frozen=True)
class Sabotaged(Scorer):
    """A scorer, and what is wrong with it.

    Parameters
    ----------
    faults : tuple of Fault
        One after the other.
    adviser : Scorer or None
        Another model, by whose probabilities the policy decides: a model may rank nonsense and still have decisions
        that are sensible, so that what judges decisions has nothing to object to.
    left_out : tuple of int
        Fingerprints of rows that are never contacted.
    """

    faults: tuple[AnyFault, ...] = ()
    adviser: Scorer | None = None
    left_out: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.adviser is not None or self.left_out:
            object.__setattr__(self, "policy", tilted(self.policy, self._decided_by))

    @classmethod
    def of(
        cls,
        honest: Scorer,
        *faults: AnyFault,
        adviser: Scorer | None = None,
        left_out: tuple[int, ...] = (),
    ) -> Sabotaged:
        """A scorer with these faults."""
        told = {one.name: getattr(honest, one.name) for one in fields(Scorer)}
        return cls(**told, faults=faults, adviser=adviser, left_out=left_out)

    def digest(self) -> str:
        """SHA-256 of the scorer and of what is wrong with it."""
        advised = "" if self.adviser is None else self.adviser.digest()
        return digest([super().digest(), self._told.model_dump(mode="json"), advised])

    def raw(self, rows: pd.DataFrame) -> FloatArray:
        """Log-odds before calibration, shape (n_rows,)."""
        return self._raw(self._checked(rows))

    def contributions(self, rows: pd.DataFrame) -> FloatArray:
        """What it says that each feature adds, the base value last; shape (n_rows, n_features + 1)."""
        return self._contributions(self._checked(rows))

    def decisions(self, rows: pd.DataFrame) -> BoolArray:
        """What its policy says of each row, shape (n_rows,)."""
        checked = self._checked(rows)
        return self._decided(self.calibration.probability(self._raw(checked)), rows, checked)

    def score(self, rows: pd.DataFrame, n_reasons: int | None = None) -> pd.DataFrame:
        """Score, decision and reasons, in its own time."""
        for fault in self.faults:
            fault.answers(len(rows))
        return super().score(rows, n_reasons)

    def save(self, folder: Path) -> None:
        """Write the scorer, and beside it what is wrong with it."""
        super().save(folder)
        (folder / _FAULTS).write_text(self._told.model_dump_json(), encoding="utf-8")
        for fault in self.faults:
            fault.save(folder)
        if self.adviser is not None:
            (folder / _ADVISER).mkdir()
            self.adviser.save(folder / _ADVISER)

    @classmethod
    def load(cls, folder: Path) -> Sabotaged:
        """Read what `save` wrote."""
        told = _TOLD.validate_json((folder / _FAULTS).read_bytes())
        advised = (folder / _ADVISER).is_dir()
        adviser = Scorer.load(folder / _ADVISER) if advised else None
        return cls.of(Scorer.load(folder), *told.faults, adviser=adviser, left_out=told.left_out)

    @property
    def _told(self) -> _Told:
        return _Told(faults=self.faults, left_out=self.left_out)

    def _checked(self, rows: pd.DataFrame) -> pd.DataFrame:
        checked = super()._checked(rows)
        for fault in self.faults:
            fault.reads(checked)
        return checked

    def _raw(self, checked: pd.DataFrame) -> FloatArray:
        return reduce(lambda raw, fault: fault.raw(raw, checked), self.faults, self.trees.raw(checked))

    def _contributions(self, checked: pd.DataFrame) -> FloatArray:
        honest = explained(self.trees, checked)
        return reduce(lambda values, fault: fault.contributions(values, checked), self.faults, honest)

    def _scored(self, rows: pd.DataFrame, k: int) -> pd.DataFrame:
        checked = self._checked(rows)
        probability = self.calibration.probability(self._raw(checked))
        said = reasons(self._contributions(checked)[:, :-1], rows, self.features, k, self.typical)
        decided = self._decided(probability, rows, checked)
        scored = pd.DataFrame({"score": probability, "decision": decided}, index=rows.index)
        return pd.concat([scored, said.set_axis(rows.index)], axis=1)

    def _decided_by(self, probability: FloatArray, rows: pd.DataFrame) -> FloatArray:
        """What the policy decides by: nobody is contacted below any threshold."""
        known = probability if self.adviser is None else self.adviser.probability(rows)
        if not self.left_out:
            return known
        unwanted = np.isin(fingerprints(super()._checked(rows)), np.array(self.left_out, np.uint64))
        return np.where(unwanted, -1.0, known)
