"""How often the gate against the champion is right: promotions of challengers whose true difference is known.

Shops are drawn, each with a champion and with challengers that are better or worse than it by a known difference in
ROC-AUC. The product's comparison (paired, customers resampled) and its gate judge every one. Counted are the outcomes
by true difference, and whether the number of further rows that an inconclusive ruling names decides, once collected.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from gates_panels import Panel, Shop, joined, own_noise, panel, prevalence, true_champion_auc
from harness import Measured, arguments, publish

from pipelines.core.intervals import Interval, rate_interval
from pipelines.core.randomness import generator_for
from pipelines.evaluation.evaluate import compare, evaluation
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.power import times_the_data
from pipelines.gates.evidence import Metrics, OverChampion
from pipelines.gates.quality import BeatsChampion

GATE = BeatsChampion(metric="roc_auc", margin=0.005)
DECLARED = 0.005
"""The improvement that is to be accepted: as large as the margin."""
DIFFERENCES = (-0.02, -0.015, -0.01, -0.0075, -0.005, -0.0025, 0.0, 0.0025, 0.005, 0.01)
BEYOND = tuple(one for one in DIFFERENCES if one < -GATE.margin)
OUTCOMES = ("better", "not worse", "inconclusive", "worse")
_SAID = {"is better": "better", "is not worse": "not worse", "inconclusive": "inconclusive", "is worse": "worse"}
_AUC = tuple(metric for metric in METRICS if metric.name == "roc_auc")
N_RESAMPLES = 1_000
MOST_TIMES = 30.0
"""Advice to collect more than this many times the data is counted, but not followed."""


@dataclass(frozen=True)
class Size:
    """How much is done.

    Parameters
    ----------
    shops : mapping of Shop to int
        How many are drawn of each size; every one gives a promotion per difference.
    advised : Shop
        Where the advice is followed.
    n_advised : int
        How many shops.
    """

    shops: Mapping[Shop, int]
    advised: Shop
    n_advised: int


MAIN = Shop(2_300, 4)
"""As large as the test of churn in Complete Journey."""
SIZES = {
    "small": Size({MAIN: 40}, Shop(600, 4), 12),
    "full": Size({Shop(600, 4): 1_000, MAIN: 1_000, Shop(10_000, 4): 200}, Shop(600, 4), 120),
}


@dataclass(frozen=True)
class Asked:
    """Evidence of one comparison, and of nothing else."""

    compared: OverChampion

    def over_champion(self) -> OverChampion:
        """As the gate asks for it."""
        return self.compared


def main() -> None:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    options = arguments(__doc__ or "")
    size = SIZES[options.size]
    own = {difference: own_noise(difference) for difference in DIFFERENCES}
    require_same(panel(Shop(300, 4), own, generator_for(1, "gates/same")))
    figures = {"prevalence": prevalence(), "champion.roc_auc": true_champion_auc(), "margin": GATE.margin}
    results: list[Measured] = []
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), multiprocessing.get_context("spawn")) as pool:
        for shop, n_shops in size.shops.items():
            start = time.monotonic()
            frame = pd.concat(pool.map(partial(promotions, shop, own), range(n_shops), chunksize=5))
            figures |= {f"{shop.n_customers}.{name}": value for name, value in _shares(frame).items()}
            results.append(_measured(f"{n_shops:,} shops of {shop.n_customers:,} customers", frame, start))
        start = time.monotonic()
        frame = pd.concat(pool.map(partial(followed, size.advised, own), range(size.n_advised), chunksize=2))
        figures |= {f"advice.{name}": value for name, value in _advice(frame).items()}
        results.append(_measured("advice that was followed", frame, start))
    content: dict[str, object] = {"results": [vars(one) for one in results], "ratios": {}, "figures": figures}
    publish(options, "gates", content, _table(figures, size))


def promotions(shop: Shop, own: Mapping[float, float], seed: int) -> pd.DataFrame:
    """One shop: the gate's outcome for every challenger."""
    rng = generator_for(seed, f"gates/{shop.n_customers}")
    found = differences(panel(shop, own, rng), rng)
    rows = [
        {"true": true, "outcome": judged(one, shop), "half": (one.high - one.low) / 2} for true, one in found.items()
    ]
    return pd.DataFrame(rows)


