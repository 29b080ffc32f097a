"""What is served says as many reasons as it is asked for."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.adapters.pyfunc import Served
from pipelines.scoring.scorer import Scorer


class Asked(Scorer):
    """A scorer that says how it was asked."""

    def __init__(self) -> None:
        pass

    def score(self, rows: pd.DataFrame, n_reasons: int | None = None) -> pd.DataFrame:
        return rows.assign(n_reasons=n_reasons)


class Plain:
    """A model of another kind, which knows no reasons."""

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(n_reasons="never asked")


SAID = [(None, None), ({}, None), ({"n_reasons": None}, None), ({"n_reasons": 0}, 0), ({"n_reasons": 2}, 2)]


@pytest.mark.parametrize(("params", "asked"), SAID)
def test_params_say_how_many_reasons(params, asked):
    found = Served(Asked()).predict(pd.DataFrame({"x": [1.0]}), params)

    assert found["n_reasons"].tolist() == [asked]


def test_what_has_no_reasons_is_not_asked_for_any():
    assert Served(Plain()).predict(pd.DataFrame({"x": [1.0]}), {"n_reasons": 2})["n_reasons"].tolist() == [
        "never asked"
    ]
