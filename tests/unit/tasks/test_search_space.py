from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.core.errors import ConfigError
from pipelines.tasks.search_space import Choices, Range, SearchSpec


@pytest.mark.parametrize(
    "bounds", [{"low": 1, "high": 1}, {"low": 2, "high": 1}, {"low": 0, "high": 1, "scale": "log"}]
)
def test_range_needs_ordered_bounds_and_a_positive_one_on_a_log_scale(bounds):
    with pytest.raises(ConfigError) as error:
        Range.read(bounds, "search")

    assert f"needs low < high, and low > 0 on a log scale; got {float(bounds['low'])}" in str(error.value)


def test_misspelt_scale_of_one_parameter_is_found_in_the_space():
    with pytest.raises(ConfigError) as error:
        SearchSpec.read({"space": {"num_leaves": {"low": 1, "high": 2, "scal": "log"}}}, "search")

    assert "space.num_leaves.range.scal: no such field. Did you mean 'scale'?" in str(error.value)


def test_search_needs_a_trial():
    with pytest.raises(ConfigError, match="n_trials: Input should be greater than or equal to 1"):
        SearchSpec.read({"n_trials": 0, "space": {}}, "search")


@pytest.mark.parametrize("low", ["nan", "-inf"])
def test_range_is_finite(low):
    with pytest.raises(ConfigError, match="low: Input should be a finite number"):
        Range.read({"low": low, "high": 1.0}, "search")


def test_range_of_whole_numbers_has_whole_bounds():
    with pytest.raises(ConfigError) as error:
        Range.read({"low": 0.2, "high": 9, "scale": "log", "kind": "int"}, "search")

    assert "needs whole numbers for kind: int; got 0.2 and 9.0" in str(error.value)


def test_space_holds_ranges_and_choices_side_by_side():
    spec = SearchSpec.read({"space": {"a": {"low": 0, "high": 1}, "b": {"choices": [0, 1]}}}, "search")

    assert spec.space == {"a": Range(low=0, high=1), "b": Choices(choices=(0, 1))}
    assert SearchSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("choices", "said"), [([1], "at least 2 items"), ([1, 1.0], "needs different values; got 1, 1")]
)
def test_choices_are_two_or_more_different_values(choices, said):
    with pytest.raises(ConfigError) as error:
        SearchSpec.read({"space": {"b": {"choices": choices}}}, "search")

    assert said in str(error.value)


def test_timeout_is_a_positive_duration():
    spec = SearchSpec.read({"timeout": "PT10M", "space": {}}, "search")

    assert spec.timeout == timedelta(minutes=10)
    with pytest.raises(ConfigError, match="timeout: Input should be greater than 0 seconds"):
        SearchSpec.read({"timeout": "PT0S", "space": {}}, "search")


def test_search_needs_a_worker():
    with pytest.raises(ConfigError, match="n_workers: Input should be greater than or equal to 1"):
        SearchSpec.read({"n_workers": 0, "space": {}}, "search")
