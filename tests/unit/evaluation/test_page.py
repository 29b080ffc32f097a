"""The page and its sections: self-contained, escaped, and one story in HTML, Markdown and figures."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from pipelines.core.intervals import Interval
from pipelines.evaluation import sections
from pipelines.evaluation.ageing import Age, Ageing
from pipelines.evaluation.evaluate import evaluation
from pipelines.evaluation.figures import evaluation_figures
from pipelines.evaluation.interval_figures import ageing_figure, differences_figure, slice_figure
from pipelines.evaluation.markdown import as_markdown
from pipelines.evaluation.metrics import METRICS
from pipelines.evaluation.page import KeyFigure, PageContent, Section, evaluation_page
from pipelines.evaluation.reports import ageing_report, differences_report, slices_report
from pipelines.evaluation.slices import Slice, sliced
from pipelines.evaluation.words import cell, doubts, slice_words, verdict
from support.scored import as_predictions, make_rows

VOID = {"meta", "img", "link", "br", "hr", "input"}
NASTY = "<b>$x$ | `&\"'</b>"


class Reader(HTMLParser):
    """Collects what a browser would see, and that every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def table_page(table):
    return evaluation_page(PageContent("t", "", [Section("s", table=table)]))


def title_of(figure: Figure) -> str:
    return figure.get_suptitle() or figure.axes[0].get_title(loc="left")


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in [*axes.get_yticklabels(), *axes.texts]]


@pytest.fixture(scope="module")
def rows():
    label, customer, raw = make_rows(n_customers=250)
    rng = np.random.default_rng(5)
    noisy, constant = as_predictions(raw + rng.normal(0, 2, raw.size)), as_predictions(np.full(raw.size, -1.0))
    return label, customer, as_predictions(raw), {"recency_rule": noisy, "prevalence": constant}


@pytest.fixture(scope="module")
def found(rows):
    label, customer, model, baselines = rows
    champion = as_predictions(model.raw + np.random.default_rng(1).normal(0, 0.01, label.size))
    return evaluation(label, customer, model, baselines, np.random.default_rng(0), 100, champion=champion)


@pytest.fixture(scope="module")
def slices(rows):
    label, customer, model, _ = rows
    level = np.where(np.arange(label.size) < 60, NASTY, np.where(customer < 150, "early", "late"))
    return sliced(label, customer, model, {"time_of_joining": level}, np.random.default_rng(0), 60)


@pytest.fixture(scope="module")
def aged():
    losses = [Interval(0.0, 0.0, 0.0), Interval(0.004, -0.001, 0.009), None, Interval(0.02, 0.012, 0.03)]
    ages = tuple(Age(week, 500 if loss else 20, 2, loss) for week, loss in enumerate(losses))
    return Ageing(ages, 0.01, Interval(0.02, 0.01, 0.03), 2)


@pytest.fixture(scope="module")
def page(rows, found, slices, aged):
    label, customer, model, baselines = rows
    parts = [
        sections.protocol("Who leaves?", {"test": NASTY}),
        sections.headline(found, "churns"),
        sections.beats(found),
        sections.curves(evaluation_figures(label, customer, model, baselines).artifacts),
        sections.by_level(slices, found),
        sections.ages(aged),
        sections.in_doubt(found, slices, aged, [NASTY]),
        sections.provenance({"seed": "7", NASTY: "digest"}),
    ]
    return evaluation_page(PageContent(NASTY, NASTY, parts, sections.key_figures(found)))


def test_the_page_is_well_formed_and_asks_for_nothing_from_outside(page):
    reader = read(page)

    assert all(source.startswith(("data:image/png;base64,", "#s")) for source in reader.sources)
    assert {"script", "link", "iframe"}.isdisjoint(reader.tags)
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert len(page) < 1_500_000


def test_what_comes_from_data_is_text_and_never_markup(page):
    reader = read(page)

    assert "b" not in reader.tags
    assert "".join(reader.text).count(NASTY) >= 6


