"""Evidently's page comes out whatever the columns hold."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pipelines.drift.evidently import drift_html

FIGURES = "Dataset Drift"


def frame(seed=0, n_rows=300):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=["recency_days", "n_orders_28d", "spend_28d"])


def page(reference, current, **options):
    return drift_html(reference, current, rng=np.random.default_rng(1), **options)


def banner(html):
    return html.split("<body>")[1].split("</div>")[0]


def test_the_page_is_whole_and_says_what_it_is_about():
    html = page(frame(), frame(1))

    assert html.rstrip().endswith("</html>")
    assert FIGURES in html
    assert "300 current and 300 reference rows" in banner(html)
    assert "Left out" not in banner(html)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda rows: rows.assign(spend_28d=None), "no value in the current rows", id="all-null"),
        pytest.param(lambda rows: rows.assign(spend_28d="abc"), "no numbers in the current rows", id="text"),
        pytest.param(lambda rows: rows.drop(columns="spend_28d"), "missing from the current rows", id="missing"),
        pytest.param(lambda rows: rows.assign(spend_28d=np.inf), "no value in the current rows", id="infinite"),
    ],
)
def test_a_broken_column_is_left_out_by_name_and_the_rest_is_shown(change, said):
    html = page(frame(), change(frame(1)))

    assert f"Left out: spend_28d ({said})" in banner(html)
    assert FIGURES in html
    assert "recency_days" in html


def test_decimals_are_shown_and_not_left_out_in_silence():
    before, now = (one.assign(spend_28d=[Decimal("1.5"), Decimal("2.5")] * 150) for one in (frame(), frame(1)))
    html = page(before, now)

    assert "Left out" not in banner(html)
    assert "spend_28d" in html


def test_constant_columns_single_rows_and_odd_infinities_are_no_crash():
    constant = frame(1).assign(spend_28d=1.0)
    constant.loc[0, "recency_days"] = np.inf

    assert FIGURES in page(frame().assign(spend_28d=1.0), constant)
    assert FIGURES in page(frame(), frame(1).head(1))


def test_nothing_to_show_is_a_page_that_says_so():
    for html in (page(frame()[["spend_28d"]], pd.DataFrame(index=range(5))), page(frame().head(0), frame())):
        assert "Left out: spend_28d" in banner(html)
        assert "<html" in html


def test_no_name_from_the_data_becomes_markup():
    evil = "</script><script>alert(1)</script>"
    html = page(frame().assign(**{evil: 1.0, evil + "b": "x"}), frame(1).assign(**{evil: 2.0, evil + "b": "x"}))

    assert "alert(1)" in html
    assert "<script>alert(1)" not in html


def test_large_sides_are_sampled_and_that_is_said():
    html = page(frame(n_rows=900), frame(1), max_rows=200)

    assert "200 current and 200 reference rows (sampled" in banner(html)


def test_arguments_are_left_as_they_were():
    before, now = frame(), frame(1).assign(spend_28d=None)
    copies = before.copy(), now.copy()

    page(before, now)

    pd.testing.assert_frame_equal(before, copies[0])
    pd.testing.assert_frame_equal(now, copies[1])
