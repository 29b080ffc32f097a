"""What is killed: commands, the moments of each, and how the next one is set up."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from support.killing import END, FILE, MARK, RECORD, STAGE, VERSION, Course, Kill
from support.scene import NAME, Scene


@dataclass(frozen=True)
class Span:
    """From one thing that a command comes to until another."""

    first: str
    last: str


@dataclass(frozen=True)
class Job:
    """A command that is to be killed.

    Parameters
    ----------
    name : str
        What it is called in the table.
    arguments : tuple of str
        Of ``regulars``.
    stage : str
        The line on standard error from which on its moments count: before it, libraries load and rows are judged.
    spans : tuple of Span
        Kills fall into each of them in turn, at a uniformly random moment of it.
    share : float
        Of all kills.
    ready : callable
        Makes the command possible again.
    """

    name: str
    arguments: tuple[str, ...]
    stage: str
    spans: tuple[Span, ...]
    share: float
    ready: Callable[[Scene], object] = lambda scene: None

    def moment(self, turn: int, rehearsed: Course, rng: random.Random) -> Kill:
        """When to kill it this time, given the course of one that was left to end."""
        span = self.spans[turn % len(self.spans)]
        return Kill(span.first, rng.uniform(0.0, rehearsed.between(span.first, span.last)))


_WRITES = (Span(RECORD, MARK), Span(STAGE, END), Span(RECORD, END))
"""While places change; from the last step's beginning on; from the record on, the card and the tags of the run too."""


def _without_scores(scene: Scene) -> None:
    """Scores that are kept are not written again."""
    shutil.rmtree(scene.project.root / "data/scores", ignore_errors=True)


JOBS = (
    Job("promote", ("promote", "--task", NAME), "promote: recording", _WRITES, 0.34, Scene.challenge),
    Job("rollback", ("rollback", "--task", NAME), "rollback: does", _WRITES, 0.26),
    Job("score", ("score", "--task", NAME), "score:", (Span(FILE, END), Span(STAGE, END)), 0.2, _without_scores),
    Job("shadow", ("shadow", "--task", NAME, "--version", "previous"), "loading libraries", _WRITES[::2], 0.12),
    Job(
        "train",
        ("train", "--task", NAME, "--set", "seed=9"),
        "train: registering the challenger",
        (Span(VERSION, RECORD), Span(RECORD, MARK), Span(STAGE, END)),
        0.08,
    ),
)
"""Shadow tells no stage before it writes, so its kills count from the record on."""


def planned(n_kills: int, rng: random.Random) -> list[Job]:
    """So many jobs, each by its share, in random order."""
    jobs = [job for job in JOBS for _ in range(round(job.share * n_kills))]
    rng.shuffle(jobs)
    return jobs
