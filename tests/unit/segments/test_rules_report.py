"""Sizes and overlaps of micro-segments as tables, words and pictures."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from pipelines.core.windows import day_moment
from pipelines.segments.rules.compute import overlaps
from pipelines.segments.rules.figures import MAX_SHOWN, overlaps_figure, sizes_figure
from pipelines.segments.rules.report import report
from pipelines.segments.rules.rule import Said
from pipelines.segments.rules.spec import RuleSegments

MEMBERS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "often": [True, True, True, False],
        "rich": [False, True, True, False],
        "gone": [False, False, False, False],
    }
)


def sizes(**n_members: list[int]) -> pd.DataFrame:
    """Sizes at weekly cutoffs, of four customers."""
    n_cutoffs = len(next(iter(n_members.values())))
    rows = [
        (day_moment(7 * place), name, counts[place], 4, counts[place] / 4)
        for place in range(n_cutoffs)
        for name, counts in n_members.items()
    ]
    return pd.DataFrame(rows, columns=["cutoff", "segment", "n_members", "n_known", "share"])


def rules(*names: str) -> RuleSegments:
    one = {"type": "events", "condition": "COUNT(*) > 1"}
    segments = {name: {**one, "title": name.title(), "says": f"Who is {name}."} for name in names}
    content = {"kind": "rules", "name": "micro", "title": "Micro $", "source": "shop", "segments": segments}
    return RuleSegments.read(content, "micro")


def test_overlaps_count_the_customers_of_both():
    found = overlaps(MEMBERS).set_index(["segment", "other"])

    assert found.loc[("often", "rich")].to_dict() == {
        "n_segment": 3,
        "n_other": 2,
        "n_both": 2,
        "jaccard": pytest.approx(2 / 3),
        "share_of_smaller": 1.0,
    }
    assert found.loc[("rich", "gone"), "jaccard"] == 0
    assert math.isnan(found.loc[("rich", "gone"), "share_of_smaller"])
    assert len(found) == 3


def test_a_report_has_metrics_tables_words_and_figures_and_no_customer():
    found = report(rules("often", "rich", "gone"), MEMBERS, sizes(often=[1, 3], rich=[2, 2], gone=[0, 0]))

    assert found.metrics == {
        "segments.often.n_members": 3,
        "segments.often.share": 0.75,
        "segments.rich.n_members": 2,
        "segments.rich.share": 0.5,
        "segments.gone.n_members": 0,
        "segments.gone.share": 0,
        "segments.n_known": 4,
        "segments.n_empty": 1,
    }
    assert set(found.artifacts) == {
        f"report/{name}" for name in ("sizes.png", "overlaps.png", "segments.md", "sizes.parquet", "overlaps.parquet")
    }
    words = found.artifacts["report/segments.md"]
    assert isinstance(words, str)
    assert "At 1970-01-08, of 4 customers known by then; the last column is the share at 1970-01-01." in words
    assert "| Often (`often`) | Who is often. | 3 | 75 % | 25 % |" in words
    assert "- Often and Rich: 2 customers in both, 67 % of those in either and 100 % of the smaller" in words
    assert "Nobody is in: Gone." in words
    assert "customer_id" not in found.artifacts["report/sizes.parquet"]


def test_one_segment_alone_has_no_overlaps():
    found = report(rules("often"), MEMBERS[["customer_id", "often"]], sizes(often=[3]))

    assert set(found.artifacts) == {"report/sizes.png", "report/segments.md", "report/sizes.parquet"}
    assert "No two share a customer." in str(found.artifacts["report/segments.md"])


def test_sizes_are_drawn_on_an_axis_each_under_what_moved_most():
    said = rules("often", "rich").said
    figure = sizes_figure(sizes(often=[1, 3], rich=[2, 2]), said)

    assert figure.get_suptitle().endswith("most moved 'Often', from 25 % to 75 %")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Often", "Rich"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [25, 75])


def test_overlaps_are_drawn_as_shares_of_each_row():
    axes = overlaps_figure(MEMBERS, rules("often", "rich", "gone").said).axes[0]

    drawn = axes.images[0].get_array()
    assert axes.get_title(loc="left") == "100 % of 'Rich' are also 'Often'"
    np.testing.assert_allclose(drawn[0, 1], 200 / 3)
    np.testing.assert_allclose(drawn[1, 0], 100)
    assert drawn.mask.tolist() == [[True, False, False], [False, True, False], [True, True, True]]
    assert [text.get_text() for text in axes.texts] == ["67", "0", "100", "0"]


def test_segments_without_anybody_share_nobody():
    nobody = MEMBERS.assign(often=False, rich=False)

    figure = overlaps_figure(nobody, rules("often", "rich", "gone").said)

    assert figure.axes[0].get_title(loc="left") == "No two segments share customers"


def test_more_segments_than_can_be_told_apart_are_left_out_of_pictures():
    said = {f"s{place}": Said(f"S{place}", "It.") for place in range(MAX_SHOWN + 3)}
    members = pd.DataFrame({"customer_id": ["a"], **{name: [True] for name in said}})

    axes = overlaps_figure(members, said).axes[0]
    assert axes.images[0].get_array().shape == (MAX_SHOWN, MAX_SHOWN)
    assert not axes.texts
    assert len(sizes_figure(sizes(**{name: [1] for name in said}), said).axes) == MAX_SHOWN
