"""The whole loop in memory: what each step left behind, and what it must never leave."""

import json

import pandas as pd
from matplotlib.figure import Figure

from pipelines.core.protocols import CHALLENGER, CHAMPION
from pipelines.core.windows import parse_cutoff
from pipelines.flows.ingest import ingest
from pipelines.flows.main import main
from pipelines.flows.outcome import Outcome
from pipelines.flows.prepare import prepare
from pipelines.flows.train import train
from pipelines.scoring.kinds import kind_of
from support.memory import MemoryModels, MemoryRun


def test_the_first_challenger_is_promoted(loop):
    assert loop.finished.outcome == Outcome.PROMOTED
    assert loop.models.find("tiny_churn", CHAMPION) == loop.finished.trained.version
    assert loop.models.find("tiny_churn", CHALLENGER) is None


def test_the_steps_are_nested_in_order(loop):
    assert [run.name for run in loop.run.children] == ["ingest", "train", "promote", "score", "drift_check"]


def test_the_page_of_the_loop_tells_every_step(loop):
    said = loop.run.description

    assert said.startswith("## Churn in a tiny shop: promoted")
    assert [one in said for one in ("**ingest**", "**train**", "**beats_baselines** passed", "**score**")] == [True] * 4


def test_the_run_of_training_holds_the_page_and_what_later_steps_need(loop):
    run = loop.run.named("train")

    assert run.artifacts["report/evaluation.html"].startswith("<!DOCTYPE html>")
    assert {"report/task.json", "out_of_fold.parquet", "search/history.png", "report/ageing.png"} <= set(run.artifacts)
    assert {"bag.n_bags", "policy.share_contacted", "test.log_loss", "ageing.longest_weeks"} <= set(run.metrics)


def test_out_of_fold_scores_are_not_those_of_the_shipped_model(loop):
    kept = loop.run.named("train").artifacts["out_of_fold.parquet"]
    scorer = loop.models.load(loop.finished.trained.version).scorer

    assert kept["score"].tolist() == scorer.calibration.probability(kept["raw"].to_numpy()).tolist()
    assert (kept["raw"].to_numpy() != scorer.raw(kept)).mean() > 0.9


def test_the_second_loop_ends_unchanged(loop):
    again = main(loop.shop.task, loop.shop.source, loop.shop.lake, loop.models, MemoryRun())

    assert again.outcome == Outcome.UNCHANGED
    assert again.promotion.champion == loop.finished.trained.version
    assert again.trained.version.digest == loop.finished.trained.version.digest


def test_two_trainings_give_the_same_metrics_and_digest(loop):
    run = MemoryRun()
    again = train(loop.shop.task, loop.shop.lake, MemoryModels(), run, None)
    first = loop.run.named("train")

    assert again.version.digest == loop.finished.trained.version.digest
    assert run.metrics == first.metrics
    assert run.trials == first.trials


def test_another_seed_gives_another_digest(loop):
    task = loop.shop.task.model_copy(update={"seed": 8})

    again = train(task, loop.shop.lake, MemoryModels(), MemoryRun(), None)
    assert again.version.digest != loop.finished.trained.version.digest


def test_no_customer_stands_in_anything_that_is_logged(loop):
    runs = [loop.run, *loop.run.children]
    logged = [json.dumps([run.logged_params, run.logged_tags, run.description, run.progress.said]) for run in runs]
    for run in runs:
        for artifact in run.artifacts.values():
            logged.append(_text(artifact))
    everything = "\n".join(logged)

    assert "client-0" in "\n".join(loop.shop.customer_ids), "the test must know what to look for"
    assert "client-0" not in everything


def test_scores_in_the_lake_carry_the_customer(loop):
    scores = pd.read_parquet(loop.finished.scored.path)

    assert set(scores["customer_id"]) <= set(loop.shop.customer_ids)
    assert scores.columns.tolist()[:4] == ["customer_id", "cutoff", "score", "decision"]
    assert scores["customer_id"].is_unique
    assert scores["score"].between(0, 1).all()


