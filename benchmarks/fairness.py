"""Fairness findings held against the truth: coverage, false alarms and power over samples of a simulated shop.

A churn model is trained on one shop and decides about another of the same law, once with unfairness planted (sessions
of the region east go unlogged; customers of 65 and more leave more often at the same behaviour) and once without. The
second shop's rates are the truth; customers are drawn from it with replacement, and the product's check runs on each
sample. The peer is the percentile bootstrap of the largest minus the smallest rate.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from fairness_counts import NULL, Truth, checked, counted, naive, require_same, sampled, true_findings, truth_of
from fairness_methods import COLUMNS, METHODS, RATES, compared
from fairness_rows import Population, population
from harness import Measured, arguments, publish

from pipelines.core.intervals import rate_interval
from pipelines.core.randomness import generator_for
from pipelines.fairness.findings import (
    CALIBRATION_DIFFERENCE,
    MEASURES,
    ODDS_DIFFERENCE,
    PARITY_DIFFERENCE,
    PARITY_RATIO,
    FairnessSpec,
    Outcome,
)

SPEC = FairnessSpec(max_difference=0.05, min_ratio=0.85, min_error_ratio=0.75, max_calibration_gap=0.03)
"""Limits between the planted shop and the other, so that what is planted is outside and the same without it within."""
PLANTED = (
    ("region", PARITY_DIFFERENCE),
    ("region", PARITY_RATIO),
    ("region", ODDS_DIFFERENCE),
    ("region", CALIBRATION_DIFFERENCE),
    ("age", CALIBRATION_DIFFERENCE),
)
"""What the planted unfairness shows as. In other respects age bands differ without it too: they buy differently."""


@dataclass(frozen=True)
class Size:
    """How much is done.

    Parameters
    ----------
    n_train, n_truth : int
        Customers of the shop that is learned from and of the one that is decided about.
    seeds : mapping of int to int
        Samples by their number of customers.
    n_resamples : int
        Resamples of customers in the checks that are to tell of means.
    """

    n_train: int
    n_truth: int
    seeds: Mapping[int, int]
    n_resamples: int


SIZES = {
    "small": Size(2_000, 6_000, {800: 40}, 300),
    "full": Size(10_000, 60_000, {800: 1_000, 3_000: 1_000, 12_000: 200, 48_000: 50}, 500),
}

MANY, N_RESAMPLED = 800, 300
"""Only the first samples tell of means, which are resampled; of those that are small, also of the other methods, since
it is small groups that tell them apart. Findings rest on no resamples."""

MEANS = ("mean_score", "profit_per_row")

_HELD: list[tuple[Population, Truth]] = []
"""What a worker draws from, and its truth."""


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    options = arguments(__doc__ or "")
    size = SIZES[options.size]
    figures: dict[str, float] = {}
    results: list[Measured] = []
    for shop in ("planted", "fair"):
        with tempfile.TemporaryDirectory() as folder:
            whole = population(size.n_train, size.n_truth, planted=shop == "planted", folder=Path(folder))
        require_same(sampled(whole, 800, generator_for(1, "fairness/same")), SPEC, 1)
        figures |= _truths(whole, shop)
        for n_customers, n_seeds in size.seeds.items():
            start = time.monotonic()
            frame = _samples(whole, n_customers, n_seeds, size.n_resamples)
            figures |= {f"{shop}.{n_customers}.{name}": value for name, value in _shares(frame).items()}
            seconds = time.monotonic() - start
            print(f"{shop}, {n_customers:,} customers: {seconds:.0f} s", file=sys.stderr, flush=True)
            results.append(Measured(f"{shop}, {n_seeds:,} samples of {n_customers:,}", 0, seconds, 0.0, 0.0))
    content: dict[str, object] = {"results": [vars(one) for one in results], "ratios": {}, "figures": figures}
    publish(options, "fairness", content, _table(figures, size))


def _truths(whole: Population, shop: str) -> dict[str, float]:
    """What each finding would be, over the groups that the samples can compare."""
    truth = truth_of(whole)
    return {
        f"{shop}.truth.{column}.{measure}": value
        for column in whole.groups
        for measure, value in true_findings(
            truth, column, [group for group in truth[column]["prevalence"] if group != "other"]
        ).items()
    }


def _samples(whole: Population, n_customers: int, n_seeds: int, n_resamples: int) -> pd.DataFrame:
    """One row per sample, one column per thing that was counted."""
    told = partial(_one, n_customers, n_resamples)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, context, _hold, (whole,)) as pool:
        return pd.DataFrame(list(pool.map(told, range(n_seeds), chunksize=10)))


def _hold(whole: Population) -> None:
    _HELD.append((whole, truth_of(whole)))


def _one(n_customers: int, n_resamples: int, seed: int) -> dict[str, float]:
    ((whole, truth),) = _HELD
    rng = generator_for(seed, f"fairness/{n_customers}")
    sample = sampled(whole, n_customers, rng)
    is_resampled = seed < N_RESAMPLED
    found = checked(sample, SPEC, rng, n_resamples if is_resampled else 2)
    told = counted(found, truth)
    if not is_resampled:
        return {name: value for name, value in told.items() if not any(mean in name for mean in MEANS)}
    told |= naive(sample, rng)
    return told | compared(sample, SPEC, truth, rng) if n_customers <= MANY else told


def _shares(frame: pd.DataFrame) -> dict[str, float]:
    """The share of samples, with Wilson's interval for how many there were; widths and shares of groups as means."""
    told: dict[str, float] = {}
    for name in frame:
        values = frame[name].dropna().astype(float)
        told[str(name)] = float(values.mean())
        if not str(name).startswith(("width.", "group.", "method.width.")):
            found = rate_interval(values, np.arange(len(values)))
            told |= {f"{name}.ci_low": found.low, f"{name}.ci_high": found.high}
    return told


