"""One customer's page: what it says adds up, and nothing that it says can break out of it."""

import numpy as np
import pandas as pd
import pytest

from pipelines.explain.local import (
    N_STEPS,
    Checked,
    LocalCase,
    Peers,
    file_stem,
    number,
    steps_by_feature,
    steps_by_idea,
    values_table,
)
from pipelines.explain.local_figures import checks_figure, waterfall
from pipelines.explain.local_page import MAX_CASES, LocalPage, headline, local_page
from pipelines.features.catalogue import Feature

N_FEATURES = 14


def feature(place, idea=""):
    return Feature(
        f"f{place}", f"What f{place} is", "days", "P28D", "never", "test", "", idea=idea, usual="f1" * (place == 0)
    )


def case(name="", checks=(), evil=""):
    rng = np.random.default_rng(1)
    features = tuple(feature(place, f"{evil}idea {place // 2}") for place in range(N_FEATURES))
    values = rng.normal(size=N_FEATURES)
    row = pd.Series({one.name: 1.5 * place for place, one in enumerate(features)}, dtype=object)
    row["f3"] = evil or None
    return LocalCase(
        name,
        0.62,
        True,
        "contacts begin at 0.4",
        -2.0 + values.sum(),
        -2.0,
        features,
        row,
        values,
        (f"{evil}first",),
        checks,
    )


def chance(raw):
    return 1 / (1 + np.exp(-raw))


def page_of(*cases, subject="1085"):
    tested = Peers(np.array([0.1, 0.2, 0.9]), {"f0": 3.0, "f1": float("nan")})
    return local_page(
        LocalPage("Churn", subject, "churns", "as of 2018-01-01", cases, tested, chance, {"source": "shop"})
    )


CHECKS = (
    Checked("had the last purchase been yesterday", 0.31, False),
    Checked("had the last purchase, 3 days ago, not been made", float("nan"), False),
)


@pytest.mark.parametrize("steps_of", [steps_by_idea, steps_by_feature])
def test_the_steps_lead_from_the_base_to_the_raw_score(steps_of):
    one = case()
    steps = steps_of(one)

    assert one.base + sum(step.move for step in steps) == pytest.approx(one.raw)
    moves = [abs(step.move) for step in steps[:N_STEPS]]
    assert moves == sorted(moves, reverse=True)
    assert len(steps) <= N_STEPS + 1


def test_features_of_one_idea_are_one_step():
    assert len(steps_by_idea(case())) == N_FEATURES // 2
    assert steps_by_feature(case())[-1].said == f"{N_FEATURES - N_STEPS} others"


def test_every_value_stands_beside_the_usual_and_the_typical_one():
    table = values_table(case(), Peers(np.array([0.5]), {"f0": 3.0})).set_index("feature")

    assert len(table) == N_FEATURES
    assert table.loc["f0", ["value", "their usual", "median of tested"]].tolist() == ["0", "1.5", "3"]
    assert table.loc["f3", "value"] == "unknown"
    assert table.loc["f2", "median of tested"] == "unknown"


def test_counter_checks_say_before_and_after_and_whether_the_decision_turns():
    one = case()

    assert CHECKS[0].words(one) == "0.620 → 0.310 had the last purchase been yesterday: no longer to contact"
    assert CHECKS[1].words(one).endswith("then outside of the population")
    assert Checked("x", 0.7, True).words(one) == "0.620 → 0.700 x"


def test_the_page_tells_score_reasons_what_ifs_values_and_origin():
    page = page_of(case(checks=CHECKS))

    for said in ("Customer 1085", "higher than 67&nbsp;% of the rows", "first", "0.620 → 0.310", "What f13 is", "shop"):
        assert said in page
    assert page.count("data:image/png;base64,") == 3


def test_a_page_without_counter_checks_has_no_such_part():
    assert "What if" not in page_of(case())


def test_of_many_cases_five_are_told_and_the_rest_is_counted():
    page = page_of(*(case(f"session s{place}") for place in range(MAX_CASES + 2)))

    assert f"session s{MAX_CASES - 1}" in page
    assert f"session s{MAX_CASES}" not in page
    assert "2 older cases" in page


EVIL = "<script>alert('$x_1$')</script>"


def test_nothing_from_the_data_can_break_out_of_the_page():
    page = page_of(case(EVIL, (Checked(EVIL, 0.3, False),), EVIL), subject=EVIL)

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.split("</style>")[1]


def test_figures_draw_text_as_it_is_written():
    one = case(checks=(Checked(EVIL, 0.3, False),), evil="$x_1$ ")
    shown = waterfall(steps_by_idea(one), one, chance, "t")
    shown.canvas.draw()
    checks_figure(one).canvas.draw()

    assert any(r"\$x" in text.get_text() for text in shown.axes[0].get_yticklabels())


@pytest.mark.parametrize("values", [np.zeros(3), np.array([1e-12, 0, 0]), np.array([40.0, -3, 2])])
def test_a_waterfall_of_nothing_or_of_much_is_drawn(values):
    features = tuple(feature(place) for place in range(1, 4))
    row = pd.Series({one.name: 1.0 for one in features})
    one = LocalCase("", 0.5, False, "", -2.0 + values.sum(), -2.0, features, row, values, ())

    figure = waterfall(steps_by_feature(one), one, chance, "t")
    figure.canvas.draw()

    assert figure.axes[0].get_xlabel()


def test_without_tested_rows_nothing_is_held_against_them():
    assert headline(case(), Peers(np.empty(0), {}), "churns") == (
        "Score 0.620 (churns). To contact: contacts begin at 0.4."
    )


@pytest.mark.parametrize(
    "subject", ["../../etc/passwd", "a/b", "<b>", "", "con.", "x" * 300, "ä", "a b", ".", "-rf", "a\0b", "a\nb"]
)
def test_an_id_that_is_no_plain_word_never_becomes_a_file_name(subject):
    stem = file_stem("churn", subject, "2018-01-01")

    assert stem.startswith("churn-sha256_")
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


def test_different_ids_have_different_files():
    assert len({file_stem("churn", one, "") for one in ("a b", "a/b", "a_b", "ab")}) == 4


def test_numbers_are_told_with_the_digits_that_a_person_reads():
    assert [number(one) for one in (1234567.8, 12.34, 0.0, None, np.nan)] == [
        "1,234,568",
        "12.3",
        "0",
        "unknown",
        "unknown",
    ]