def test_every_section_is_in_the_contents_and_every_figure_has_a_caption(page):
    reader = read(page)

    assert [source for source in reader.sources if source.startswith("#")] == [f"#s{i}" for i in range(1, 9)]
    assert all(f'<section id="s{i}"' in page for i in range(1, 9))
    assert reader.tags.count("img") == reader.tags.count("figcaption") == 7


def test_the_same_content_gives_the_same_page(found, aged):
    one, other = (evaluation_page(PageContent("t", "", [sections.beats(found), sections.ages(aged)])) for _ in range(2))

    assert one == other


def test_words_become_paragraphs_and_lists():
    page = evaluation_page(PageContent("t", "", [Section("s", "One\nline.\n\n- a\n- b < c\n\nLast.")]))

    assert "<p>One line.</p>\n<ul><li>a</li><li>b &lt; c</li></ul>\n<p>Last.</p>" in page


def test_numbers_stand_on_the_right_and_texts_on_the_left():
    table = pd.DataFrame(
        {
            "n_rows": [1234, 5],
            "share": [0.12345678, math.nan],
            "auc": ["0.8 [0.7, 0.9] ✓", "not known"],
            "by": ["a", "1"],
        }
    )
    page = table_page(table)

    assert "<td class=n>1,234</td><td class=n>0.1235</td><td class=n>0.8 [0.7, 0.9] ✓</td><td>a</td>" in page
    assert "<td class=n>5</td><td class=n></td><td class=n>not known</td><td>1</td>" in page


def test_a_long_table_is_cut_and_says_so():
    page = table_page(pd.DataFrame({"level": np.arange(1000)}))

    assert page.count("<tr>") == 201
    assert "and 800 more rows" in page


def test_a_page_without_anything_is_a_page():
    assert read(evaluation_page(PageContent("t", "", []))).tags.count("section") == 0
    assert "<td" not in table_page(pd.DataFrame({"a": []}))


def test_key_figures_carry_their_notes():
    page = evaluation_page(PageContent("t", "", [], [KeyFigure("ROC-AUC", "0.9", "0.8 to 1 %")]))

    assert "<dt>ROC-AUC</dt><dd>0.9<small>0.8 to 1&nbsp;%</small></dd>" in page


def test_every_metric_of_every_model_is_in_the_headline(found):
    table = sections.headline(found, "churns").table

    assert list(table) == ["metric", "model", "champion", "recency rule", "prevalence"]
    assert len(table) == len(METRICS)
    assert table.loc[0, "model"] == cell(found.model["roc_auc"])


def test_differences_are_marked_by_what_they_show(found):
    table = sections.beats(found).table.set_index("metric")

    assert table.loc["ROC-AUC", "model minus recency rule"].endswith("✓")
    assert table.loc["Brier score", "model minus recency rule"].endswith("✓")
    assert table.loc["ROC-AUC", "model minus champion"].endswith("·")


def test_the_figure_of_differences_leaves_out_what_ranks_nothing(found):
    figure = differences_figure(found)

    assert title_of(figure) == "Shown to rank better than 2 of 2 baselines; not told apart from the champion"
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["champion", "recency rule"]
    assert all(axes.get_xlabel() for axes in figure.axes)


def test_without_other_models_the_figure_of_differences_says_so(rows):
    label, customer, model, _ = rows
    alone = evaluation(label, customer, model, {}, np.random.default_rng(0), 20)
    beside = evaluation(label, customer, model, {}, np.random.default_rng(0), 20, champion=model)

    assert title_of(differences_figure(alone)) == "There is no other model to compare with"
    assert title_of(differences_figure(beside)) == "not told apart from the champion"


def test_the_figure_of_slices_names_levels_with_their_rows_and_says_what_is_too_small(found, slices):
    figure = slice_figure(slices, "time_of_joining", found)
    texts = texts_of(figure)

    assert title_of(figure).startswith("By time of joining: ranks worse than over all rows at ")
    assert any(text.startswith("early  (n = ") for text in texts)
    assert "60 rows, fewer than 200" in texts
    assert not any("$x$" in text for text in texts)


