"""What a source demands of its tables as a whole: no copies, and not too many rows that fail."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pipelines.core.spec import Spec
from pipelines.tables.sql import Expression


def _share(value: Any) -> Any:
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip().removesuffix("%")) / 100
    return value


Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)]
"""A share in [0, 1]; YAML may say ``1%``."""


class Duplicates(Spec):
    """Which rows are copies or older versions of others; they are counted and left out.

    Parameters
    ----------
    key : list of str or "row"
        Mapped columns that name a thing; ``row`` stands for all of them.
    prefer : Expression, optional
        Over raw columns, ``_file`` among them. Of each key all rows with the largest value stay, so that a later
        version of an order replaces the whole earlier one. Without it one row of each key stays.
    """

    key: tuple[str, ...] | Literal["row"]
    prefer: Expression | None = None


class TableRules(Spec):
    """Limits of one table; a feed beyond them is refused, and the tables of before stay.

    Parameters
    ----------
    duplicates : Duplicates, optional
        None: rows may repeat, as equal lines of an order do.
    max_quarantined : share
        The most that one check may set aside, of the rows read. A check that more rows fail is more often a mistake
        in the mapping than in the rows.
    limits : mapping of check to share
        The same for single checks, by their names.
    max_missing : mapping of column to share
        The most rows that may lack a value.
    max_scale_change : float
        How many times larger or smaller the median purchase of a new file may be: beyond it cents and euros are
        taken to be mixed up.
    """

    duplicates: Duplicates | None = None
    max_quarantined: Share = 0.2
    limits: dict[str, Share] = Field(default_factory=dict)
    max_missing: dict[str, Share] = Field(default_factory=dict)
    max_scale_change: Annotated[float, Field(gt=1)] = 20.0
