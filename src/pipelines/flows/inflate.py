"""What the same data would have claimed under the usual mistakes, and what the models that they praise are worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from pipelines.core.protocols import Run
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.report import Report
from pipelines.evaluation.inflation import Benchmark, Inflation, Judged, figures_of, inflation, table
from pipelines.evaluation.inflation_figure import inflation_figure
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import describe_run, fitted, prepare
from pipelines.scoring.cases import Parts
from pipelines.scoring.mistakes import MISTAKES, Bench, judged_by, middle, tried
from pipelines.scoring.peeking import Sides, peek
from pipelines.scoring.resampled import Rows, thinned
from pipelines.scoring.training import Tuned
from pipelines.tables.lake import Lake
from pipelines.tasks.split import StratifiedSplit
from pipelines.tasks.table_task import TableTask
from pipelines.tasks.task import TaskSpec


@dataclass(frozen=True)
class Inflated:
    """What `inflate` found."""

    task: TaskSpec
    benchmark: Benchmark
    split: str
    outcome: Outcome = Outcome.DONE


def inflate(task: TaskSpec, lake: Lake, run: Run, cutoff: datetime | None) -> Inflated:
    """Judge one declared configuration honestly, then under every mistake that the task allows; register nothing."""
    run.progress.stage(f"inflate: building the rows of '{task.name}'")
    task, _ = fitted(task, lake.manifest(task.source))
    prepared = prepare(task, lake, cutoff)
    describe_run(run, task, prepared.manifest, prepared.known_at)
    run.progress.stage("inflate: choosing the rounds honestly")
    parts = thinned(prepared.parts, task.seed)
    bench = _bench(task, lake, prepared.known_at, parts)
    honest = judged_by(bench.fitted(bench.honest.develop), bench.honest.test)
    found = Inflated(task, _benchmark(task, bench, honest, run), parts.words)
    run.publish(found.benchmark.report() | Report(artifacts={"inflate/inflate.png": inflation_figure(found.benchmark)}))
    run.describe(as_markdown(found))
    run.tags({"outcome": found.outcome})
    return found


def as_markdown(found: Inflated) -> str:
    """The table with what stands behind it, for the page of the run."""
    one = found.benchmark
    return "\n".join(
        [
            f"## {found.task.title}: what the usual mistakes would claim",
            "",
            f"{found.split} Honest test: {one.n_rows:,} rows of {one.n_subjects:,} subjects, {one.prevalence:.1%} "
            f"{found.task.positive}. Brackets hold 95 % intervals that resample subjects.",
            "",
            f"{one.model} *Worth* is the honest test's figure of the same recipe, fitted without it. "
            "Where a test was balanced, a coin has a PR-AUC of 0.5 and no lift exceeds 2.",
            "",
            table(one),
        ]
    )


def _bench(task: TaskSpec, lake: Lake, known_at: datetime | None, parts: Parts) -> Bench:
    space = task.search.space
    single, params = task.model.model_copy(update={"n_bags": 1}), middle(space)
    folds = [single.fold(train.dataset, valid.dataset) for train, valid in parts.folds]
    rounds = [fold.judge(params, seed_for(task.seed, "inflate")).n_rounds for fold in folds]
    train, valid = parts.folds[-1]
    peeking = peek(task, lake, known_at, parts)
    return Bench(
        model=single,
        chosen=Tuned(params, max(1, round(float(np.mean(rounds))))),
        tried=tried(space, generator_for(task.seed, "inflate/tried")),
        honest=Sides.of(parts),
        fold=(Rows.of(train), Rows.of(valid)),
        peek=peeking,
        seed=task.seed,
        obstacles=_obstacles(task, {} if peeking.sides else {"proxies": peeking.said}),
    )


def _obstacles(task: TaskSpec, known: dict[str, str]) -> dict[str, str]:
    is_random = isinstance(task, TableTask) and isinstance(task.split, StratifiedSplit)
    said = "the task's own split draws rows at random already, since they have neither a time nor a group"
    return {**({"random_split": said} if is_random else {}), **known}


def _benchmark(task: TaskSpec, bench: Bench, honest: Judged, run: Run) -> Benchmark:
    made: dict[str, Inflation] = {}
    for number, mistake in enumerate(MISTAKES, start=1):
        if mistake.name not in bench.obstacles:
            rng = generator_for(task.seed, f"inflate/intervals/{mistake.name}")
            said = mistake.said or bench.peek.said
            made[mistake.name] = inflation(mistake.made(bench), honest, said, rng, task.n_resamples)
        run.progress.step(number, len(MISTAKES), mistake.name.replace("_", " "))
    rng = generator_for(task.seed, "inflate/intervals")
    return Benchmark(
        honest=figures_of(honest, rng, task.n_resamples),
        mistakes=made,
        left_out=bench.obstacles,
        n_rows=honest.label.size,
        n_subjects=np.unique(honest.subject).size,
        prevalence=float(honest.label.mean()),
        model=_declared(bench.chosen),
    )


def _declared(chosen: Tuned) -> str:
    params = ", ".join(f"{name} {value:.3g}" for name, value in chosen.params.items())
    return (
        f"One configuration everywhere, unless the test chose another: the middle of the search space ({params}) at "
        f"{chosen.n_rounds} rounds, where early stopping on the task's own folds ends on average; one booster."
    )
