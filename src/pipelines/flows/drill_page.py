"""What a saboteur drill found: as data, as a figure, and as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.report import Report
from pipelines.core.style import GREEN, GREY, INK, ORANGE, RED, panel
from pipelines.evaluation.page import KeyFigure, PageContent, Section, evaluation_page
from pipelines.sabotage.verdicts import AS_IT_SHOULD_BE, PASSED, Tried, Verdict
from pipelines.tasks.task import TaskSpec

_HELP = (
    "Every saboteur is made of the task's own rows, registered, loaded and judged as a challenger is. One thing is "
    "wrong with it, so that one gate must refuse it and every other pass; which one was written down beforehand. Some "
    "stand without a champion, some against a weak one or one that no honest model reaches. The registered models are "
    "gone when the drill ends, the runs stay."
)
_CAPTION = (
    "A filled square is a gate that refused; green was named beforehand, orange was not. An open red square is a gate "
    "that was named and let pass, or is not declared."
)


def report(task: TaskSpec, tried: Sequence[Tried], words: Sequence[str]) -> Report:
    """``drill.json``, ``drill.html``, the figure, and how many verdicts there are of each kind as metrics."""
    figure = refusals(tried)
    held = sum(one.verdict in AS_IT_SHOULD_BE for one in tried)
    metrics = {
        "drill.n_tried": float(sum(one.verdict != Verdict.ABSENT for one in tried)),
        "drill.n_as_it_should_be": float(sum(one.verdict != Verdict.ABSENT for one in tried) - (len(tried) - held)),
        "drill.n_let_pass": float(sum(one.verdict in PASSED for one in tried)),
    }
    content = {
        "task": task.name,
        "gates": [gate.model_dump(mode="json") for gate in task.gates],
        "finding": words[0],
        "saboteurs": [_as_dict(one) for one in tried],
    }
    page = _page(task, tried, words[0], figure)
    return Report(metrics, {"drill.json": content, "drill.html": page, "drill.png": figure})


def refusals(tried: Sequence[Tried]) -> Figure:
    """Which gate refused whom: a row per saboteur, a column per gate."""
    shown = [one for one in tried if one.verdict != Verdict.ABSENT]
    named = [one.saboteur.gate for one in shown if one.saboteur.gate]
    gates = list(dict.fromkeys([*named, *(ruling.gate for one in shown for ruling in one.rulings)]))
    right = sum(one.verdict == Verdict.RIGHT for one in shown)
    title = f"{right} of {len(named)} saboteurs were refused by exactly the gate named"
    figure, axes = panel(title, "", "", width=8.5, height=1.6 + 0.27 * len(shown))
    places = {gate: place for place, gate in enumerate(gates)}
    for row, one in enumerate(shown):
        for ruling in one.rulings:
            is_named = ruling.gate == one.saboteur.gate
            colour = (GREEN if is_named else ORANGE) if not ruling.passed else GREY
            size = 70 if not ruling.passed else 4
            axes.scatter(places[ruling.gate], row, marker="s", s=size, color=colour)
        if one.saboteur.gate and one.saboteur.gate not in one.refused_by:
            axes.scatter(places[one.saboteur.gate], row, marker="s", s=70, facecolors="none", edgecolors=RED)
    axes.set_yticks(range(len(shown)), [one.saboteur.name.replace("_", " ") for one in shown], fontsize=9, color=INK)
    axes.set_xticks(range(len(gates)), gates, rotation=40, ha="right", fontsize=9, color=INK)
    axes.set_xlim(-0.6, len(gates) - 0.4)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    return figure


def _page(task: TaskSpec, tried: Sequence[Tried], finding: str, figure: Figure) -> str:
    is_whole = all(one.verdict in AS_IT_SHOULD_BE for one in tried)
    stood = [one for one in tried if one.saboteur.gate and one.verdict != Verdict.ABSENT]
    right = sum(one.verdict == Verdict.RIGHT for one in stood)
    figures = [
        KeyFigure("refused for the right reason", f"{right} of {len(stood)}", "by exactly the gate named beforehand"),
        KeyFigure("let pass", str(sum(one.verdict in PASSED for one in stood)), "would be champion now"),
        KeyFigure("gates declared", str(len(task.gates)), "asks_the_same is always judged"),
    ]
    sections = [
        Section("What was found", finding, is_warning=not is_whole),
        Section("Who was refused by whom", _HELP, _table(tried), {_CAPTION: figure}),
        Section("What the gates said", "The reason of the gate that was named.", _reasons(tried)),
    ]
    return evaluation_page(PageContent(f"Saboteur drill: {task.title}", task.description, sections, figures))


def _table(tried: Sequence[Tried]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "saboteur": one.saboteur.name.replace("_", " "),
                "what is wrong with it": one.saboteur.wrong,
                "stands against": "" if one.absent else f"{one.saboteur.champion}",
                "must be refused by": one.saboteur.gate or "none",
                "was refused by": "" if one.absent or one.error else ", ".join(one.refused_by) or "none",
                "verdict": str(one.verdict),
            }
            for one in tried
        ]
    )


def _reasons(tried: Sequence[Tried]) -> pd.DataFrame:
    return pd.DataFrame([{"saboteur": one.saboteur.name.replace("_", " "), "reason": one.reason} for one in tried])


def _as_dict(one: Tried) -> dict[str, object]:
    return {
        "saboteur": one.saboteur.name,
        "wrong": one.saboteur.wrong,
        "champion": str(one.saboteur.champion),
        "gate": one.saboteur.gate,
        "refused_by": list(one.refused_by),
        "verdict": one.verdict.name.lower(),
        "absent": one.absent,
        "error": one.error,
        "rulings": [{"gate": said.gate, "passed": said.passed, "reason": said.reason} for said in one.rulings],
    }
