from __future__ import annotations

from math import nan

import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.channels import Channels
from pipelines.features.panel import measures_of
from support.events import event
from support.known import said

DEVICES = Channels(levels=("mobile", "Smart TV"), lengths=(7 * DAY,))


def on(device, day=3, **more):
    return event("a", day, **{"device": device, **more})


def test_shares_are_of_lines_with_a_known_value_declared_or_not():
    log = [on("mobile"), on("mobile"), on("Smart TV"), on("fridge"), on(None), on("mobile", event_type="view")]

    assert said(DEVICES, log, 8) == {
        "n_device_levels_7d": 2,
        "device_mobile_share_7d": 2 / 4,
        "device_smart_tv_share_7d": 1 / 4,
    }


def test_shares_per_event_count_what_is_not_a_purchase():
    block = Channels(levels=("mobile",), per="events", lengths=(7 * DAY,))
    log = [on("mobile"), on("mobile", event_type="view"), on("fridge", amount=None), on(None)]

    assert said(block, log, 8) == {"n_device_event_levels_7d": 1, "device_mobile_event_share_7d": 2 / 3}


def test_customer_without_a_known_value_has_no_shares():
    found = said(DEVICES, [on(None)], 8)

    assert found == pytest.approx(
        {"n_device_levels_7d": 0, "device_mobile_share_7d": nan, "device_smart_tv_share_7d": nan}, nan_ok=True
    )


def test_two_blocks_share_their_measures():
    other = Channels(levels=("mobile",), lengths=(28 * DAY,))

    assert measures_of((DEVICES, other)) == measures_of((DEVICES,))


@pytest.mark.parametrize(
    ("levels", "says"),
    [(["a b", "A-b"], "two levels would have features of one name, a_b"), (["?"], "'?' has no letter or digit")],
)
def test_levels_whose_features_have_no_name_of_their_own_are_refused(levels, says):
    with pytest.raises(ConfigError) as error:
        Channels.read({"levels": levels, "lengths": ["P7D"]}, "task")

    assert says in str(error.value)
