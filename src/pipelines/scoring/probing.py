"""What a model says when it is asked about rows: how many it answered, how many answers are none, how long it took."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from pipelines.core.protocols import Answer, Shippable

SAID = ("score", "segment")
"""What a model may say of a row: a probability, or the number of a segment. One of them must be there."""


def asked_of(model: Shippable, rows: pd.DataFrame) -> Answer:
    """Ask a model about rows, in this process.

    Parameters
    ----------
    model : Shippable
        Whatever it raises becomes the name of the error's kind, never its text, which may hold values of a customer.
    rows : DataFrame
        What it is asked about; it is given a copy, so that it cannot change what others are asked.

    Returns
    -------
    Answer
        ``seconds`` is wall time.

    Examples
    --------
    >>> class Half:
    ...     def score(self, rows):
    ...         return pd.DataFrame({"score": 0.5}, index=rows.index)
    >>> answer = asked_of(Half(), pd.DataFrame({"recency_days": [3.0, None]}))
    >>> (answer.error, answer.n_asked, answer.n_answered, answer.n_bad)
    ('', 2, 2, 0)
    """
    given = rows.copy()
    start = time.perf_counter()
    try:
        scored = model.score(given)
        seconds = time.perf_counter() - start
        return answered(scored, len(rows), seconds)
    except Exception as error:  # whatever it is, it is what the model said
        return Answer(type(error).__name__, len(rows), 0, 0, time.perf_counter() - start)


def answered(scored: pd.DataFrame, n_asked: int, seconds: float) -> Answer:
    """Count what came back.

    Parameters
    ----------
    scored : DataFrame
        One of `SAID` at least.
    n_asked : int
        Rows that went in.
    seconds : float
        How long it took.

    Raises
    ------
    KeyError
        If neither a score nor a segment is there.

    Examples
    --------
    >>> answered(pd.DataFrame({"score": [0.2, 1.2, float("nan"), None]}), 5, 0.1)
    Answer(error='', n_asked=5, n_answered=4, n_bad=3, seconds=0.1)
    """
    if "score" in scored:
        score = pd.to_numeric(scored["score"], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = ~((score >= 0.0) & (score <= 1.0))
    else:
        bad = scored["segment"].isna().to_numpy()
    return Answer("", n_asked, len(scored), int(bad.sum()), seconds)
