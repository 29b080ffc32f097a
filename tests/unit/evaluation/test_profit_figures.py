from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.core.intervals import Interval
from pipelines.evaluation.profit import profit
from pipelines.evaluation.profit_figures import report
from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.top_share import Threshold

PAYS = ProfitThreshold(cost=1.0, value=20.0, response_rate=0.4)


def found(settled):
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 4, 1_200)
    label = (rng.random(1_200) < probability).astype(np.int8)
    rows = pd.DataFrame(index=range(1_200))
    return profit(label, np.arange(1_200) // 3, probability, rows, settled, np.random.default_rng(1), 50)


def legend_of(figure):
    legend = figure.axes[0].get_legend()
    return legend.get_title().get_text(), [text.get_text() for text in legend.get_texts()]


def title_of(figure):
    return figure.axes[0].get_title(loc="left")


def test_profit_is_drawn_with_the_chosen_and_the_best_threshold():
    result = found(PAYS)
    figure = report(result, "USD").artifacts["policy/profit.png"]
    title, texts = legend_of(figure)

    assert (
        title_of(figure) == f"{result.money.profit.estimate:.2f} USD a row: clearly more than nobody, everybody, random"
    )
    assert figure.axes[0].get_ylabel() == "Profit per row (USD)"
    assert f"n = 1,200 rows of 400 customers, {result.n_contacted:,} contacted" in title
    assert f"Regret {result.money.regret}" in title
    assert any(text.startswith("chosen: ") for text in texts)
    assert any(text.startswith("best in hindsight: ") for text in texts)


def test_gain_is_drawn_with_the_policy():
    result = found(Threshold(at_least=0.3))
    drawn = report(result, "USD").artifacts

    assert set(drawn) == {"policy/profit.json", "policy/gain.png"}
    assert title_of(drawn["policy/gain.png"]).startswith(
        f"Contacting {result.share_contacted.estimate:.1%} of rows reaches"
    )
    assert f"policy: {result.caught}" in legend_of(drawn["policy/gain.png"])[1]


@pytest.mark.parametrize(
    ("settled", "said"),
    [
        (PAYS.model_copy(update={"cost": 50.0}), "the policy contacts nobody"),
        (PAYS.model_copy(update={"cost": 0.0}), "clearly more than nobody"),
    ],
)
def test_title_says_what_the_policy_beats(settled, said):
    drawn = report(found(settled), "").artifacts

    assert said in title_of(drawn["policy/profit.png"])
    assert drawn["policy/profit.png"].axes[0].get_ylabel() == "Profit per row"
    for name in ("policy/profit.png", "policy/gain.png"):
        drawn[name].savefig(io.BytesIO())


def test_title_claims_no_more_than_the_intervals():
    result, noise = found(PAYS), Interval(0.1, -0.1, 0.3)
    money = replace(result.money, profit=noise, over_everybody=noise, over_random=noise)
    drawn = report(replace(result, money=money), "USD").artifacts

    assert title_of(drawn["policy/profit.png"]) == "0.10 USD a row: no clear gain on simple ways"
