"""Two groups of customers that were drawn by their hash: what is counted of them, and how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from pipelines.policy.rollout import in_rollout
from pipelines.scoring.arms import arms_of, joined


def rows(rng: np.random.Generator, n_customers: int, salt: str, effect: float = 0.0) -> pd.DataFrame:
    """Three rows of each customer, who does the same at most of them; whom the shadow decides about, less often."""
    customer = np.repeat([f"c{number}" for number in range(n_customers)], 3)
    reached = in_rollout(customer, salt, 0.4)
    rate = np.repeat(rng.beta(0.5, 1.5, n_customers), 3) * (1 - effect * reached)
    drawn = {f"{name}.decision": rng.random(len(rate)) < 0.3 for name in ("shadow", "champion")}
    said = {"shadow.score": rate, "champion.score": rate, "shadow.in_force": reached, "champion.in_force": ~reached}
    return pd.DataFrame(
        {"customer_id": customer, "label": (rng.random(len(rate)) < rate).astype(float), **said, **drawn}
    )


def test_intervals_of_the_difference_hold_no_effect_nineteen_times_in_twenty():
    n_tried, rng = 400, np.random.default_rng(5)
    found = [arms_of(rows(rng, 300, f"salt {number}")).positive for number in range(n_tried)]
    n_held = sum(one.low <= 0 <= one.high for one in found)

    low, high = binom.ppf([0.001, 0.999], n_tried, 0.95)
    assert low <= n_held <= high


def test_what_decisions_did_is_found():
    found = arms_of(rows(np.random.default_rng(6), 3_000, "salt", effect=0.5))

    assert found.positive.high < 0
    assert found.positive.low < -0.25 * 0.5 * 0.9
    assert found.contacted.low < 0 < found.contacted.high
    assert found.shadow.n_rows + found.champion.n_rows == 9_000
    assert found.shadow.n_customers + found.champion.n_customers == 3_000


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_group_alone_is_no_comparison(share):
    all_of_one = rows(np.random.default_rng(7), 10, "salt").assign(
        **{"shadow.in_force": bool(share), "champion.in_force": not share}
    )

    assert arms_of(all_of_one) is None


def test_rows_are_met_by_all_that_names_them():
    outcomes = pd.DataFrame({"customer_id": ["a", "a", "b"], "cutoff": [1, 2, 1], "label": [0.0, 1.0, 1.0]})
    said = {"score": [0.2, 0.9], "decision": [False, True], "in_force": [True, True], "reason_1": ["x", "y"]}
    parts = [pd.DataFrame({"customer_id": ["a", "c"], "cutoff": [2, 1], **said})]

    found = joined(outcomes, parts, "champion")

    assert found.to_dict("records") == [
        {
            "customer_id": "a",
            "cutoff": 2,
            "label": 1.0,
            "champion.score": 0.2,
            "champion.decision": False,
            "champion.in_force": True,
        }
    ]
