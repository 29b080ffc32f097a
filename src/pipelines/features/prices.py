"""Prices: what the customer pays for a unit, and how much of the price is taken off."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipelines.features.blocks import FloatArray, ratio
from pipelines.features.facts import Fact, FactsInWindows, Totals
from pipelines.features.measures import AMOUNT, DISCOUNT, N_UNITS


def _amount_per_unit(totals: Totals, minor_units: int) -> FloatArray:
    return ratio(totals[AMOUNT.name], totals[N_UNITS.name] * minor_units)


def _discount_share(totals: Totals, _: int) -> FloatArray:
    return ratio(totals[DISCOUNT.name], totals[AMOUNT.name] + totals[DISCOUNT.name])


class Prices(FactsInWindows):
    """Prices and discounts in each window.

    Quantities are kept as they are: one line of tens of thousands (petrol by the millilitre) makes a unit nearly
    free. A line of unknown quantity adds its amount and no unit. What was given away entirely has no amount and so
    is not a purchase. A source without discounts asks for ``of: [amount_per_unit]``.
    """

    facts: ClassVar[tuple[Fact, ...]] = (
        Fact(
            "amount_per_unit",
            "amount paid per unit",
            "money per unit",
            "the customer has bought no unit in the window",
            (AMOUNT, N_UNITS),
            _amount_per_unit,
            "prices",
            "{value} paid per unit",
            "nothing bought",
        ),
        Fact(
            "discount_share",
            "share of the price that discounts took off",
            "share",
            "the customer has bought nothing in the window",
            (AMOUNT, DISCOUNT),
            _discount_share,
            "discounts",
            "{value} of the price taken off by discounts",
            "nothing bought",
        ),
    )
    type: Literal["prices"] = "prices"
    of: Annotated[tuple[Literal["amount_per_unit", "discount_share"], ...], Field(min_length=1)] = (
        "amount_per_unit",
        "discount_share",
    )