def followed(shop: Shop, own: Mapping[float, float], seed: int) -> pd.DataFrame:
    """One shop: where the gate finds no answer, as many more customers as it names, and what it says then."""
    rng = generator_for(seed, f"gates/advice/{shop.n_customers}")
    first = panel(shop, own, rng)
    rows = []
    for true, found in differences(first, rng).items():
        if judged(found, shop) != "inconclusive":
            continue
        times = times_the_data(found, -GATE.margin)
        row: dict[str, object] = {"true": true, "times": np.inf if times is None else times, "outcome": ""}
        if times is not None and times <= MOST_TIMES:
            more = Shop(max(1, round((times - 1) * shop.n_customers)), shop.n_cutoffs)
            grown = joined(first, panel(more, {true: own[true]}, rng), true)
            row["outcome"] = judged(differences(grown, rng)[true], Shop(shop.n_customers + more.n_customers, 4))
        rows.append(row)
    return pd.DataFrame(rows, columns=["true", "times", "outcome"])


def differences(drawn: Panel, rng: np.random.Generator) -> dict[float, Interval]:
    """Challenger minus champion, for all challengers on the same resamples: the champion is measured once."""
    named = {str(true): one for true, one in drawn.challengers.items()}
    found = evaluation(drawn.label, drawn.customer, drawn.champion, named, rng, N_RESAMPLES, metrics=_AUC)
    return {true: _turned(found.differences[str(true)]["roc_auc"]) for true in drawn.challengers}


def judged(found: Interval, shop: Shop) -> str:
    """What the product's gate says, in a word; one that does not match what it lets pass stops the benchmark."""
    metrics: Metrics = {"roc_auc": found}
    asked = Asked(OverChampion(metrics, shop.n_customers * shop.n_cutoffs, shop.n_customers))
    ruling = GATE.judge(asked)  # type: ignore[arg-type]  # the gate asks for nothing else
    said = next(word for start, word in _SAID.items() if ruling.reason.startswith(start))
    if ruling.passed != (said in {"better", "not worse"}):
        raise ValueError(f"passed is {ruling.passed}: {ruling.reason}")
    return said


def require_same(drawn: Panel) -> None:
    """Stop if measuring all challengers together differs from the comparison that promotion makes."""
    together = differences(drawn, np.random.default_rng(1))
    for true, challenger in drawn.challengers.items():
        rng = np.random.default_rng(1)
        alone = compare(drawn.label, drawn.customer, challenger, drawn.champion, rng, N_RESAMPLES)["roc_auc"]
        ends = [getattr(one, end) for one in (alone, together[true]) for end in ("estimate", "low", "high")]
        if not np.allclose(ends[:3], ends[3:], rtol=0, atol=1e-12):
            raise ValueError(f"{alone} is not {together[true]}")


def _turned(found: Interval) -> Interval:
    return Interval(-found.estimate, -found.high, -found.low)


def _measured(name: str, frame: pd.DataFrame, start: float) -> Measured:
    seconds = time.monotonic() - start
    print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return Measured(name, len(frame), seconds, 0.0, 0.0)


def _shares(frame: pd.DataFrame) -> dict[str, float]:
    """By true difference: the share of each outcome and of what is accepted, and the mean half-width."""
    told: dict[str, float] = {}
    for true, rows in frame.groupby("true"):
        accepted = rows["outcome"].isin(["better", "not worse"])
        counted = {outcome.replace(" ", "_"): rows["outcome"] == outcome for outcome in OUTCOMES}
        for name, is_so in {**counted, "accepted": accepted}.items():
            told |= _rate(f"{true:+g}.{name}", is_so.to_numpy(float))
        told[f"{true:+g}.half_width"] = float(rows["half"].mean())
    is_beyond = frame["true"].isin(BEYOND)
    told |= _rate("beyond.accepted", frame[is_beyond]["outcome"].isin(["better", "not worse"]).to_numpy(float))
    return told


