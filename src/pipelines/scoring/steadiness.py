"""How steady reasons and rankings are: over the seeds of a model, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.core.intervals import Interval
from pipelines.core.randomness import generator_for, seed_for
from pipelines.core.report import Report
from pipelines.explain.agreement import Agreement, agreement, correlation
from pipelines.explain.explanation import evenly
from pipelines.explain.importances import summed
from pipelines.explain.overview_figures import ranks_figure
from pipelines.features.catalogue import Feature
from pipelines.models.lightgbm import Trees
from pipelines.scoring.cases import Cases, LabelledCases, Parts
from pipelines.scoring.explaining import explanation_of
from pipelines.scoring.scorer import Scorer
from pipelines.scoring.training import OutOfFold, Tuned
from pipelines.tasks.task import TaskSpec

MAX_ROWS, MAX_ROWS_OF_MOMENT = 1_000, 500
"""Rows that are explained by both seeds, and at each moment: evenly spaced."""
WANTED = 0.9
"""The share of customers whose first reason should be the same under another seed."""
CAPTION = (
    "Ranks of the ideas by mean |SHAP|: on the folds by the models of the folds, at each cutoff of the test by the "
    "shipped model. Lines that cross say that what matters changes."
)


@dataclass(frozen=True)
class Steadiness:
    """How steady explanations are.

    Parameters
    ----------
    seeds : Agreement
        Of the shipped model and its recipe under another seed, on the newest rows of the test.
    over_time : DataFrame of shape (n_ideas, n_moments)
        Mean |SHAP| of each idea at each moment, the newest rows of the test last.
    """

    seeds: Agreement
    over_time: pd.DataFrame

    def ranks(self) -> pd.DataFrame:
        """Ranks of the ideas at each moment; 1 moves the score most."""
        return self.over_time.rank(ascending=False, method="first").astype(int)

    def time_correlations(self) -> Mapping[str, float]:
        """Rank correlation of each earlier moment with the newest rows."""
        newest = self.over_time.iloc[:, -1].to_numpy()
        earlier = self.over_time.iloc[:, :-1]
        return {str(moment): correlation(earlier[moment].to_numpy(), newest) for moment in earlier}

    def report(self) -> Report:
        """Metrics under ``explain.``, the ranks through time as a figure and a table, and the words."""
        seeds = self.seeds
        found = {
            "same_first_reason": seeds.same_first,
            "first_reason_among_first_three": seeds.first_among_first,
            "same_first_reason_if_clear": seeds.same_first_if_clear,
            "rank_correlation_seeds": seeds.ideas.correlation,
            "top10_overlap_seeds": seeds.ideas.overlap,
            "feature_rank_correlation_seeds": seeds.features.correlation,
            "feature_top10_overlap_seeds": seeds.features.overlap,
        }
        metrics = {f"explain.{name}{end}": value for name, one in found.items() for end, value in _ends(one).items()}
        over_time = [value for value in self.time_correlations().values() if np.isfinite(value)]
        lowest = {"explain.rank_correlation_time": min(over_time)} if over_time else {}
        content = {
            "unit": "log-odds",
            "words": list(self.words()),
            "moments": [str(moment) for moment in self.over_time],
            "mean_abs_shap": {str(idea): row.tolist() for idea, row in self.over_time.iterrows()},
        }
        return Report(
            {name: value for name, value in (metrics | lowest).items() if np.isfinite(value)},
            {"explain/steadiness.json": content, "explain/ranks.png": ranks_figure(self.ranks())},
        )

    def words(self) -> tuple[str, ...]:
        """In plain sentences, for pages and cards."""
        seeds = self.seeds
        if seeds.n_rows == 0:
            return ("No row was explained twice: nothing is known of how steady reasons are.",)
        same = seeds.same_first
        enough = (
            "as wanted (90 %)"
            if same.low >= WANTED
            else "about the 90 % that are wanted"
            if same.high >= WANTED
            else "fewer than the 90 % that are wanted"
        )
        said = [
            f"Fitted again with another seed, the model tells {_share(same)} of {seeds.n_rows:,} rows the same first "
            f"reason: {enough}. For {_share(seeds.first_among_first)} the first reason stays among the first three.",
            f"Where the first reason leads the second by more than the median ({seeds.margin:.0%}), "
            f"{_share(seeds.same_first_if_clear)} keep it: those that change are close calls."
            if seeds.same_first_if_clear.estimate > same.estimate
            else f"A clear lead of the first reason does not make it steadier ({_share(seeds.same_first_if_clear)}).",
            f"The two rank the ideas alike (rank correlation {seeds.ideas.correlation}), and the features "
            f"{seeds.features.correlation}.",
        ]
        return (*said, *self._said_of_time())

    def _said_of_time(self) -> tuple[str, ...]:
        found = {moment: value for moment, value in self.time_correlations().items() if np.isfinite(value)}
        if not found:
            return ()
        moment = min(found, key=lambda one: found[one])
        leads = self.ranks().idxmin()
        same = int((leads == leads.iloc[-1]).sum())
        return (
            f"Over {len(leads)} moments '{leads.iloc[-1]}' leads at {same}; the ranking differs most from the newest "
            f"at '{moment}' (rank correlation {found[moment]:.2f}).",
        )


def reseeded(task: TaskSpec, parts: Parts, tuned: Tuned, n_bags: int, number: int = 1) -> Trees:
    """The recipe of the shipped model on the same rows, with another seed.

    Parameters
    ----------
    task : TaskSpec
        The whole story.
    parts : Parts
        ``develop`` is what is fitted on.
    tuned : Tuned
        Parameters and rounds, as shipped.
    n_bags : int
        How many boosters are averaged, as shipped.
    number : int
        Which of the other seeds.
    """
    model = task.model.model_copy(update={"n_bags": n_bags})
    return model.fit(parts.develop.dataset, tuned.params, tuned.n_rounds, seed_for(task.seed, f"steadiness {number}"))


def steadiness(
    task: TaskSpec, parts: Parts, tuned: Tuned, found: OutOfFold, shipped: Scorer, n_resamples: int | None = None
) -> Steadiness:
    """Compare the shipped model with its recipe under another seed, and what it looks at through time.

    Parameters
    ----------
    task : TaskSpec
        The whole story.
    parts : Parts
        The rows; those of the test are explained, their labels not looked at.
    tuned : Tuned
        Parameters and rounds.
    found : OutOfFold
        Of the recipe: what the models of the folds look at.
    shipped : Scorer
        The model.
    n_resamples : int, optional
        Of the bootstrap; the task's own if not given.
    """
    other = reseeded(task, parts, tuned, len(shipped.trees.boosters))
    newest = _some(list(_moments(parts.test).values())[-1], MAX_ROWS)
    ours, theirs = (explanation_of(trees, newest).values for trees in (shipped.trees, other))
    rng = generator_for(task.seed, "steadiness")
    agreed = agreement(ours, theirs, shipped.features, newest.subject, n_resamples or task.n_resamples, rng)
    return Steadiness(agreed, _over_time(shipped, found, parts))


def _over_time(shipped: Scorer, found: OutOfFold, parts: Parts) -> pd.DataFrame:
    folds = zip(found.trees, found.parts, strict=True)
    told = {
        f"fold {number}": _importance(trees, valid.cases, shipped.features)
        for number, (trees, valid) in enumerate(folds, start=1)
    }
    tested = {name: _importance(shipped.trees, cases, shipped.features) for name, cases in _moments(parts.test).items()}
    return pd.DataFrame(told | tested)


def _importance(trees: Trees, cases: Cases, features: Sequence[Feature]) -> pd.Series:
    some = _some(cases, MAX_ROWS_OF_MOMENT)
    names, values = summed(explanation_of(trees, some).values, features, "idea")
    return pd.Series(np.abs(values).sum(axis=0) / max(1, len(values)), index=list(names))


def _some(cases: Cases, n_most: int) -> Cases:
    mask = np.zeros(len(cases), dtype=bool)
    mask[evenly(len(cases), n_most)] = True
    return cases.at(mask)


def _moments(test: LabelledCases) -> dict[str, Cases]:
    """The rows of each cutoff of the test, in order; all together where rows have no common moments."""
    cutoff = test.cases.by.get("cutoff")
    if cutoff is None or not len(test):
        return {"test": test.cases}
    every = np.asarray(cutoff, dtype=object)
    return {str(one): test.cases.at(every == one) for one in sorted(set(every))}


def _ends(one: Interval) -> dict[str, float]:
    return {"": one.estimate, ".ci_low": one.low, ".ci_high": one.high}


def _share(one: Interval) -> str:
    return f"{one.estimate:.1%} [{one.low:.1%}, {one.high:.1%}]"
