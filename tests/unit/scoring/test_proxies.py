from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.features.catalogue import Feature
from pipelines.scoring.cases import Cases
from pipelines.scoring.proxies import proxies

FEATURES = (
    Feature("spent_7d", "", "EUR", "P7D", "never", "test", "", idea="spending"),
    Feature("spent_28d", "", "EUR", "P28D", "never", "test", "", idea="spending"),
    Feature("visits", "", "visits", "P28D", "never", "test", ""),
    Feature("plan", "", "text", "as given", "if missing", "test", "", levels=("basic", "pro")),
)


def cases(n_customers=400, n_rows=2, seed=1):
    """Rows of customers whose spending depends on their income, and whose visits do not."""
    rng = np.random.default_rng(seed)
    rich = rng.random(n_customers) < 0.4
    customer = np.repeat(np.arange(n_customers), n_rows)
    spent = 2.0 * rich[customer] + rng.normal(0, 1, customer.size)
    rows = pd.DataFrame(
        {
            "spent_7d": spent,
            "spent_28d": spent + rng.normal(0, 0.5, customer.size),
            "visits": rng.normal(0, 1, customer.size),
            "plan": rng.choice(np.array(["basic", "pro"], dtype=object), customer.size),
        }
    )
    moment = np.tile(np.array(["2024-01-01", "2024-01-08"], "datetime64[us]")[:n_rows], n_customers)
    keys = pd.DataFrame({"customer_id": customer})
    ids = np.arange(n_customers).astype(str).astype(object)
    return Cases(rows, FEATURES, keys, customer, ids, moment), np.where(rich, "rich", "poor")[customer].astype(object)


def asked(of, values, min_group=50):
    found = proxies(
        of,
        pd.DataFrame({"column": values}),
        min_group=min_group,
        level=0.95,
        rng=np.random.default_rng(7),
        n_resamples=100,
    )
    assert set(found.report().artifacts) >= {"fairness/proxies.json", "fairness/proxies.md"}
    return found


def test_a_proxy_is_found_and_named():
    of, values = cases()
    found = asked(of, values)
    (column,) = found.columns

    assert found.n_customers == 400, "one row each"
    assert column.roc_auc.low > 0.75
    assert next(iter(column.ideas)) == "spending"
    assert column.ideas["spending"] > 3 * column.ideas["visits"]
    assert list(column.features)[-1] != "spent_7d"


def test_a_column_drawn_by_lot_is_not_told():
    of, _ = cases()
    values = np.random.default_rng(1).choice(np.array(["a", "b"], dtype=object), 400)[of.subject]
    (column,) = asked(of, values).columns

    assert column.roc_auc.low < 0.5 < column.roc_auc.high
    assert "no better than chance" in asked(of, values).as_markdown()


def test_the_unknown_are_told_from_the_known_and_do_not_stand_among_them():
    of, values = cases()
    unknown = of.subject % 3 == 0
    (column,) = asked(of, np.where(unknown, None, values)).columns
    levels = {level.name: level for level in column.levels}

    assert list(levels) == ["poor", "rich", "unknown"]
    assert levels["unknown"].rest == "the known"
    assert levels["unknown"].roc_auc.low < 0.5
    assert column.roc_auc.low > 0.75
    assert levels["rich"].n_customers + levels["poor"].n_customers + levels["unknown"].n_customers == 400


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda of, values: np.full(len(of), "same", dtype=object), "every customer has the value 'same'"),
        (lambda of, values: np.full(len(of), None, dtype=object), "every customer has the value 'unknown'"),
        (lambda of, values: np.array([f"text {one}" for one in of.subject], dtype=object), "400 different values"),
        (lambda of, values: np.where(of.subject == 0, "alone", "rest").astype(object), "no value has 50 customers"),
        (lambda of, values: np.where(of.subject < 360, None, values), "Too small for a figure (customers): 'poor'"),
    ],
)
def test_a_column_that_divides_nobody_is_a_stated_outcome(make, said):
    of, values = cases()

    assert said in asked(of, make(of, values)).as_markdown()


def test_ninety_percent_missing_still_tells_the_unknown_from_the_known():
    of, values = cases(1_000)
    (column,) = asked(of, np.where(of.subject % 10 > 0, None, values), min_group=30).columns

    assert {level.name for level in column.levels if level.roc_auc is not None} == {"poor", "rich", "unknown"}


def test_the_same_generator_gives_the_same_figures():
    of, values = cases()

    assert asked(of, values) == asked(of, values)


def test_nobody_is_a_stated_outcome():
    of, values = cases()
    none = np.zeros(len(of), dtype=bool)

    assert "There are no rows" in asked(of.at(none), values[none]).as_markdown()


def test_rows_without_times_take_part_too():
    of, values = cases(n_rows=1)
    one = Cases(of.rows, of.features, of.keys, of.subject, of.subject_ids, None)

    assert asked(one, values).columns[0].roc_auc.low > 0.75
