"""What a file of conf/segments may say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.core.errors import ConfigError, NotEnoughDataError
from pipelines.core.windows import Window
from pipelines.tasks.any_segments import read_segments
from support.segments import SEGMENTS


def read(**changes):
    return read_segments({**SEGMENTS, **changes}, "the file")


def span(first, last):
    return Window(datetime.fromisoformat(first).replace(tzinfo=UTC), datetime.fromisoformat(last).replace(tzinfo=UTC))


def test_cutoffs_end_at_the_moment_of_knowledge_and_leave_room_for_the_history():
    cutoffs = read().cutoffs.before(span("2020-01-01", "2020-06-15"))

    assert [f"{one:%Y-%m-%d}" for one in cutoffs] == ["2020-05-18", "2020-06-15"]


def test_a_log_shorter_than_the_history_is_refused():
    with pytest.raises(NotEnoughDataError, match="shorter than the 112 days of history"):
        read().cutoffs.before(span("2020-01-01", "2020-03-01"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"on": ["n_order_112d"]}, "on names 'n_order_112d', which no block emits. Did you mean 'n_orders_112d'?"),
        ({"value": "amount"}, "value names 'amount', which no block emits."),
        ({"gates": [{"type": "usable"}, {"type": "usable"}]}, "gates names usable twice"),
        ({"gates": [{"type": "stabel"}]}, "gates.0: "),
        ({"space": {"segmenters": [{"type": "kmean"}]}}, "space.segmenters.0: "),
        ({"space": {"shape": ["logg"]}}, "space.shape.0: "),
        ({"space": {"fewest": 6, "most": 3}}, "space: "),
        ({"choice": {"separation": 0, "stability": 0, "size": 0}}, "choice: "),
        ({"names": {0: "Nobody"}}, "names.0"),
        ({"labels": 3}, "labels: no such field."),
        ({"kind": "cluster"}, "there is no kind of segmentation 'cluster'. Known: clusters, rules."),
        ({"features": []}, "features: "),
    ],
)
def test_a_mistake_is_named_with_its_place(changes, said):
    with pytest.raises(ConfigError) as error:
        read(**changes)

    assert said in str(error.value)


def test_all_problems_are_shown_at_once():
    with pytest.raises(ConfigError, match="2 problems") as error:
        read(labels=3, gates=[{"type": "stabel"}])

    assert "labels: no such field" in str(error.value)
    assert "gates.0" in str(error.value)
