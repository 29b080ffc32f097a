"""What a model said of rows is counted, and what it raised is named, never quoted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.scoring.probing import answered, asked_of

ROWS = pd.DataFrame({"recency_days": [1.0, 2.0, 3.0]}, index=[7, 8, 9])


class Saying:
    """Says what it was made to say."""

    def __init__(self, say):
        self._say = say

    def digest(self):
        return ""

    def score(self, rows):
        return self._say(rows)

    def save(self, folder):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("score", "n_bad"),
    [
        ([0.0, 0.5, 1.0], 0),
        ([np.nan, 0.5, None], 2),
        ([np.inf, -np.inf, 0.1], 2),
        ([-1e-9, 1.0 + 1e-9, 0.1], 2),
        (["0.5", "high", 0.1], 1),
    ],
)
def test_scores_that_are_no_probabilities_are_counted(score, n_bad):
    answer = asked_of(Saying(lambda rows: pd.DataFrame({"score": score}, index=rows.index)), ROWS)

    assert (answer.error, answer.n_asked, answer.n_answered, answer.n_bad) == ("", 3, 3, n_bad)


def test_a_segment_that_is_missing_is_a_bad_answer():
    answer = answered(pd.DataFrame({"segment": pd.array([1, None, 0], "Int64")}), 3, 0.0)

    assert answer.n_bad == 1


def test_rows_that_did_not_come_back_show():
    answer = asked_of(Saying(lambda rows: pd.DataFrame({"score": [0.5]})), ROWS)

    assert (answer.n_asked, answer.n_answered) == (3, 1)


@pytest.mark.parametrize("said", [None, np.array([0.1, 0.2, 0.3]), pd.DataFrame({"verdict": [1, 2, 3]})])
def test_an_answer_without_scores_is_an_error(said):
    answer = asked_of(Saying(lambda rows: said), ROWS)

    assert answer.error
    assert answer.n_answered == 0


def test_an_error_is_named_by_its_kind_and_never_quoted():
    def fail(rows):
        raise ValueError("ada@example.org bought nothing")

    answer = asked_of(Saying(fail), ROWS)

    assert answer.error == "ValueError"
    assert "ada" not in repr(answer)


def test_a_model_cannot_change_what_the_next_one_is_asked():
    def spoil(rows):
        rows["recency_days"] = 0.0
        return pd.DataFrame({"score": 0.5}, index=rows.index)

    asked_of(Saying(spoil), ROWS)

    assert ROWS["recency_days"].tolist() == [1.0, 2.0, 3.0]
