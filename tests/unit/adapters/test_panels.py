"""Pieces of a kept panel are its rows, however they lie in row groups, and no group is read twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet as pq

from pipelines.adapters.panels import FilePanels
from pipelines.core.panels import PanelPart

CUTOFF = datetime(2020, 3, 2, tzinfo=UTC)


def written(folder: Path, sizes: list[int]) -> FilePanels:
    panels = FilePanels(folder)
    with panels.writing("churn/x", {CUTOFF: {"features": "key"}}, {"n": False, "gap": True}) as draft:
        for begin, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
            ids = np.array([f"c{begin + place:04d}" for place in range(size)], object)
            gaps = np.where(np.arange(size) % 3 == 0, np.nan, 0.5)
            columns = np.array([begin + np.arange(size, dtype=float), gaps])
            draft.write(PanelPart(ids, np.arange(size), columns, {CUTOFF: slice(0, size)}, {}))
    return panels


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 60), st.randoms())
def test_pieces_are_the_rows_in_their_order(tmp_path_factory, sizes, at_once, random):
    panels = written(tmp_path_factory.mktemp("panel"), sizes)
    whole = panels.read("churn/x", [CUTOFF], ["n", "gap"])
    n_rows = panels.size("churn/x", CUTOFF)
    numbers = [number for number in range(-(-n_rows // at_once)) if random.random() < 0.7]

    found = list(panels.pieces("churn/x", CUTOFF, ["n", "gap"], at_once, numbers))

    assert n_rows == sum(sizes)
    for number, piece in zip(numbers, found, strict=True):
        rows = slice(number * at_once, (number + 1) * at_once)
        assert piece.customer_ids.tolist() == whole.customer_ids[whole.customer][rows].tolist()
        assert piece.customer_ids[piece.customer].tolist() == piece.customer_ids.tolist()
        for name in ("n", "gap"):
            np.testing.assert_array_equal(piece.columns[name], whole.columns[name][rows])


@pytest.mark.parametrize("numbers", [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [7, 8, 9]])
def test_a_row_group_is_read_once_and_only_if_it_is_asked_for(tmp_path, monkeypatch, numbers):
    panels, asked = written(tmp_path, [10] * 10), []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, group, **how: asked.append(group) or real(self, group, **how)
    )

    list(panels.pieces("churn/x", CUTOFF, ["n"], 10, numbers))

    assert asked == numbers
