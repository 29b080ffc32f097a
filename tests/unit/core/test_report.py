from __future__ import annotations

from pipelines.core.report import Report


def test_joined_reports_hold_the_metrics_and_artifacts_of_both():
    joined = Report({"a": 1.0}, {"x.md": "one"}) | Report({"b": 2.0}, {"y.md": "two"})

    assert joined == Report({"a": 1.0, "b": 2.0}, {"x.md": "one", "y.md": "two"})


def test_later_report_wins_where_both_name_the_same_thing():
    joined = Report({"a": 1.0}, {"x.md": "one"}) | Report({"a": 2.0}, {"x.md": "two"})

    assert joined == Report({"a": 2.0}, {"x.md": "two"})


def test_empty_report_changes_nothing():
    assert Report({"a": 1.0}) | Report() == Report({"a": 1.0})
