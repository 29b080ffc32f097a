"""Rows some after others are the rows all at once, and what is counted of them adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.scoring import batches as module
from pipelines.scoring.batches import Tally, batches_of
from pipelines.scoring.cases import Cases


def scored(scores: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    drawn = {name: rng.random(len(scores)) < 0.5 for name in ("decision", "in_force")}
    return pd.DataFrame({"score": scores, **drawn, "reason_1": [f"because of {one:.6f}" for one in scores]})


@given(st.integers(1, 300), st.integers(1, 299), st.integers(0, 2**32 - 1))
def test_tallies_add_up_to_that_of_all_rows(n_rows, cut, seed):
    rng = np.random.default_rng(seed)
    rows = scored(rng.beta(1, 4, n_rows), rng)
    parts = [part for part in (rows.iloc[:cut], rows.iloc[cut:]) if len(part)]

    whole, added = Tally.of(rows).figures, sum(map(Tally.of, parts), Tally()).figures

    assert added == whole == sum(map(Tally.of, reversed(parts)), Tally()).figures
    assert whole.mean == pytest.approx(rows["score"].mean(), abs=1e-9)
    assert whole.n_contacted == (rows["decision"] & rows["in_force"]).sum()
    assert whole.reasons == (f"because of {rows['score'].max():.6f}",)


@given(st.integers(1, 2_000), st.integers(0, 2**32 - 1))
def test_quantiles_are_those_of_the_scores_to_the_width_of_a_bin(n_rows, seed):
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 4, n_rows)
    exact = np.quantile(scores, [0.1, 0.5, 0.9], method="inverted_cdf")

    found = Tally.of(scored(scores, rng)).figures.quantiles

    assert list(found) == ["q10", "q50", "q90"]
    assert np.abs(np.array(list(found.values())) - exact).max() <= 1 / 65_536


def test_rows_in_memory_are_read_in_their_order(monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 3)
    ids = np.array([f"c{number}" for number in range(8)], object)
    keys = pd.DataFrame({"customer_id": ids})
    cases = Cases(pd.DataFrame({"x": np.arange(8.0)}), (), keys, np.arange(8), ids, None)
    batches = batches_of(cases, "digest")

    assert len(batches) == 3
    parts = list(batches.read(range(3)))
    assert [len(part) for part in parts] == [3, 3, 2]
    assert np.concatenate([part.subject_id for part in parts]).tolist() == cases.subject_id.tolist()
    (last,) = batches.read([2])
    pd.testing.assert_frame_equal(last.rows, cases.rows.iloc[6:].reset_index(drop=True))
