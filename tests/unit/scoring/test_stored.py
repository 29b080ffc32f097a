"""Kept panels: what is read from disk is what would be computed anew, and only what changed is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.core.errors import BusyError
from pipelines.core.windows import DAY
from pipelines.scoring import stored
from pipelines.scoring.history import histories, history
from pipelines.scoring.stored import coverage_of, kept_panel, read_labelled, read_panel
from support.feeds import CHURN, GROWING, Growing, between, cutoffs, log, same

AT = cutoffs(60, 90, 120)
END = cutoffs(150)[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A shop of one file; tests only read, or keep what others keep too."""
    return Growing(tmp_path_factory.mktemp("whole")).add(log(), "all")


def test_panel_read_from_disk_is_the_panel_of_the_log(whole):
    assert same(read_panel(CHURN, whole.lake, END, AT), whole.described(END, AT))


@pytest.mark.parametrize("at_once", [1, 40, 10**9])
def test_ranges_of_customers_are_whole_and_hold_everybody_once(whole, at_once):
    ranges = list(histories(whole.lake, GROWING.name, END, CHURN.features, at_once))
    alone = history(whole.lake, GROWING.name, END, CHURN.features)
    ids = [customer for one in ranges for customer in one.customer_ids]

    assert ids == alone.customer_ids.tolist()
    assert np.concatenate([one.day for one in ranges]).tolist() == alone.day.tolist()
    assert (len(ranges) > 1) == (at_once < 10**9)


def test_how_many_customers_are_computed_together_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "_VALUES_AT_ONCE", 500)
    monkeypatch.setattr(stored, "histories", lambda *where: histories(*where, at_once=100))
    shop = Growing(tmp_path).add(log(), "all")

    assert same(read_panel(CHURN, shop.lake, END, AT), shop.described(END, AT))


def test_labels_are_those_of_the_log(whole):
    found = read_labelled(CHURN, whole.lake, END, AT)
    days = history(whole.lake, GROWING.name, END, CHURN.features)

    assert 0 < found.label.mean() < 1
    assert found.label.tolist() == CHURN.outcome.label(days, found.panel.spine).tolist()