def test_a_column_without_a_level_of_enough_rows_has_a_figure_that_says_so(found):
    small = [Slice("age", "35-44", 12, 9, 0.5, {}, "12 rows, fewer than 200")]

    assert title_of(slice_figure(small, "age", found)) == "By age: no level has enough rows"
    assert "Without figures: age 35-44 (12 rows, fewer than 200)." in slice_words(small, found)


def test_the_figure_of_ageing_states_the_useful_life(aged):
    figure = ageing_figure(aged)

    assert title_of(figure) == "Loses more than 0.01 ROC-AUC from 3 weeks on"
    assert "(2 models, n = 1,500 rows)" in figure.axes[0].get_xlabel()
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == [
        "margin 0.01",
        "loss and 95 % interval",
        "too few rows",
        "line: 0.0200 [0.0100, 0.0300] per 4 weeks",
    ]


def test_an_age_never_seen_is_drawn_empty():
    assert title_of(ageing_figure(Ageing((), 0.01, None, 1))) == "No age has enough rows"


def test_the_verdict_says_what_is_beaten_and_what_is_a_tie(found):
    ranked, beaten, champion = verdict(found)

    assert ranked.startswith(f"A positive outranks a negative {found.model['roc_auc'].estimate:.1%} of the time")
    assert "shown to rank better than 2 of 2 baselines; against the best of them, recency rule" in beaten
    assert champion.startswith("Against the champion: ROC-AUC cannot be told apart")


def test_doubts_name_a_tie_a_small_slice_and_an_unseen_age(found, slices, aged):
    reasons = " ".join(doubts(found, slices, aged))

    assert "not shown to rank better than the champion" in reasons
    assert "1 slice is too small for figures." in reasons
    unaged = Ageing(aged.ages[:2], 0.01, None, 1)
    assert "beyond 1 weeks after its training was not seen" in " ".join(doubts(found, (), unaged))


def test_few_rows_are_doubted_and_not_hidden():
    label, customer, raw = np.array([1, 0, 0]), np.arange(3), np.array([2.0, 0.0, 1.0])
    few = evaluation(label, customer, as_predictions(raw), {}, np.random.default_rng(0), 50)

    assert verdict(few)[0] == "ROC-AUC is 1.000; the data are too few for an interval."
    assert doubts(few)[0].startswith("The interval of ROC-AUC is wide: 1.000 [not known].")
    assert "nan" not in evaluation_page(
        PageContent("t", "", [sections.headline(few, "churns"), sections.beats(few)], sections.key_figures(few))
    )


def test_the_short_version_tells_the_same_story(found, slices, aged):
    text = as_markdown(found, NASTY, "churns", description="Who leaves?", slices=slices, aged=aged)

    parts = ["How it is calibrated", "How it ages", "Where it fails", "What to doubt"]
    assert [line[4:] for line in text.splitlines() if line.startswith("### ")] == parts
    assert "<b>" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {len(METRICS) + 2}
    assert [line.split(" | ")[0] for line in table[2:]] == [
        "| model",
        "| champion",
        "| model minus champion",
        "| recency rule",
        "| model minus recency rule",
        "| prevalence",
        "| model minus prevalence",
    ]


def test_what_a_run_keeps_has_a_path_that_any_column_can_have(found, slices, aged):
    nasty = [Slice("../<b>Ä$ value", "a", 3, 3, 0.5, {}, "3 rows, fewer than 200")]
    kept = slices_report([*slices, *nasty], found) | ageing_report(aged) | differences_report(found)

    assert set(kept.artifacts) == {
        "report/slices.parquet",
        "report/by_time_of_joining.png",
        "report/by_b_value.png",
        "report/ageing.parquet",
        "report/ageing.png",
        "report/differences.png",
    }
    assert kept.metrics["ageing.useful_weeks"] == 3.0
    assert kept.metrics["ageing.loss_per_4_weeks.ci_low"] == 0.01
    assert len(kept.artifacts["report/ageing.parquet"]) == 4
