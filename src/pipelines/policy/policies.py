"""Every policy and every settled policy. A new one is one file and one line in each union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pipelines.policy.expected_profit import ExpectedProfit, ProfitThreshold
from pipelines.policy.top_share import Threshold, TopShare

AnyPolicy = Annotated[TopShare | ExpectedProfit, Field(discriminator="type")]
"""What a task may ask for: `settle` makes it a decision about single customers."""

AnySettled = Annotated[Threshold | ProfitThreshold, Field(discriminator="type")]
"""What is stored beside a model; its ``digest()`` is its version, and it changes without retraining."""
