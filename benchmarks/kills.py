"""Kills (SIGKILL) of real commands at random moments, and what stands in ledger, registry and scores after each.

Needs the tests' folder beside it: the tiny shop and the servers come from there.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import PROJECT, arguments, publish

sys.path.append(str(PROJECT / "tests"))

import pandas as pd
from kills_jobs import JOBS, Job, planned

from pipelines.core.errors import PipelineError
from pipelines.core.ledger import Chain
from pipelines.flows.ledger import opened
from pipelines.flows.verify_ledger import verify_ledger
from support import postgres
from support.killing import END, FILE, MARK, RECORD, STAGE, VERSION, Course, Kill, Seen
from support.scene import NAME, Scene, on_postgresql, on_sqlite, trained

N_KILLS = {"small": 3, "full": 50}
TYPICAL = Course({STAGE: 0.0, FILE: 0.5, VERSION: 0.0, RECORD: 0.1, MARK: 0.25, END: 1.5}, 0, "")
"""Of a command on a quiet machine, where no rehearsal measures it."""
BEFORE, BETWEEN, AFTER, ENDED = "before the first write", "between two writes", "after the last write", "not killed"


@dataclass(frozen=True)
class Found:
    """What one kill left.

    Parameters
    ----------
    job : str
        The command.
    fell : str
        Where the kill fell, by what stands in the store.
    wrong : tuple of str
        What no kill may leave.
    is_reported : bool
        Whether the next command refused, with a reason, instead of setting it right.
    """

    job: str
    fell: str
    wrong: tuple[str, ...]
    is_reported: bool = False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", action="store_true", help="on an MLflow server over PostgreSQL, not on SQLite")
    parser.add_argument("--seed", type=int, default=20_261_123, help="of the moments")
    options = arguments((__doc__ or "").splitlines()[0], parser)
    kind = "an MLflow server over PostgreSQL" if options.server else "SQLite"
    print(f"seed {options.seed}, on {kind}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder, _scene(Path(folder), options.server) as scene:
        found = _kills(trained(scene), options)
    name = "kills_server" if options.server else "kills"
    note = f"Seed {options.seed}, {kind}. Between two writes: something was written, and not all that follows from it."
    wrong = [f"{one.job}, {one.fell}: {said}" for one in found for said in one.wrong]
    publish(
        options, name, {"results": [], "ratios": {}, "figures": _figures(found), "wrong": wrong}, _table(found, note)
    )
    sys.exit("\n".join(wrong) if wrong else 0)


@contextmanager
def _scene(root: Path, server: bool) -> Iterator[Scene]:
    if not server:
        yield on_sqlite(root)
        return
    programs = postgres.programs()
    if programs is None:
        sys.exit("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    with on_postgresql(root, programs) as scene:
        yield scene


def _kills(scene: Scene, options: argparse.Namespace) -> list[Found]:
    rng = random.Random(options.seed)
    is_full = options.size == "full"
    rehearsed = (
        {job.name: _rehearsed(scene, job) for job in JOBS} if is_full else dict.fromkeys(map(_name, JOBS), TYPICAL)
    )
    jobs = planned(N_KILLS["full"], rng) if is_full else list(JOBS[: N_KILLS["small"]])
    turns, scored = Counter[str](), dict[str, pd.DataFrame]()
    found: list[Found] = []
    while jobs:
        job = jobs[0]
        kill = job.moment(turns[job.name], rehearsed[job.name], rng)
        course, one = _killed(scene, job, kill, scored)
        found.append(one)
        print(f"{len(jobs)} to go: {job.name}, {kill.seconds:.3f} s after {kill.after}: {one}", file=sys.stderr)
        if course.was_killed:
            turns[job.name] += 1
            jobs.pop(0)
        elif course.status == 0 and STAGE in course.at:
            rehearsed[job.name] = course  # the machine is faster now than it was: try again
        else:
            sys.exit(f"{job.name} ended by itself with {course.status}: {course.said}")
    return found


def _name(job: Job) -> str:
    return job.name


def _rehearsed(scene: Scene, job: Job) -> Course:
    job.ready(scene)
    course = scene.watched(job.arguments, job.stage)
    if course.status:
        sys.exit(f"{job.name} ends with {course.status}: {course.said}")
    print(f"{job.name} takes { ({moment: round(at, 2) for moment, at in course.at.items()}) }", file=sys.stderr)
    return course


def _killed(scene: Scene, job: Job, kill: Kill, scored: dict[str, pd.DataFrame]) -> tuple[Course, Found]:
    job.ready(scene)
    before, seen = scene.chain(), scene.store.seen(NAME)
    course = scene.watched(job.arguments, job.stage, kill)
    after, left = scene.chain(), scene.store.seen(NAME)
    fell = _fell(course, seen, left, after, is_scored=not scene.scores().empty)
    wrong = [*_wrong(scene, before, after), *_wrong_scores(scene, job, after, scored)]
    try:
        now = scene.act(lambda models, run: opened(NAME, models, run))
    except PipelineError:
        return course, Found(job.name, fell, tuple(wrong), is_reported=True)
    return course, Found(job.name, fell, (*wrong, *_wrong_afterwards(scene, after, now)))


def _fell(course: Course, before: Seen, left: Seen, after: Chain, *, is_scored: bool) -> str:
    """Between: a version without a record, a record without the head on the model, drafts of scores alone."""
    if not course.was_killed:
        return ENDED
    if left.n_records != before.n_records:
        return AFTER if left.mark == after.head else BETWEEN
    if left.n_files != before.n_files:
        return AFTER if is_scored else BETWEEN
    return BETWEEN if left.n_versions != before.n_versions else BEFORE


def _wrong(scene: Scene, before: Chain, after: Chain) -> list[str]:
    """What a ledger and its aliases may not be, whenever the process was killed."""
    aliases = scene.look(lambda models: models.aliases(NAME))
    wrong = [*after.problems]
    if after.entries[: len(before.entries)] != before.entries or len(after.entries) > len(before.entries) + 1:
        wrong.append(f"the ledger went from {len(before.entries)} to {len(after.entries)} records")
    if after.standing.champion is None:
        wrong.append("the ledger has no champion")
    if aliases.get("champion") not in {before.standing.champion, after.standing.champion}:
        wrong.append(f"the alias champion is {aliases.get('champion')}, whom no record names")
    return wrong


def _wrong_afterwards(scene: Scene, after: Chain, now: Chain) -> list[str]:
    """What the next command may not leave."""
    wrong = [] if now.entries == after.entries else ["the next command changed the ledger"]
    if (held := scene.look(lambda models: models.aliases(NAME))) != now.standing.aliases:
        wrong.append(f"the next command left the aliases {held}")
    if scene.store.seen(NAME).mark != now.head:
        wrong.append("the next command left another head on the model")
    return [*wrong, *scene.look(lambda models: verify_ledger(NAME, models)).problems]


def _wrong_scores(scene: Scene, job: Job, after: Chain, scored: dict[str, pd.DataFrame]) -> list[str]:
    """What is published is whole, and what the next scoring publishes is what an undisturbed one does."""
    if job.name != "score":
        return []
    left = scene.scores()
    done = scene.regulars(*job.arguments)
    if done.returncode:
        return [f"the next scoring ended with {done.returncode}"]
    names = f"{after.standing.champion}, {after.standing.shadow}"
    if names not in scored:
        job.ready(scene)
        scene.regulars(*job.arguments)
        scored[names] = scene.scores()
    wrong = [] if left.empty or left.equals(scored[names]) else ["the scores that were left are not whole"]
    return wrong if scene.scores().equals(scored[names]) else [*wrong, "the next scoring differs from another"]


def _figures(found: list[Found]) -> dict[str, float]:
    places = Counter(one.fell for one in found)
    return {
        "kills": float(len(found) - places[ENDED]),
        **{f"kills {place}": float(places[place]) for place in (BEFORE, BETWEEN, AFTER)},
        "reported by the next command": float(sum(one.is_reported for one in found)),
        "inconsistent states": float(sum(bool(one.wrong) for one in found)),
    }


def _table(found: list[Found], note: str) -> str:
    head = (BEFORE, BETWEEN, AFTER, ENDED)
    lines = [f"| killed | {' | '.join(head)} | inconsistent |", f"|---|{'---:|' * (len(head) + 1)}"]
    for name in [*dict.fromkeys(one.job for one in found), "all"]:
        of = [one for one in found if name in {one.job, "all"}]
        places = Counter(one.fell for one in of)
        wrong = sum(bool(one.wrong) for one in of)
        lines.append(f"| {name} | {' | '.join(str(places[place]) for place in head)} | {wrong} |")
    n_reported = sum(one.is_reported for one in found)
    told = f"The next command set right what was left; {n_reported} times it refused with a reason instead."
    return "\n".join([*lines, "", f"{note} {told}"])


if __name__ == "__main__":
    main()
