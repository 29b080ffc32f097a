from __future__ import annotations

import numpy as np
import pytest

from pipelines.search.figures import history_figure, importance_figure, parallel_figure, search_figures, trials_table
from pipelines.search.found import Found, Trial
from pipelines.search.study import search
from support.search import SPACE, Hill, budget, some_parts


@pytest.fixture(scope="module")
def found():
    return search(budget(40, n_startup=20), Hill(), some_parts(), 1, None, lambda trial, best: None)


def test_report_holds_the_figures_and_every_trial(found):
    report = search_figures(found, budget())

    assert set(report.artifacts) == {f"search/{name}" for name in FILES}
    assert len(report.artifacts["search/trials.parquet"]) == 40


FILES = ("history.png", "importance.png", "parallel.png", "trials.parquet")


def test_figures_can_be_drawn(found, tmp_path):
    for name, artifact in search_figures(found, budget()).artifacts.items():
        if name.endswith(".png"):
            artifact.savefig(tmp_path / "figure.png")
            assert (tmp_path / "figure.png").stat().st_size > 5_000


def test_table_says_which_trials_were_pruned_and_where_they_stood(found):
    table = trials_table(found.trials)
    pruned = table[table["state"] == "pruned"]

    assert len(pruned)
    assert pruned["loss"].isna().all()
    assert (pruned["n_folds"] < 3).all()
    assert pruned["loss_so_far"].notna().all()
    assert list(table.columns[-3:]) == [f"params.{name}" for name in SPACE]
    assert np.nanmin(table["loss"]) == found.loss


def test_titles_state_the_finding(found):
    best = min((trial for trial in found.trials if trial.loss is not None), key=lambda trial: trial.loss)
    first = max(found.importance, key=found.importance.get)

    titles = [make.axes[0].get_title(loc="left") for make in (history_figure(found), importance_figure(found))]

    assert titles[0] == f"Trial {best.number} of 40 is best: log loss {found.loss:.4f}"
    assert titles[1].startswith(f"{first} accounts for ")
    assert "of the 40 trials" not in parallel_figure(found, budget()).axes[0].get_title(loc="left")


def test_parallel_lines_run_through_every_parameter(found):
    axes = parallel_figure(found, budget()).axes[0]
    n_complete = sum(trial.loss is not None for trial in found.trials)
    lines = [line for line in axes.lines if len(line.get_xdata()) == len(SPACE) and list(line.get_xdata()) == [0, 1, 2]]

    assert len(lines) == n_complete
    assert all(0 <= y <= 1 for line in lines for y in line.get_ydata())
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "learning rate\n(log)",
        "num leaves\n",
        "extra trees\n",
    ]


def test_one_trial_without_parameters_is_drawn():
    only = Found({}, 3, 0.5, (Trial(0, {}, 0.5, "complete", 3, (0.5,)),))

    assert set(search_figures(only, budget().model_copy(update={"space": {}})).artifacts) == {
        "search/history.png",
        "search/trials.parquet",
    }
