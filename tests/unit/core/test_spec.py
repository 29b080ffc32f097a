from __future__ import annotations

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from pipelines.core.errors import ConfigError
from pipelines.core.spec import Days, Spec, digest, flat
from pipelines.core.windows import DAY


class Small(Spec):
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    horizon: Days = 28 * DAY


class Rule(Spec):
    type: Literal["rule"] = "rule"
    feature: str = "recency_days"


class Other(Spec):
    type: Literal["other"] = "other"
    tolerance: float = 0.1


class Large(Spec):
    name: str
    small: Small = Small()
    rules: tuple[Annotated[Rule | Other, Field(discriminator="type")], ...] = ()
    by_name: dict[str, Small] = Field(default_factory=dict)
    maybe: Small | None = None


def refusal(content):
    with pytest.raises(ConfigError) as error:
        Large.read(content, "conf/large.yaml")
    return str(error.value)


def test_all_problems_are_shown_at_once():
    said = refusal({"nam": "x", "small": {"share": 2, "horizon": "P1.5D"}})

    assert said.startswith("conf/large.yaml has 4 problems:\n")
    assert "\n  - name: Field required\n" in said
    assert "\n  - nam: no such field. Did you mean 'name'?\n" in said
    assert "\n  - small.share: Input should be less than 1 (got 2)\n" in said
    assert "\n  - small.horizon: must be a positive number of whole days such as P28D, got 1 day, 12:00:00" in said


def test_one_problem_is_not_called_problems():
    assert refusal({}).startswith("conf/large.yaml has 1 problem:\n  - name: Field required\n")


def test_message_says_why_and_how_to_mend():
    assert refusal({}).endswith(
        "A field that is wrong or misspelt would silently fall back to something else. "
        "Fix: Mend the fields above in conf/large.yaml, or the override that set them."
    )


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"small": {"shar": 0.2}}, "small.shar: no such field. Did you mean 'share'?"),
        ({"maybe": {"shar": 0.2}}, "maybe.shar: no such field. Did you mean 'share'?"),
        ({"by_name": {"x": {"shar": 0.2}}}, "by_name.x.shar: no such field. Did you mean 'share'?"),
        (
            {"rules": [{"type": "rule"}, {"type": "rule", "featur": "x"}]},
            "rules.1.rule.featur: no such field. Did you mean 'feature'?",
        ),
        (
            {"rules": [{"type": "other", "tolerence": 1}]},
            "rules.0.other.tolerence: no such field. Did you mean 'tolerance'?",
        ),
    ],
)
def test_nearest_name_is_given_in_nested_specs(content, line):
    assert f"\n  - {line}\n" in refusal({"name": "x", **content})


def test_nearest_name_is_not_taken_from_another_spec():
    assert "small.feature: no such field.\n" in refusal({"name": "x", "small": {"feature": "y"}})


@pytest.mark.parametrize("text", ["P0D", "-P7D", "PT12H", "a week"])
def test_duration_must_be_whole_positive_days(text):
    with pytest.raises(ConfigError, match=r"small.yaml has 1 problem:\n  - horizon: "):
        Small.read({"horizon": text}, "small.yaml")


def test_duration_is_read_from_iso_8601():
    assert Small.read({"horizon": "P8W"}, "small.yaml").horizon == 56 * DAY


def test_spec_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Small().share = 0.5


def test_digest_does_not_depend_on_the_order_of_fields():
    one = Large.read({"name": "x", "small": {"share": 0.2, "horizon": "P7D"}}, "")
    other = Large.read({"small": {"horizon": "P7D", "share": 0.2}, "name": "x"}, "")

    assert one.digest() == other.digest()


def test_digest_does_not_depend_on_whether_a_default_is_written_out():
    assert Small().digest() == Small.read({"share": 0.1, "horizon": "P28D"}, "").digest()


def test_digest_changes_with_a_value_deep_inside():
    assert Large(name="x").digest() != Large(name="x", small=Small(share=0.2)).digest()


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=6))
def test_digest_of_a_mapping_does_not_depend_on_its_order(content):
    assert digest(content) == digest(dict(reversed(content.items())))


def test_flat_names_nested_fields_with_dots_and_keeps_text_bare():
    assert flat({"a": {"b": {"c": 1}}, "d": "x", "e": None, "f": [1, "x"]}) == {
        "config.a.b.c": "1",
        "config.d": "x",
        "config.e": "null",
        "config.f": '[1, "x"]',
    }
