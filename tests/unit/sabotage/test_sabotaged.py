"""A sabotaged scorer: what was saved comes back with its faults, by a loader of its own."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import numpy as np
import pytest

from pipelines.adapters import pyfunc
from pipelines.adapters.sabotaged import _load_pyfunc
from pipelines.sabotage.faults import Blind, Inverted, Misexplained, Slow, fingerprints
from pipelines.sabotage.sabotaged import LOADER, Sabotaged


@pytest.fixture
def loaded(tmp_path):
    def through_files(model):
        folder = tmp_path / "model"
        folder.mkdir()
        model.save(folder)
        return _load_pyfunc(str(folder)).get_raw_model()

    return through_files


@pytest.mark.parametrize("fault", [Blind(), Inverted(), Misexplained(factor=1.2)], ids=lambda one: one.type)
def test_what_was_saved_comes_back_with_its_fault(fault, honest, judging_rows, loaded):
    model = Sabotaged.of(honest, fault, adviser=honest)
    again = loaded(model)

    assert again.digest() == model.digest()
    assert again.score(judging_rows).equals(model.score(judging_rows))
    assert np.array_equal(again.contributions(judging_rows), model.contributions(judging_rows))


def test_those_left_out_come_back_too(honest, workshop, judging_rows, loaded):
    known = fingerprints(workshop.parts.test.cases.encoded)
    model = Sabotaged.of(honest, left_out=tuple(known[:800].tolist()))
    again = loaded(model)

    assert not again.decisions(judging_rows)[:800].any()
    assert again.decisions(judging_rows)[800:].tolist() == honest.decisions(judging_rows)[800:].tolist()


def test_without_a_fault_it_says_what_the_honest_one_says(honest, judging_rows):
    model = Sabotaged.of(honest)

    assert model.score(judging_rows).equals(honest.score(judging_rows))
    assert model.decisions(judging_rows).tolist() == honest.decisions(judging_rows).tolist()


def test_a_fault_changes_the_digest(honest):
    digests = {Sabotaged.of(honest, *faults).digest() for faults in [(), (Blind(),), (Inverted(),)]}

    assert len(digests) == 3
    assert honest.digest() not in digests


def test_what_is_served_is_what_is_behind_it(honest, judging_rows):
    model = Sabotaged.of(honest, Inverted(), adviser=honest)
    served = model.score(judging_rows)

    assert np.array_equal(served["score"], model.probability(judging_rows))
    assert served["decision"].tolist() == honest.decisions(judging_rows).tolist()


def test_only_answers_take_time(honest, judging_rows, monkeypatch):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    model = Sabotaged.of(honest, Slow(seconds_per_row=0.5))
    model.raw(judging_rows)
    model.decisions(judging_rows)
    assert waited == []

    model.score(judging_rows.head(4))
    assert waited == [2.0]


def test_its_loader_is_not_that_of_production():
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(Path(pyfunc.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert not any("sabot" in str(name) for name in imported)
    assert hasattr(importlib.import_module(LOADER), "_load_pyfunc")