def test_only_cutoffs_that_are_lacking_are_computed(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")

    assert kept_panel(CHURN, shop.lake, END, AT[:2]).built == AT[:2]
    assert kept_panel(CHURN, shop.lake, END, AT).built == AT[2:]
    assert kept_panel(CHURN, shop.lake, END, AT).built == ()
    assert same(read_panel(CHURN, shop.lake, END, AT), shop.described(END, AT))


def test_panel_of_other_features_is_another_panel(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    other = CHURN.model_copy(update={"features": CHURN.features[:2]})
    kept_panel(CHURN, shop.lake, END, AT)

    assert kept_panel(other, shop.lake, END, AT).built == AT
    assert kept_panel(CHURN, shop.lake, END, AT).built == ()
    assert len(read_panel(other, shop.lake, END, AT).rows.columns) == 10


def test_panels_that_were_tried_long_ago_are_cleared_away(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    others = [CHURN.model_copy(update={"features": CHURN.features[:n]}) for n in range(1, 6)]
    names = [kept_panel(task, shop.lake, END, AT[:1]).name for task in others]

    assert sorted(f"{CHURN.name}/{path.name}" for path in tmp_path.glob("data/panel/*/*")) == sorted(names[1:])


def test_new_events_leave_the_cutoffs_before_them_as_they_were(tmp_path):
    rows = log()
    shop = Growing(tmp_path / "grown").add(between(rows, 0, 100), "first")
    assert kept_panel(CHURN, shop.lake, cutoffs(100)[0], AT[:2]).built == AT[:2]

    shop.add(between(rows, 100, 150), "second")

    assert kept_panel(CHURN, shop.lake, END, (*AT, END)).built == (AT[1], AT[2], END)  # AT[1] has an outcome now
    anew = Growing(tmp_path / "anew").add(between(rows, 0, 150), "all")
    assert same(read_panel(CHURN, shop.lake, END, (*AT, END)), read_panel(CHURN, anew.lake, END, (*AT, END)))


def test_events_that_come_late_change_the_cutoffs_after_them(tmp_path):
    rows = log()
    held_back = between(rows, 80, 83)
    shop = Growing(tmp_path).add(between(rows, 0, 150).drop(held_back.index), "first")
    before = read_panel(CHURN, shop.lake, END, AT)

    shop.add(held_back, "late")

    assert kept_panel(CHURN, shop.lake, END, AT).built == AT  # the outcome of the first one ends on day 81
    after = read_panel(CHURN, shop.lake, END, AT)
    assert same(after, shop.described(END, AT))
    assert not same(after, before)


def test_files_that_are_gone_take_their_days_with_them(tmp_path):
    rows = log()
    shop = Growing(tmp_path).add(between(rows, 0, 100), "first").add(between(rows, 100, 150), "second")
    before = read_panel(CHURN, shop.lake, END, AT)
    shop.remove("second").add(between(rows, 100, 130), "shorter")

    last = cutoffs(129)[0]
    assert kept_panel(CHURN, shop.lake, last, AT).built == AT[1:]
    assert same(read_panel(CHURN, shop.lake, last, AT[:1]), Growing(tmp_path).described(last, AT[:1]))
    assert len(before) > 0


def test_nobody_has_a_label_before_their_outcome_window_has_ended(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    now = AT[2]
    kept = kept_panel(CHURN, shop.lake, now, AT)
    found = coverage_of(kept, shop.lake, now, CHURN.horizon)
    rows = pd.read_parquet(shop.lake.panels.place(kept.name))

    assert found.n_labelled.tolist() == [*found.n_rows[:2], 0]
    assert found.n_censored == found.n_rows[2] > 0
    assert rows.groupby("cutoff", observed=True)["label"].count().tolist() == found.n_labelled.tolist()
    with pytest.raises(ValueError, match="An outcome window of 21 days has not ended"):
        read_labelled(CHURN, shop.lake, now, AT)


def test_labels_that_were_learned_later_are_not_known_earlier(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    kept_panel(CHURN, shop.lake, END, AT)
    earlier = AT[2]
    kept = kept_panel(CHURN, shop.lake, earlier, AT)

    assert kept.built == ()
    assert coverage_of(kept, shop.lake, earlier, CHURN.horizon).n_labelled[2] == 0


def test_outcome_that_became_known_is_added(tmp_path):
    shop = Growing(tmp_path).add(log(), "all")
    kept_panel(CHURN, shop.lake, AT[2], AT)

    assert kept_panel(CHURN, shop.lake, AT[2] + CHURN.horizon, AT).built == AT[2:]
    assert set(read_labelled(CHURN, shop.lake, AT[2] + CHURN.horizon, AT).label) == {0, 1}


def test_label_that_another_process_took_away_is_no_label(tmp_path, monkeypatch):
    """A process that knows less replaces a cutoff between the look at it and its reading."""
    shop = Growing(tmp_path).add(log(), "all")
    kept = kept_panel(CHURN, shop.lake, AT[2], AT)
    monkeypatch.setattr(stored, "kept_panel", lambda *_: kept)

    with pytest.raises(BusyError, match=r"lost labels while it was read"):
        read_labelled(CHURN, shop.lake, END, AT)


def test_panel_is_one_ordered_table_for_any_reader(whole):
    kept = kept_panel(CHURN, whole.lake, END, AT)
    rows = pd.read_parquet(whole.lake.panels.place(kept.name))

    assert [str(cutoff) for cutoff in rows["cutoff"].cat.categories] == [f"{cutoff:%Y-%m-%d}" for cutoff in AT]
    assert rows["customer_id"].groupby(rows["cutoff"], observed=True).is_monotonic_increasing.all()
    assert list(rows.columns[-2:]) == ["label", "cutoff"]


def test_cutoff_at_which_nobody_is_eligible_has_no_rows(whole):
    nobody = CHURN.model_copy(update={"population": CHURN.population.model_copy(update={"within": DAY})})
    early = cutoffs(0)

    assert len(read_panel(nobody, whole.lake, END, early)) == 0
    assert read_panel(nobody, whole.lake, END, early).rows.shape == (0, len(whole.described(END, AT).rows.columns))


def test_pass_that_fails_leaves_what_was_kept(tmp_path, monkeypatch):
    shop = Growing(tmp_path).add(log(), "all")
    kept = kept_panel(CHURN, shop.lake, END, AT[:1])

    def failing(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(stored, "_by_cutoff", failing)
    with pytest.raises(RuntimeError, match="the disk is full"):
        kept_panel(CHURN, shop.lake, END, AT)
    monkeypatch.undo()

    assert [path.name for path in tmp_path.glob(f"data/panel/{kept.name}/*/*")] == ["panel.parquet"]
    assert kept_panel(CHURN, shop.lake, END, AT).built == AT[1:]
    assert same(read_panel(CHURN, shop.lake, END, AT), shop.described(END, AT))


@pytest.mark.parametrize("damage", [b"", b"no parquet"])
def test_damaged_file_is_computed_again(tmp_path, damage):
    shop = Growing(tmp_path).add(log(), "all")
    kept = kept_panel(CHURN, shop.lake, END, AT)
    next(tmp_path.glob(f"data/panel/{kept.name}/*/panel.parquet")).write_bytes(damage)

    assert len(kept_panel(CHURN, shop.lake, END, AT).built) == 1
    assert same(read_panel(CHURN, shop.lake, END, AT), shop.described(END, AT))
