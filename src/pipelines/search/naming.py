"""What a study is known by."""

from __future__ import annotations

import json
from hashlib import blake2b
from importlib.metadata import version

import numpy as np

from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.search.workers import Parts
from pipelines.tasks.search_space import SearchSpec

_VERSION = 2
"""Of what a stored loss means: raise it with a change of this package that changes losses or suggestions."""


def study_name(spec: SearchSpec, model: LightGBM, parts: Parts, seed: int) -> str:
    """A digest of everything that decides a loss or a suggestion; budgets do not."""
    told = {
        "version": _VERSION,
        "search": spec.model_dump(mode="json", include={"space", "n_startup"}),
        "model": model.model_dump(mode="json"),
        "seed": seed,
        "libraries": {name: version(name) for name in ("lightgbm", "optuna")},
    }
    content = blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16)
    for dataset in (one for part in parts for one in part):
        _digest_into(content, dataset)
    return f"regulars-{content.hexdigest()}"


def _digest_into(content: blake2b, dataset: Dataset) -> None:
    names = [str(name) for name in dataset.rows.columns]
    content.update(json.dumps([dataset.rows.shape, names, dataset.categorical]).encode())
    for place in range(len(names)):
        content.update(dataset.rows.iloc[:, place].to_numpy(np.float64).tobytes())
    content.update(dataset.label.astype(np.int8).tobytes())
    if dataset.weight is not None:
        content.update(dataset.weight.tobytes())