def test_scoring_a_cutoff_equals_the_training_panel(loop):
    prepared = prepare(loop.shop.task, loop.shop.lake, None)
    cutoff = prepared.parts.times.tested_from
    test = prepared.parts.test
    trained = test.at(test.cases.by["cutoff"] == f"{cutoff:%Y-%m-%d}").cases

    scored = kind_of(loop.shop.task).current(loop.shop.task, loop.shop.lake, cutoff)

    assert scored.subject_id.tolist() == trained.subject_id.tolist()
    pd.testing.assert_frame_equal(scored.rows, trained.rows, check_exact=True)


def test_training_at_a_cutoff_does_not_see_what_comes_after(loop, tmp_path):
    cutoff = parse_cutoff("2020-09-01")
    from support.shop import make_shop, sales  # a shop whose log ends at the cutoff

    bought = sales()
    short = make_shop(tmp_path, bought[bought["at"] < "2020-09-02"])  # latest is the start of the last day
    ingest(short.source, short.lake, MemoryRun())

    whole = train(loop.shop.task, loop.shop.lake, MemoryModels(), MemoryRun(), cutoff)
    alone = train(short.task, short.lake, MemoryModels(), MemoryRun(), cutoff)

    assert whole.version.digest == alone.version.digest
    assert whole.evaluation == alone.evaluation


def test_the_report_has_figures_intervals_and_baselines(loop):
    run = loop.run.named("train")

    assert {"report/roc.png", "report/pr.png", "report/gain.png", "report/calibration.png"} <= set(run.artifacts)
    assert {"explain/beeswarm.png", "explain/bar.png", "reference.parquet"} <= set(run.artifacts)
    low, high = run.metrics["test.roc_auc.ci_low"], run.metrics["test.roc_auc.ci_high"]
    assert low < run.metrics["test.roc_auc"] < high
    assert "baseline.recency_rule.roc_auc" in run.metrics
    assert any(name.startswith("fairness.band.") for name in run.metrics)
    assert "| model minus recency rule |" in run.description


def test_the_reference_is_the_test_part_as_the_model_saw_it(loop):
    reference = loop.run.named("train").artifacts["reference.parquet"]
    prepared = prepare(loop.shop.task, loop.shop.lake, None)
    test = prepared.parts.test

    assert len(reference) == len(test.label)
    assert reference["label"].sum() == test.label.sum()
    assert reference["case_id"].is_monotonic_increasing, "the order of customers' ids would give them away"


def test_every_run_says_what_it_takes_to_repeat_it(loop):
    for name in ("train", "promote", "score", "drift_check"):
        tags = loop.run.named(name).logged_tags
        assert {"data_digest", "config_digest", "seed", "known_at", "outcome"} <= set(tags), name


def _text(artifact):
    if isinstance(artifact, Figure):
        return " ".join(text.get_text() for text in artifact.findobj(match=lambda one: hasattr(one, "get_text")))
    if isinstance(artifact, pd.DataFrame):
        return artifact.to_csv()
    return artifact if isinstance(artifact, str) else json.dumps(artifact, allow_nan=False)


def test_the_card_is_written_from_the_run_and_completed_by_the_promotion(loop):
    trained, promoted = (loop.run.named(name).artifacts for name in ("train", "promote"))

    assert {"report/model_card.md", "report/model_card.html", "report/model_card.json"} <= set(trained)
    assert "No gate has ruled on it yet" in trained["report/model_card.md"]
    assert "No gate has ruled on it yet" not in promoted["report/model_card.md"]
    assert "by ada" in promoted["report/model_card.md"]
    assert [
        ruling.gate.replace("_", " ") in promoted["report/model_card.html"]
        for ruling in loop.finished.promotion.rulings
    ] == [True] * len(loop.finished.promotion.rulings)


def test_the_registry_tells_the_story_of_the_champion(loop):
    said = loop.models.descriptions[loop.finished.trained.version.version]

    assert len(said) <= 5_000
    assert "Promoted on 2026-01-02 03:04 UTC by ada" in said
    assert loop.finished.trained.version.run_id in said


def test_the_card_answers_what_people_ask(loop):
    card = loop.run.named("train").artifacts["report/model_card.md"]

    titles = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    asked = ["Purpose", "Data", "Label and split", "Figures", "Calibration", "What it looks at", "Fairness"]
    assert [one for one in asked if one not in titles] == []
    assert titles[-2:] == ["Known limits", "How to reproduce it"]
    assert f"regulars reproduce --run_id {loop.run.named('train').run_id}" in card
