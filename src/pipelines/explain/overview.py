"""What moves the score overall: importance in groups, dependence of the top features, interactions of the top pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.core.report import Report
from pipelines.explain.dependence import Dependence, dependences
from pipelines.explain.explanation import Explanation, evenly
from pipelines.explain.importances import IntArray, importances
from pipelines.explain.interactions import Interactions, top_pairs
from pipelines.explain.overview_figures import dependence_figure, groups_figure, interactions_figure
from pipelines.features.catalogue import Feature

N_DEPENDENCES = 6
MAX_DRAWN = 2_000
CAPTIONS: Mapping[str, str] = {
    "explain/groups.png": "Shapley values add up: what all features of one idea, one block or one window do together, "
    "with 95 % intervals (customers resampled).",
    "explain/dependence.png": "Each dot is a row: its value across, what that value does to its score upward. Orange "
    "is the median of like values.",
    "explain/interactions.png": "Left, which pairs do more together than each alone; right, the strongest pair, its "
    "second feature as colour.",
}
"""What to read from each figure."""


@dataclass(frozen=True)
class Overview:
    """What moves the score overall.

    Parameters
    ----------
    by : mapping of str to DataFrame
        Importances ``feature``, ``idea``, ``block``, ``window``, as `importances` gives them.
    top : sequence of Dependence
        Of the features that move the score most, strongest first.
    n_rows : int
        How many rows were explained.
    features : tuple of Feature
        The columns.
    interactions : Interactions or None
        None where they are not measured.
    pairs : DataFrame or None
        The pairs that act together most, as `top_pairs` gives them.
    """

    by: Mapping[str, pd.DataFrame]
    top: Sequence[Dependence]
    n_rows: int
    features: tuple[Feature, ...]
    interactions: Interactions | None
    pairs: pd.DataFrame | None

    def report(self) -> Report:
        """Figures and tables under ``explain/``; metrics of the first idea and the strongest pair."""
        groups = {name: table.to_dict(orient="records") for name, table in self.by.items()}
        found = Report(
            _first("explain.top_idea", self.by["idea"], "mean_abs_shap"),
            {
                "explain/groups.png": groups_figure(self.by, self.n_rows),
                "explain/dependence.png": dependence_figure(self.top),
                "explain/groups.json": _null({"unit": "log-odds", "n_rows": self.n_rows, **groups}),
            },
        )
        return found | self._of_pairs()

    def _of_pairs(self) -> Report:
        if self.interactions is None or self.pairs is None:
            said = {"is_measured": False, "why": NOT_MEASURED}
            return Report({}, {"explain/interactions.json": said})
        content = {
            "is_measured": True,
            "unit": "log-odds",
            "n_rows": len(self.interactions.rows),
            "pairs": self.pairs.to_dict(orient="records"),
        }
        return Report(
            _first("explain.top_interaction", self.pairs, "mean_abs_interaction"),
            {
                "explain/interactions.png": interactions_figure(self.interactions, self.features),
                "explain/interactions.json": _null(content),
            },
        )

    def words(self) -> tuple[str, ...]:
        """In plain sentences, for pages and cards."""
        if not self.n_rows:
            return ("No row was explained.",)
        named = ", ".join(f"'{row['idea']}' ({row['share']:.0%})" for _, row in self.by["idea"].head(3).iterrows())
        first = self.by["idea"].iloc[0]
        moves = f"{first['mean_abs_shap']:.2f} log-odds [{first['ci_low']:.2f}, {first['ci_high']:.2f}]"
        said = [
            f"What moves the score most is {named} of all movement; '{first['idea']}' moves it by {moves} on average "
            f"over {self.n_rows:,} rows.",
        ]
        if len(self.by["window"]) > 1:
            window = self.by["window"].iloc[0]
            said.append(f"Of what the features look at, '{window['window']}' carries most ({window['share']:.0%}).")
        return (*said, self._said_of_pairs())

    def _said_of_pairs(self) -> str:
        if self.pairs is None:
            return NOT_MEASURED
        if self.pairs.empty or not self.pairs["mean_abs_interaction"].iloc[0] > 0:
            return "No two features act together: the score is a sum of what each does alone."
        pair = self.pairs.iloc[0]
        return (
            f"The two features that act together most are '{pair['feature']}' and '{pair['with']}': "
            f"{pair['mean_abs_interaction']:.3f} log-odds [{pair['ci_low']:.3f}, {pair['ci_high']:.3f}] beyond what "
            "each does alone."
        )


NOT_MEASURED = "Interactions of features are not measured: no exact engine for them takes these trees."


def overview(
    explanation: Explanation,
    features: Sequence[Feature],
    subject: IntArray,
    interactions: Interactions | None,
    n_resamples: int,
    rng: np.random.Generator,
) -> Overview:
    """What moves the score over these rows.

    Parameters
    ----------
    explanation : Explanation
        Of the rows; ``rows`` as the model sees them.
    features : sequence of Feature of length n_features
        What the columns are, with their levels.
    subject : int array of shape (n_rows,)
        Whom each row is about: intervals resample them.
    interactions : Interactions or None
        Of some of the rows; None where they cannot be measured.
    n_resamples : int
        Of the bootstrap.
    rng : Generator
        Source of its draws.
    """
    drawn = evenly(len(explanation.rows), MAX_DRAWN)
    return Overview(
        by=importances(explanation, features, subject, n_resamples, rng),
        top=dependences(features, explanation.rows.iloc[drawn], explanation.values[drawn], N_DEPENDENCES),
        n_rows=len(explanation.rows),
        features=tuple(features),
        interactions=interactions,
        pairs=None if interactions is None else top_pairs(interactions, n_resamples, rng),
    )


def _first(name: str, table: pd.DataFrame, column: str) -> dict[str, float]:
    """The figures of the first row as metrics; none where there is no row or no number."""
    if table.empty:
        return {}
    ends = {"": column, ".ci_low": "ci_low", ".ci_high": "ci_high"}
    found = {f"{name}{end}": float(table[of].iloc[0]) for end, of in ends.items()}
    return {metric: value for metric, value in found.items() if np.isfinite(value)}


def _null(content: dict[str, object]) -> dict[str, object]:
    """JSON knows no NaN."""
    return {name: _plain(value) for name, value in content.items()}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return _null(value)
    return None if isinstance(value, float) and not np.isfinite(value) else value
