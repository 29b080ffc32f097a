from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.tasks.panel_task import PanelTask
from support.shop import TASK


def changed(**fields):
    return PanelTask.read({**TASK, **fields}, "task")


def refusal(**fields):
    with pytest.raises(ConfigError) as error:
        changed(**fields)
    return str(error.value)


def test_horizon_is_that_of_the_outcome():
    assert changed(outcome={"type": "no_purchase", "horizon": "P14D"}).horizon == 14 * DAY


def test_task_without_features_is_refused():
    assert "features is empty: the model would have nothing to learn from" in refusal(features=[])


def test_name_of_a_task_is_one_that_a_registry_takes():
    assert "name: String should match pattern" in refusal(name="My churn")


def test_unknown_gate_is_refused_when_the_task_is_read():
    said = refusal(gates=[{"type": "beats_champoin"}])

    assert "gates.0: " in said
    assert "beats_champoin" in said
    assert all(f"'{known}'" in said for known in ("beats_baselines", "beats_champion", "not_older", "approval"))


def test_misspelt_field_of_a_gate_is_refused_with_the_nearest():
    said = refusal(gates=[{"type": "beats_champion", "margn": 0.1}])

    assert "gates.0.beats_champion.margn: no such field. Did you mean 'margin'?" in said


def test_metric_that_no_gate_can_judge_is_refused():
    assert "Input should be 'roc_auc', 'pr_auc'" in refusal(gates=[{"type": "beats_baselines", "metric": "accuracy"}])


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [
        ({"title": "x", "policy": {"type": "top_share", "share": 0.2}, "seed": 99, "gates": TASK["gates"][:1]}, True),
        ({"outcome": {"type": "no_purchase", "horizon": "P14D"}}, False),
        ({"population": {"type": "active", "within": "P7D"}}, False),
        ({"source": "another"}, False),
        ({"features": TASK["features"][:1]}, False),
    ],
)
def test_feature_digest_covers_what_makes_a_row_and_its_label_and_no_more(fields, is_same):
    assert is_same == (changed().feature_digest() == changed(**fields).feature_digest())


def test_what_is_sensitive_cannot_be_changed():
    said = refusal(sensitive=["band"], changeable={"band": ["young"]})

    assert "changeable names band, which is sensitive: nobody can change it" in said
