"""A profile told, drawn and recorded: every size of log, and nobody's id."""

import json
import math

import pytest

from pipelines.profile.figures import gaps_figure, returns_figure, weeks_figure
from pipelines.profile.profile import profile_of
from pipelines.profile.report import as_json, metrics_of, report_of
from pipelines.profile.words import as_markdown, page
from support.events import event

KINDS = {
    "one purchase": [event("secret-1", 3.5)],
    "views only": [event("secret-1", day + 0.5, None, event_type="view") for day in range(40)],
    "a customer of one day": [event("secret-1", 3.5), event("secret-2", 30.5)],
    "with returns": [event("secret-1", 3.5), event("secret-1", 9.5, None, event_type="return")],
}


@pytest.fixture(scope="module", params=KINDS)
def small(request, make_lake):
    return profile_of("shop", make_lake(KINDS[request.param]))


@pytest.fixture(scope="module")
def rhythmic(make_lake):
    """Forty customers buy weekly for half a year, then half of them only after a pause of six weeks, or never."""
    rows = [event(f"secret-{who}", week * 7 + who % 7 + 0.5) for who in range(40) for week in range(26)]
    rows += [event(f"secret-{who}", 225 + who % 7 + 0.5) for who in range(0, 40, 4)]
    rows += [event("secret-99", 399.5)]
    return profile_of("shop", make_lake(rows))


def test_a_small_log_is_told_without_a_horizon(small):
    assert "too few gaps to recommend a horizon" in as_markdown(small).lower()
    assert "within: P" not in as_markdown(small)


def test_a_small_log_is_recorded_whole(small):
    report = report_of(small)

    assert all(math.isfinite(value) for value in report.metrics.values())
    json.dumps(report.artifacts["report/profile.json"], allow_nan=False)


def test_figures_of_a_small_log_can_be_drawn(small, tmp_path):
    for number, figure in enumerate((weeks_figure(small.facts), gaps_figure(small), returns_figure(small))):
        figure.savefig(tmp_path / f"{number}.png")

    assert [(tmp_path / f"{number}.png").stat().st_size > 1_000 for number in range(3)] == [True] * 3


def test_the_page_names_nobody_and_fits_a_run(rhythmic):
    told = as_markdown(rhythmic) + json.dumps(as_json(rhythmic))

    assert "secret" not in told
    assert len(page(rhythmic)) < 5_000


def test_the_suggestion_stands_in_page_metrics_and_title(rhythmic):
    found = rhythmic.suggestion

    assert found.rule == "below"
    assert metrics_of(rhythmic)["describe.horizon_days"] == found.horizon
    assert f"outcome: {{type: no_purchase, horizon: P{found.horizon}D}}" in page(rhythmic)
    assert f"silent for {found.horizon} days" in returns_figure(rhythmic).axes[0].get_title(loc="left")


def test_titles_state_the_finding(rhythmic):
    assert gaps_figure(rhythmic).axes[0].get_title(loc="left") == (
        "Of the gaps that ended, half lasted 7 days at most and nine of ten 7"
    )
    assert "whole weeks held less than a fifth" in weeks_figure(rhythmic.facts).axes[0].get_title(loc="left")


def test_shares_come_with_their_intervals(rhythmic):
    metrics = metrics_of(rhythmic)

    low, share, high = (metrics[f"describe.repeat_rate{end}"] for end in (".ci_low", "", ".ci_high"))
    assert low < share == 40 / 41 < high
