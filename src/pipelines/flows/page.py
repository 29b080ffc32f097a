"""The evaluation of a training run as one self-contained HTML page: what was measured, put into an order to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.report import Report
from pipelines.core.windows import said
from pipelines.evaluation.page import PageContent, Section, evaluation_page
from pipelines.evaluation.profit import ProfitEvaluation
from pipelines.evaluation.sections import (
    ages,
    beats,
    by_level,
    curves,
    headline,
    in_doubt,
    key_figures,
    protocol,
    provenance,
)
from pipelines.explain import overview
from pipelines.flows.fit import Fitted
from pipelines.flows.judge import Judged
from pipelines.flows.prepare import Prepared
from pipelines.scoring import steadiness
from pipelines.scoring.cases import Parts
from pipelines.tasks.task import TaskSpec

PAGE = "report/evaluation.html"
_CURVES = ("roc", "pr", "gain", "calibration")
_BEST_SHOWN = 10


def page(task: TaskSpec, prepared: Prepared, fitted: Fitted, judged: Judged, coverage: Report) -> Report:
    """``report/evaluation.html``."""
    drawn = drawn_in(fitted.report, judged.report, coverage)
    found = judged.evaluation
    sections = [
        protocol(f"{task.description}\n\n{prepared.parts.words}", sizes(prepared.parts)),
        headline(found, task.positive),
        beats(found),
        curves({f"report/{name}.png": drawn[f"report/{name}.png"] for name in _CURVES}),
        _policy(judged.profit, drawn),
        _search(fitted, drawn),
        *([by_level(judged.slices, found)] if judged.slices else []),
        *([ages(judged.aged)] if judged.aged else []),
        _shown("What it looks at", _as_list(judged.explained), drawn, _FEATURES),
        _fairness(judged.fair.words, drawn),
        in_doubt(found, judged.slices, judged.aged, _more_doubts(task, fitted)),
        provenance(origin(task, prepared, fitted)),
    ]
    content = PageContent(task.title, task.description, [one for one in sections if _says(one)], key_figures(found))
    return Report(artifacts={PAGE: evaluation_page(content)})


_FEATURES = {
    "explain/beeswarm.png": "Each dot is a row: to the right the feature raises its score, and red is a high value.",
    **overview.CAPTIONS,
    "explain/ranks.png": steadiness.CAPTION,
    "report/cutoffs.png": "Rows and share of positives at each cutoff; what has no outcome yet is not learned from.",
}
_EQUITY = {
    "fairness/summary.png": "Every finding with its interval, against what is allowed.",
    "fairness/proxies.png": "How well the features tell each value of a sensitive column; 0.5 is chance.",
    "fairness/mitigation/curve.png": "What is given up for smaller differences, each way of evening out.",
    "fairness/mitigation/who.png": "Whom each way of evening out contacts more and less.",
}


def _says(section: Section) -> bool:
    return bool(section.words or section.figures) or section.table is not None


def drawn_in(*reports: Report) -> dict[str, Figure]:
    """Every figure of some reports, by its path."""
    return {
        path: artifact
        for report in reports
        for path, artifact in report.artifacts.items()
        if isinstance(artifact, Figure)
    }


def sizes(parts: Parts) -> Mapping[str, str]:
    """Rows and prevalence of every part."""
    named = {"learned from, before the test": parts.develop}
    for number, (_, valid) in enumerate(parts.folds, start=1):
        named[f"fold {number}, judged on"] = valid
    named["test, looked at once"] = parts.test
    return {name: f"{len(part):,} rows, {part.label.mean():.1%} positive" for name, part in named.items()}


def _policy(found: ProfitEvaluation, drawn: Mapping[str, Figure]) -> Section:
    share, caught = found.share_contacted.estimate, found.caught
    words = f"The policy contacts {share:.1%} of the rows and reaches {caught.estimate:.0%} of the positives."
    if found.money is None:
        words += (
            " It states no costs and values, so what it earns is not defined: declare policy: {type: expected_profit}."
        )
    else:
        money = found.money
        words += (
            f" It earns {money.profit} a row; the best threshold in hindsight would have earned {money.regret} more. "
            "Costs, values and the response rate are the task's own assumptions."
        )
    captions = {
        "policy/profit.png": "What the policy earns by how many are contacted; the band is a 95 % interval.",
        "policy/gain.png": "How many of the positives are reached by how many are contacted, with a 95 % band.",
    }
    return _shown("What its policy decides", words, drawn, captions)


def _search(fitted: Fitted, drawn: Mapping[str, Figure]) -> Section:
    found = fitted.found
    best = sorted((one for one in found.trials if one.loss is not None), key=lambda one: (one.loss, one.number))
    table = pd.DataFrame([{"trial": one.number, "log loss": f"{one.loss:.5f}", **_rounded(one.params)} for one in best])
    n_pruned = len(found.trials) - len(best)
    words = (
        f"{len(found.trials):,} configurations were tried, {n_pruned:,} of them stopped after an early fold; chosen is "
        f"the smallest mean log loss over the folds, {found.loss:.5f}, at {found.n_rounds:,} rounds. On the folds "
        f"{fitted.bagging}."
    )
    captions = {
        "search/history.png": "The loss of every trial, and the best so far: where it is flat, more trials add little.",
        "search/importance.png": "How much of the differences in loss each parameter accounts for.",
        "report/calibration_choice.png": "Ways of calibrating, on later folds: left is better than the sigmoid.",
    }
    shown = _shown("How it was chosen", words, drawn, captions)
    return Section(shown.title, shown.words, table.head(_BEST_SHOWN), shown.figures)


def _rounded(params: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.4g}" for name, value in params.items()}


def _fairness(words: Sequence[str], drawn: Mapping[str, Figure]) -> Section:
    by_column = {
        path: f"Rates by {path.removeprefix('fairness/').removesuffix('.png').replace('_', ' ')}, with intervals that "
        "hold for all groups at once; small groups are grey."
        for path in drawn
        if path.startswith("fairness/") and path not in _EQUITY
    }
    summary, *others = _EQUITY
    captions = {summary: _EQUITY[summary], **by_column, **{path: _EQUITY[path] for path in others}}
    return _shown("Is it the same for everybody", _as_list(words), drawn, captions)


def _as_list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _shown(title: str, words: str, drawn: Mapping[str, Figure], captions: Mapping[str, str]) -> Section:
    return Section(title, words, None, {said_: drawn[path] for path, said_ in captions.items() if path in drawn})


def _more_doubts(task: TaskSpec, fitted: Fitted) -> list[str]:
    doubts = []
    if fitted.found.stopped_early:
        doubts.append("The search ended by time: on another machine it would try another number of configurations.")
    if len(fitted.found.trials) < task.search.n_trials and not fitted.found.stopped_early:
        doubts.append(f"Only {len(fitted.found.trials)} of {task.search.n_trials} trials ended.")
    return doubts


def origin(task: TaskSpec, prepared: Prepared, fitted: Fitted) -> dict[str, str]:
    """Moments, digests and the seed: what the run can be repeated with."""
    return {
        "source": task.source,
        "known at": said(prepared.known_at),
        "data digest": prepared.manifest.data_digest,
        "configuration digest": task.digest(),
        "model digest": fitted.scorer.digest(),
        "policy digest": fitted.scorer.policy.digest(),
        "seed": str(task.seed),
    }