def _table(figures: Mapping[str, float], size: Size) -> str:
    cells = [f"{shop}.{n}" for shop in ("planted", "fair") for n in size.seeds]
    columns = ("age", "gender", "region", NULL)
    head = ["held in samples", *(f"{cell.replace('.', ', ')}" for cell in cells)]
    rows = [
        ["all findings at once", *(_share(figures, f"{cell}.holds.all_findings") for cell in cells)],
        *(
            [f"all groups of a column: {rate}", *(_least(figures, cell, f"groups.{rate}", columns) for cell in cells)]
            for rate in MEASURES
        ),
        *(
            [
                f"0 in the {measure} of the null column",
                *(_share(figures, f"{cell}.holds.{NULL}.{measure}") for cell in cells),
            ]
            for measure in (PARITY_DIFFERENCE, ODDS_DIFFERENCE, CALIBRATION_DIFFERENCE)
        ),
        ["the same, bootstrap of max - min", *(_share(figures, f"{cell}.naive.holds_0") for cell in cells)],
        ["any finding outside, truth within", *(_share(figures, f"{cell}.false_alarm") for cell in cells)],
        ["any interval worse than the truth", *(_share(figures, f"{cell}.worse_than_true") for cell in cells)],
        ["any finding within, truth outside", *(_share(figures, f"{cell}.false_comfort") for cell in cells)],
    ]
    return "\n".join([*_lines(head, rows), "", *_methods(figures, size), "", *_power(figures, size)])


def _methods(figures: Mapping[str, float], size: Size) -> list[str]:
    """Each way to make intervals: the least coverage and the mean width over shops, columns and rates."""
    head = ["intervals of rates", "customers", "all groups held, least", "largest difference held, least", "mean width"]
    rows = []
    for n in (n for n in size.seeds if n <= MANY):
        for method in METHODS:
            names = [
                (f"{shop}.{n}", f"{method}.{column}.{rate}")
                for shop in ("planted", "fair")
                for column in COLUMNS
                for rate in RATES
            ]
            least = [
                _share(figures, min((f"{cell}.method.{what}.{name}" for cell, name in names), key=figures.__getitem__))
                for what in ("groups", "difference")
            ]
            width = np.mean([figures[f"{cell}.method.width.{name}"] for cell, name in names])
            rows.append([method, f"{n:,}", *least, f"{width:.3f}"])
    return ["At 95 % for one rate of one column at a time:", "", *_lines(head, rows)]


def _power(figures: Mapping[str, float], size: Size) -> list[str]:
    head = ["finding", "truth planted / not", "limit", *(f"planted, {n:,}" for n in size.seeds)]
    head += [f"not planted, {n:,}" for n in size.seeds]
    rows = []
    for column, measure in PLANTED:
        name = f"{column}.{measure}"
        truths = " / ".join(f"{figures[f'{shop}.truth.{name}']:.3f}" for shop in ("planted", "fair"))
        ruled = [_ruled(figures, f"{shop}.{n}", name) for shop in ("planted", "fair") for n in size.seeds]
        rows.append([f"{column}: {measure}", truths, f"{SPEC.limit(measure):g}", *ruled])
    return ["Outside / inconclusive / within, in percent of samples:", "", *_lines(head, rows)]


def _ruled(figures: Mapping[str, float], cell: str, name: str) -> str:
    order = (Outcome.OUTSIDE, Outcome.INCONCLUSIVE, Outcome.WITHIN)
    return " / ".join(f"{100 * figures[f'{cell}.{outcome.value}.{name}']:.0f}" for outcome in order)


def _share(figures: Mapping[str, float], name: str) -> str:
    low, high = figures[f"{name}.ci_low"], figures[f"{name}.ci_high"]
    return f"{100 * figures[name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _least(figures: Mapping[str, float], cell: str, name: str, columns: Sequence[str]) -> str:
    """Of the column where it held least often."""
    known = [f"{cell}.{name}.{column}" for column in columns if f"{cell}.{name}.{column}" in figures]
    return _share(figures, min(known, key=lambda one: figures[one])) if known else ""


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]


if __name__ == "__main__":
    main()
