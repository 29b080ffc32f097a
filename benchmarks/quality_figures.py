"""What a part of `quality` found: figures by name, with the ends of their intervals beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.core.intervals import Interval


@dataclass
class Figures:
    """Figures of one part, by name without the part's own.

    Parameters
    ----------
    part : str
        Names in the result begin with it.
    n_rows : int
        Of how many rows it was.
    protocol : str
        What is learned from and judged on, for people.
    """

    part: str
    n_rows: int
    protocol: str
    values: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, found: Mapping[str, Interval]) -> None:
        """``<name>.<metric>`` with ``.ci_low`` and ``.ci_high``; without a name, the metric's alone."""
        for metric, value in found.items():
            key = f"{name}.{metric}" if name else metric
            self.values |= {key: value.estimate, f"{key}.ci_low": value.low, f"{key}.ci_high": value.high}

    def content(self) -> dict[str, object]:
        """As it is written."""
        figures = {f"{self.part}.{key}": one for key, one in self.values.items()}
        return {"n_rows": self.n_rows, "protocol": self.protocol, "figures": figures}
