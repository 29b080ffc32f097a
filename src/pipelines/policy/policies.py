"""Every policy and every settled policy. A new one is one file and one line in each union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipelines.policy.expected_profit import ExpectedProfit, ProfitThreshold
from pipelines.policy.group_thresholds import AnyCommon, GroupThresholds
from pipelines.policy.top_share import TopShare

AnyPolicy = Annotated[TopShare | ExpectedProfit, Field(discriminator="type")]
"""What a task may ask for: `settle` makes it a decision about single customers."""

AnySettled = Annotated[AnyCommon | GroupThresholds, Field(discriminator="type")]
"""What is stored beside a model; its ``digest()`` is its version, and it changes without retraining."""


def common_of(settled: AnySettled) -> AnyCommon:
    """The policy with one threshold for all that lies below: itself, or what group-aware thresholds depart from."""
    return settled.common if isinstance(settled, GroupThresholds) else settled


def stakes_of(settled: AnySettled) -> ProfitThreshold | None:
    """The costs and values that a profit is counted by; None where the policy states none."""
    common = common_of(settled)
    return common if isinstance(common, ProfitThreshold) else None
