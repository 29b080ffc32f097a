"""Which rows two models can be compared on: those that neither has learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelError
from pipelines.core.protocols import ModelVersion
from pipelines.core.windows import said
from pipelines.scoring.cases import LabelledCases, Times
from pipelines.tasks.task import TaskSpec

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Contender:
    """A version with the task it was trained for, and when it learned."""

    version: ModelVersion
    task: TaskSpec
    times: Times


def unseen(champion: Contender, challenger: Contender, test: LabelledCases, data_digest: str) -> BoolArray:
    """The rows of the challenger's test whose outcomes the champion cannot have learned.

    In time those are the rows whose moment is not before the last outcome that it learned from: what it knew ended
    where their outcome windows begin.

    Parameters
    ----------
    champion, challenger : Contender
        Who is compared.
    test : LabelledCases
        The challenger's test.
    data_digest : str
        Of what it was read from.

    Returns
    -------
    bool array of shape (n_rows,)
        True where they can be compared; somewhere at least.

    Raises
    ------
    ModelError
        If no row is left.
    """
    learned, begins = champion.times.learned_until, challenger.times.tested_from
    if learned is None or begins is None or test.cases.moment is None:
        _require_same_split(champion, challenger.task, data_digest)
        return np.full(len(test), True)
    left = test.cases.moment >= np.datetime64(learned.replace(tzinfo=None))
    if not left.any():
        raise _overlap(champion, begins.strftime("%Y-%m-%d"), learned.strftime("%Y-%m-%d"))
    return left


def require_unseen(champion: Contender, task: TaskSpec, tested: Times, data_digest: str) -> None:
    """Refuse to compare a champion on rows some of which it may have learned from.

    Parameters
    ----------
    champion : Contender
        Who is asked.
    task : TaskSpec
        Of the rows.
    tested : Times
        When their test begins.
    data_digest : str
        Of what they were read from.

    Raises
    ------
    ModelError
        If the champion may have learned from them.
    """
    learned, begins = champion.times.learned_until, tested.tested_from
    if learned is None or begins is None:
        _require_same_split(champion, task, data_digest)
    elif learned > begins:
        raise _overlap(champion, begins.strftime("%Y-%m-%d"), learned.strftime("%Y-%m-%d"))


def require_as_divided(challenger: Contender, data_digest: str) -> None:
    """Rows without time are divided by a draw over the whole table: of another table other rows were learned from."""
    stays = challenger.times.tested_from is not None or challenger.task.keeps_sides
    if not stays and challenger.version.data_digest != data_digest:
        raise ModelError(
            f"The table has changed since version {challenger.version.version} was trained.",
            why="The split is drawn anew for another table: the challenger may have learned from what would judge it.",
            fix=f"Run: regulars train --task {challenger.task.name}",
        )


def _overlap(champion: Contender, begins: str, learned: str) -> ModelError:
    return ModelError(
        f"The champion (version {champion.version.version}) learned from outcomes up to {learned}, "
        f"the comparison begins at {begins}.",
        why="It has seen outcomes of the rows they would be compared on.",
        fix=f"Train a challenger at {said(champion.version.known_at)} or later.",
    )


def _require_same_split(champion: Contender, task: TaskSpec, data_digest: str) -> None:
    same_rows = champion.version.data_digest == data_digest or task.keeps_sides
    if task.protocol_digest() != champion.task.protocol_digest() or not same_rows:
        raise ModelError(
            f"The champion (version {champion.version.version}) was trained on another table, or with another split.",
            why="It may have learned from rows that they would be compared on.",
            fix="Declare split: {type: grouped}, which keeps every subject on its side as the table grows; or retire "
            "the champion: remove its alias, and promote again.",
        )
