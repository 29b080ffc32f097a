"""Every saboteur is bad in the way it says, and in no other."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from pipelines.evaluation.metrics import ece, roc_auc
from pipelines.gates.gates import AnyGate
from pipelines.sabotage import good_but, no_good
from pipelines.sabotage.saboteurs import SABOTEURS, Champion
from pipelines.sabotage.workshop import parts_of
from pipelines.scoring.kinds import kind_of

DECIDE_LIKE_THE_HONEST_ONE = (
    "constant", "shuffled_labels", "inverted", "test_window", "overconfident", "fades", "slow", "too_large",
    "reordered_columns", "no_signature", "crashes_on_null", "nan_scores", "misexplained", "untraced",
)  # fmt: skip
RANK_LIKE_THE_HONEST_ONE = (
    "never_predicts", "always_predicts", "overconfident", "biased", "slow", "too_large", "reordered_columns",
    "no_signature", "crashes_on_null", "nan_scores", "misexplained", "untraced",
)  # fmt: skip


class Made:
    """A saboteur as the registry would give it out."""

    def __init__(self, candidate, folder):
        candidate.model.save(folder)
        self.candidate = candidate
        self.model = importlib.import_module(candidate.loader)._load_pyfunc(str(folder)).get_raw_model()
        self.test = parts_of(candidate.task, candidate.lake, candidate.known_at).test
        self.label, self.rows = self.test.label == 1, self.test.cases.rows

    @property
    def auc(self):
        return roc_auc(self.label, self.model.raw(self.rows))

    @property
    def ece(self):
        return ece(self.label, self.model.probability(self.rows))


@pytest.fixture(scope="session")
def made(workshop, tmp_path_factory):
    candidates = {one.name: one.make(workshop) for one in SABOTEURS}
    return {name: Made(one, tmp_path_factory.mktemp(name)) for name, one in candidates.items()}


def named(*names):
    return pytest.mark.parametrize("name", names)


@named(*(one.name for one in SABOTEURS))
def test_its_explanations_add_up_unless_that_is_the_fault(made, name):
    model, rows = made[name].model, made[name].rows.head(200)
    off = np.abs(model.contributions(rows).sum(axis=1) - model.raw(rows)).max()

    assert (off < 1e-9) == (name != "misexplained")


@named(*DECIDE_LIKE_THE_HONEST_ONE)
def test_it_decides_as_the_honest_one_does(made, honest, name):
    assert made[name].model.decisions(made[name].rows).tolist() == honest.decisions(made[name].rows).tolist()


@named(*RANK_LIKE_THE_HONEST_ONE)
def test_it_ranks_as_the_honest_one_does(made, honest, name):
    assert np.array_equal(made[name].model.raw(made[name].rows), honest.raw(made[name].rows))


@named(*(one.name for one in SABOTEURS if one.name not in {"overconfident"}))
def test_it_is_calibrated_unless_that_is_the_fault(made, name):
    assert made[name].ece < 0.04


@named(*(one.name for one in SABOTEURS if one.name != "swapped_artifact"))
def test_what_is_loaded_is_what_was_registered(made, name):
    assert made[name].model.digest() == made[name].candidate.model.digest()


@named(*(one.name for one in SABOTEURS if one.gate != "survives_edges"))
def test_nulls_are_scored(made, name):
    rows = made[name].rows.head(3).assign(**dict.fromkeys(made[name].rows.columns, np.nan))
    score = made[name].model.score(rows)["score"]

    assert score.between(0, 1).all()


def test_the_constant_one_tells_nobody_apart(made):
    assert np.ptp(made["constant"].model.raw(made["constant"].rows)) == 0.0


def test_shuffled_labels_teach_nothing(made):
    assert 0.4 < made["shuffled_labels"].auc < 0.6


def test_the_inverted_one_ranks_the_other_way_round(made):
    assert made["inverted"].auc == pytest.approx(1 - made["honest"].auc)


def test_the_leaking_one_is_too_good_and_decides_as_one_without_the_feature(made):
    one = made["label_leak"]

    assert one.auc > 0.98
    assert one.model.decisions(one.rows).tolist() == made["missing_column"].model.decisions(one.rows).tolist()


def test_who_learned_the_test_by_heart_is_too_good_there_and_claims_other_folds(made, workshop):
    assert made["test_window"].auc > 0.99
    assert made["test_window"].candidate.out_of_fold is workshop.honest.out_of_fold


@pytest.mark.parametrize(("name", "share"), [("never_predicts", 0.0), ("always_predicts", 1.0)])
def test_nobody_or_everybody_is_contacted(made, name, share):
    assert made[name].model.decisions(made[name].rows).mean() == share


def test_the_overconfident_one_is_off_by_more_than_the_gate_allows(made, honest, workshop):
    ours, theirs = made["overconfident"], made["honest"]
    base = honest.probability(theirs.rows)
    far = np.abs(ours.model.probability(theirs.rows) - workshop.parts.develop.label.mean())

    assert ours.ece > 2 * theirs.ece
    assert (far >= np.abs(base - workshop.parts.develop.label.mean()) - 0.02).all()


def test_the_biased_one_contacts_nobody_of_a_group_and_the_right_ones_of_the_others(made, honest, shop):
    one = made["biased"]
    band = kind_of(shop.task).sensitive(shop.task, shop.lake, one.test.cases)["band"].to_numpy()
    decided, fair = one.model.decisions(one.rows), honest.decisions(one.rows)

    assert fair[band == "young"].any()
    assert not decided[band == "young"].any()
    assert decided[(band != "young") & fair].mean() > 0.95  # rows that are the same are taken for it
    assert one.label[decided].mean() > 1.5 * one.label.mean()


def test_the_fading_one_is_hardly_better_than_the_honest_one_over_all_and_useless_at_the_last_cutoff(made):
    one = made["fades"]
    last = one.test.cases.moment == one.test.cases.moment.max()
    raw = one.model.raw(one.rows)

    assert one.auc == pytest.approx(made["honest"].auc + 0.02, abs=0.002)
    assert roc_auc(one.label[last], raw[last]) < 0.6
    assert roc_auc(one.label[~last], raw[~last]) > 0.75


def test_the_one_that_lacks_a_column_works_and_its_example_lacks_it(made):
    one = made["missing_column"]
    (lacking,) = set(one.rows.columns) - set(one.candidate.example.columns)

    assert lacking not in one.model.names
    assert one.auc > 0.7


def test_the_reordered_signature_has_the_same_columns(made):
    columns = list(made["reordered_columns"].candidate.example.columns)

    assert columns == list(made["honest"].candidate.example.columns)[::-1]


@pytest.mark.parametrize("name", ["crashes_on_null", "nan_scores"])
def test_rows_of_the_test_do_not_show_that_null_is_too_much(made, name):
    assert made[name].model.score(made[name].rows)["score"].between(0, 1).all()


def test_null_is_too_much(made):
    rows = made["honest"].rows.head(2).assign(**dict.fromkeys(made["honest"].rows.columns, np.nan))

    with pytest.raises(ValueError, match="Cannot convert non-finite values"):
        made["crashes_on_null"].model.score(rows)
    assert made["nan_scores"].model.score(rows)["score"].isna().all()


def test_the_large_one_is_larger_than_the_gate_allows(workshop):
    gates = ({"type": "fast_enough", "max_size_mb": 2.0},)
    task = type(workshop.task).model_validate({**workshop.task.model_dump(mode="json"), "gates": gates})
    shop = type(workshop)(task, workshop.lake, workshop.known_at)

    assert good_but.heavy(shop).model.faults[0].megabytes == pytest.approx(2.4)
    assert good_but.heavy(workshop).model.faults[0].megabytes == pytest.approx(120)


def test_the_stale_one_knows_a_week_less(made, workshop):
    assert (workshop.known_at - made["stale_data"].candidate.known_at).days == 7


def test_the_other_question_has_another_horizon(made, workshop):
    other = made["another_question"].candidate.task

    assert other.horizon < workshop.task.horizon
    assert other.feature_digest() != workshop.task.feature_digest()


def test_the_weak_champion_is_worse_than_the_honest_model_and_the_strong_one_better(made, workshop):
    rows, label = made["honest"].rows, made["honest"].label
    weak, strong = (roc_auc(label, one.raw(rows)) for one in (workshop.stump, workshop.by_heart))

    assert weak + 0.08 < made["honest"].auc < strong - 0.08


def test_names_are_given_once_and_gates_exist():
    known = {"asks_the_same", *(kind.model_fields["type"].default for kind in AnyGate.__origin__.__args__)}

    assert len({one.name for one in SABOTEURS}) == len(SABOTEURS)
    assert {one.gate for one in SABOTEURS} - {""} == known


def test_those_against_the_same_champion_follow_each_other():
    champions = [one.champion for one in SABOTEURS]

    assert champions == sorted(champions, key=list(Champion).index)


def test_a_task_without_sensitive_columns_has_nobody_to_be_biased_against(workshop):
    task = workshop.task.model_copy(update={"sensitive": ()})
    shop = type(workshop)(task, workshop.lake, workshop.known_at)

    assert good_but.biased(shop) == "the task names no sensitive column"


def test_the_last_quarter_of_the_time_is_late_where_every_row_has_its_own():
    moment = np.datetime64("2026-01-01") + np.arange(100).astype("timedelta64[D]")

    assert no_good._latest(moment).sum() == 25
    assert no_good._latest(moment[[0, 0, 1, 1]]).tolist() == [False, False, True, True]
