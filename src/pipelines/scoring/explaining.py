"""A scorer's explanation of cases: SHAP values, interactions of a sample, and what of both holds overall."""

from __future__ import annotations

import numpy as np

from pipelines.explain.explanation import Explanation, evenly
from pipelines.explain.interactions import MAX_ROWS, Interactions
from pipelines.explain.overview import Overview, overview
from pipelines.models.lightgbm import Trees
from pipelines.models.tree_shap import can_explain, explained, interactions
from pipelines.scoring.cases import Cases
from pipelines.scoring.scorer import Scorer


def explanation_of(trees: Trees, cases: Cases) -> Explanation:
    """SHAP values of the cases on the raw score of the trees."""
    rows = cases.encoded
    contributions = explained(trees, rows)
    return Explanation(contributions[:, :-1], contributions[:, -1], trees.raw(rows), rows)


def interactions_of(trees: Trees, cases: Cases, n_most: int = MAX_ROWS) -> Interactions | None:
    """Interactions of an even sample of the cases; None where they cannot be measured."""
    if not can_explain(trees):
        return None
    kept = evenly(len(cases), n_most)
    rows = cases.encoded.iloc[kept].reset_index(drop=True)
    return Interactions(interactions(trees, rows), rows, cases.subject[kept])


def overview_of(
    scorer: Scorer, explanation: Explanation, cases: Cases, n_resamples: int, rng: np.random.Generator
) -> Overview:
    """What moves the score of these cases overall; ``explanation`` is theirs."""
    found = interactions_of(scorer.trees, cases)
    return overview(explanation, scorer.features, cases.subject, found, n_resamples, rng)