def _advice(frame: pd.DataFrame) -> dict[str, float]:
    """How often there was advice, what it was, and whether it decided."""
    named, tried = np.isfinite(frame["times"]), frame[frame["outcome"] != ""]
    right = np.where(tried["true"] >= -GATE.margin, "accepted", "worse")
    decided = tried["outcome"].map(
        {"better": "accepted", "not worse": "accepted", "worse": "worse", "inconclusive": ""}
    )
    is_clear = (tried["true"] != -GATE.margin).to_numpy()
    return {
        "n_inconclusive": float(len(frame)),
        "n_tried": float(len(tried)),
        **_rate("named", named.to_numpy(float)),
        "times.median": float(frame["times"][named].median()),
        **_rate("decided", (decided != "").to_numpy()[is_clear].astype(float)),
        **_rate("decided_rightly", (decided.to_numpy() == right)[is_clear & (decided != "").to_numpy()].astype(float)),
    }


def _rate(name: str, values: np.ndarray) -> dict[str, float]:
    found = rate_interval(values, np.arange(values.size))
    return {name: found.estimate, f"{name}.ci_low": found.low, f"{name}.ci_high": found.high}


def _table(figures: Mapping[str, float], size: Size) -> str:
    parts = [
        f"Champion of ROC-AUC {figures['champion.roc_auc']:.3f}, {figures['prevalence']:.1%} positive, margin "
        f"{GATE.margin:g}; percent of promotions, with 95 % intervals for accepted.",
    ]
    for shop, n_shops in size.shops.items():
        head = [f"{shop.n_customers:,} customers, {shop.n_cutoffs} cutoffs: true difference"]
        head += ["accepted", *OUTCOMES, "half-width"]
        rows = [_row(figures, f"{shop.n_customers}.{true:+g}", true) for true in DIFFERENCES]
        parts += ["", *_lines(head, rows)]
        worst = max(figures[f"{shop.n_customers}.{true:+g}.accepted"] for true in BEYOND)
        said = f"{100 * figures[f'{shop.n_customers}.{DECLARED:+g}.accepted']:.1f} %"
        parts += [
            "",
            f"Of {n_shops:,} promotions each: worse than the margin, accepted at most {100 * worst:.1f} %; better by "
            f"{DECLARED:g}, accepted {said}.",
        ]
    tried, median = figures["advice.n_tried"], figures["advice.times.median"]
    parts += [
        "",
        f"Of {figures['advice.n_inconclusive']:,.0f} inconclusive rulings over {size.advised.n_customers:,} customers, "
        f"{100 * figures['advice.named']:.0f} % name a number of rows (median {median:.1f} times the data); "
        f"{tried:,.0f} were grown to it. Where the truth does not lie at the line, that decided "
        f"{_percent(figures, 'advice.decided')} %, of those rightly {_percent(figures, 'advice.decided_rightly')} %.",
    ]
    return "\n".join(parts)


def _row(figures: Mapping[str, float], cell: str, true: float) -> list[str]:
    shares = [f"{100 * figures[f'{cell}.{outcome.replace(chr(32), chr(95))}']:.1f}" for outcome in OUTCOMES]
    return [f"{true:+g}", _percent(figures, f"{cell}.accepted"), *shares, f"{figures[f'{cell}.half_width']:.4f}"]


def _percent(figures: Mapping[str, float], name: str) -> str:
    low, high = figures[f"{name}.ci_low"], figures[f"{name}.ci_high"]
    return f"{100 * figures[name]:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in [head, ["---", *["---:"] * (len(head) - 1)], *rows]]


if __name__ == "__main__":
    main()
