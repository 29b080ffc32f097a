"""What a policy earns on later rows, beside contacting nobody, everybody or anybody, with intervals over customers.

All sums are per row, that is per customer and cutoff: a customer who is looked at in four weeks could be contacted in
each of them. Profit is in the source's currency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from pipelines.core.errors import ModelError, NotEnoughDataError
from pipelines.core.intervals import FloatArray, IntArray, Interval, cluster_weights
from pipelines.core.report import Report
from pipelines.evaluation.evaluate import N_RESAMPLES, LabelArray
from pipelines.evaluation.profit_sums import Band, Estimated, Ranked, Sums, ranked_rows, ratio, sums
from pipelines.policy.expected_profit import ProfitThreshold
from pipelines.policy.policies import AnySettled, stakes_of

RESPONSE_FACTORS = (0.5, 1.0, 2.0)
_INTERVALS = "95 % percentile bootstrap over customers"
_NO_MONEY = "The policy states no costs and values, so that what it earns is undefined."


@dataclass(frozen=True)
class Response:
    """The same contacts if another share of positives responded.

    Parameters
    ----------
    response_rate : float
        The share, at most 1.
    profit, everybody : Interval
        Per row, of the policy and of contacting everybody.
    best : float
        Per row, of the threshold that would have been best.
    """

    response_rate: float
    profit: Interval
    everybody: Interval
    best: float


@dataclass(frozen=True)
class Money:
    """What the policy earns, per row, in the source's currency.

    Parameters
    ----------
    profit : Interval
        Of the policy; contacting nobody earns 0.
    everybody, random : Interval
        Of contacting everybody, and of contacting the policy's share of customers blindly.
    over_everybody, over_random : Interval
        Profit of the policy minus each, paired on the same resamples.
    regret : Interval
        Profit of the threshold that is best in hindsight minus that of the policy, see `profit`.
    at_least : float
        The policy's threshold of expected profit.
    best_at_least : float or None
        The best one in hindsight; None is to contact nobody.
    best_share, best : float
        The share contacted with it, and its profit.
    curve : Band
        Profit by share contacted.
    responses : tuple of Response
        At half, the same and double the response rate.
    """

    profit: Interval
    everybody: Interval
    random: Interval
    over_everybody: Interval
    over_random: Interval
    regret: Interval
    at_least: float
    best_at_least: float | None
    best_share: float
    best: float
    curve: Band
    responses: tuple[Response, ...]


@dataclass(frozen=True)
class ProfitEvaluation:
    """Whom a policy contacts and what it earns.

    Parameters
    ----------
    n_rows, n_customers, n_contacted : int
        A row is a customer at a cutoff; the contacted are rows.
    share_contacted, caught : Interval
        Of all rows, and of the positive ones.
    gain, lift : Band
        Share of positives caught by share contacted, and this ratio.
    money : Money or None
        None for a policy without costs.
    policy : mapping
        The settled policy as JSON, with its digest.
    """

    n_rows: int
    n_customers: int
    n_contacted: int
    share_contacted: Interval
    caught: Interval
    gain: Band
    lift: Band
    money: Money | None
    policy: Mapping[str, object]

    def report(self, part: str = "test") -> Report:
        """Name everything as it is logged.

        Returns
        -------
        Report
            Metrics ``policy.share_contacted`` and ``policy.positives_caught``, and with costs
            ``<part>.profit_per_customer``, ``.regret_per_customer``, ``.profit_over_everybody`` and
            ``.profit_over_random``, each with ``.ci_low`` and ``.ci_high``; and the artifact ``policy/profit.json``.
            NaN is left out of the metrics and null in the JSON; so is all profit of a policy without costs.
        """
        named = {"policy.share_contacted": self.share_contacted, "policy.positives_caught": self.caught}
        if self.money:
            named |= {
                f"{part}.profit_per_customer": self.money.profit,
                f"{part}.regret_per_customer": self.money.regret,
                f"{part}.profit_over_everybody": self.money.over_everybody,
                f"{part}.profit_over_random": self.money.over_random,
            }
        ends = {"": "estimate", ".ci_low": "low", ".ci_high": "high"}
        metrics = {f"{name}{end}": getattr(one, key) for name, one in named.items() for end, key in ends.items()}
        defined = {name: value for name, value in metrics.items() if not math.isnan(value)}
        return Report(defined, {"policy/profit.json": self._as_json(part)})

    def _as_json(self, part: str) -> dict[str, object]:
        money = asdict(self.money) if self.money else None
        about = {"part": part, "unit": "per row: a customer at a cutoff", "intervals": _INTERVALS}
        content = {**about, **asdict(self), "money": money, "profit_is_undefined": None if money else _NO_MONEY}
        return {name: _plain(value) for name, value in content.items()}


def profit(  # noqa: PLR0913, PLR0917  # what the rows are, what is decided of them, and the resamples
    label: LabelArray,
    customer: IntArray,
    probability: FloatArray,
    rows: pd.DataFrame,
    settled: AnySettled,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
) -> ProfitEvaluation:
    """Measure a settled policy on rows whose outcome is known.

    Parameters
    ----------
    label : array of shape (n_rows,)
        Labels, 0 or 1.
    customer : integer array of shape (n_rows,)
        The customer of each row, as any integer code.
    probability : float array of shape (n_rows,)
        Calibrated probability of a positive.
    rows : DataFrame of n_rows rows
        With the features that the policy needs.
    settled : AnySettled
        The policy; its threshold comes from earlier rows.
    rng : Generator
        Source of the resamples.
    n_resamples : int
        How many.

    Returns
    -------
    ProfitEvaluation
        With 95 % intervals.

    Raises
    ------
    NotEnoughDataError
        If no label is positive, or all rows are of one customer.
    ModelError
        If the arguments are not of the same rows, or the policy contacts somebody of a lower priority than somebody
        whom it does not.

    Notes
    -----
    The regret compares the policy with the threshold that is best on these very rows. If every resample chose a best
    threshold of its own, the smallest regret would be 0 and all of them too large, as each best fits its resample's
    noise. So the best is chosen once, and the interval is of the paired difference between two fixed thresholds. Its
    estimate is never below 0 and still flatters the hindsight a little; where the lower end is below 0, another sample
    of customers could have preferred the policy's own threshold. Where the policy has a capacity, the hindsight has it
    too, or the share that the policy contacts, should that be more here than on the rows it was settled on.

    References
    ----------
    Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13; Verbraken, Verbeke & Baesens (2013), *A
    novel profit maximizing metric for measuring classification performance of customer churn prediction models*.
    """
    _require_same_rows(label, customer, probability, rows)
    ranked = ranked_rows(np.asarray(label, dtype=np.float64), probability, rows, settled)
    drawn = sums(ranked, cluster_weights(customer[ranked.order], n_resamples, rng, chunk=50))
    point = sums(ranked, iter([np.ones((1, label.size))]))
    at = ranked.place(ranked.n_contacted)
    gain, share = Estimated(point.caught, drawn.caught), Estimated(point.share, drawn.share)
    shares, stakes = point.share[0], stakes_of(settled)
    return ProfitEvaluation(
        n_rows=label.size,
        n_customers=np.unique(customer).size,
        n_contacted=ranked.n_contacted,
        share_contacted=share.at(at),
        caught=gain.at(at),
        gain=gain.band(shares),
        lift=Estimated(ratio(point.caught, point.share), ratio(drawn.caught, drawn.share)).band(shares),
        money=_money(ranked, stakes, point, drawn) if stakes else None,
        policy={**settled.model_dump(mode="json"), "digest": settled.digest()},
    )


def _money(ranked: Ranked, settled: ProfitThreshold, point: Sums, drawn: Sums) -> Money:
    n_best, best = ranked.best(settled.cost)
    share = Estimated(point.share, drawn.share)
    curve = _earned(point, drawn, settled.cost, 1.0)
    ours, everybody = curve.only(ranked.place(ranked.n_contacted)), curve.only(-1)
    random = everybody * share.only(ranked.place(ranked.n_contacted))
    return Money(
        profit=ours.at(0),
        everybody=everybody.at(0),
        random=random.at(0),
        over_everybody=(ours - everybody).at(0),
        over_random=(ours - random).at(0),
        regret=(curve.only(ranked.place(n_best)) - ours).at(0),
        at_least=settled.at_least,
        best_at_least=float(ranked.priority[n_best - 1]) if n_best else None,
        best_share=n_best / ranked.label.size,
        best=best,
        curve=curve.band(point.share[0]),
        responses=_responses(ranked, settled, point, drawn),
    )


def _responses(ranked: Ranked, settled: ProfitThreshold, point: Sums, drawn: Sums) -> tuple[Response, ...]:
    at, found = ranked.place(ranked.n_contacted), []
    for rate in dict.fromkeys(min(1.0, settled.response_rate * factor) for factor in RESPONSE_FACTORS):
        factor = rate / settled.response_rate
        curve = _earned(point, drawn, settled.cost, factor)
        found.append(Response(rate, curve.at(at), curve.at(-1), ranked.best(settled.cost, factor)[1]))
    return tuple(found)


def _earned(point: Sums, drawn: Sums, cost: float, factor: float) -> Estimated:
    """Profit per row at every end, if ``factor`` times as many responded."""
    return Estimated(factor * point.saved - cost * point.share, factor * drawn.saved - cost * drawn.share)


def _require_same_rows(label: LabelArray, customer: IntArray, probability: FloatArray, rows: pd.DataFrame) -> None:
    sizes = {"labels": label.size, "customers": customer.size, "probabilities": probability.size, "rows": len(rows)}
    if len(set(sizes.values())) > 1:
        raise ModelError(
            f"A policy was to be judged on {', '.join(f'{n:,} {name}' for name, n in sizes.items())}.",
            why="Its profit would be about nobody.",
            fix="Pass one of each per row.",
        )
    if not np.any(label):
        raise NotEnoughDataError(
            f"None of {label.size:,} rows is positive.",
            why="Nobody could be saved, and no share of the positives is caught.",
            fix="Evaluate over more cutoffs or customers, or check the label.",
        )


def _plain(value: object) -> object:
    """As JSON can say it: lists for arrays, null for NaN."""
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
