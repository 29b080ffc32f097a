"""Segments from the log to the registry: chosen, handed on, described, gated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from pipelines.core.errors import NotEnoughDataError
from pipelines.core.protocols import CHALLENGER, CHAMPION, REFERENCE
from pipelines.flows.assign import assign
from pipelines.flows.ingest import ingest
from pipelines.flows.outcome import Outcome
from pipelines.flows.segment import Segmented, segment
from pipelines.gates.segment_gates import Usable
from pipelines.segments.continuity import Fate
from support.memory import MemoryModels, MemoryRun
from support.segments import GroupedShop, grouped_sales, make_grouped_shop
from support.shop import write_sales

EARLIER = datetime(2020, 9, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Done:
    made: GroupedShop
    models: MemoryModels
    run: MemoryRun
    found: Segmented


def ready(root, **changes):
    made = make_grouped_shop(root, **changes)
    ingest(made.shop.source, made.shop.lake, MemoryRun())
    return made


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Done:
    made, models, run = ready(tmp_path_factory.mktemp("grouped")), MemoryModels(), MemoryRun()
    return Done(made, models, run, segment(made.spec, made.shop.lake, models, run, None))


def test_planted_kinds_are_found_and_promoted(done):
    found, last = done.found, done.found.refits[-1]
    population = assign(done.made.spec, done.made.shop.lake, done.models, MemoryRun(), None).table

    assert found.outcome == Outcome.PROMOTED, [one for one in found.rulings if not one.passed]
    assert found.chosen.structure.kind == "groups"
    assert len(last.segmentation.ids) == 3
    truth = done.made.kind[population["customer_id"]]
    assert adjusted_rand_score(truth, population["segment"]) > 0.95


def test_every_step_of_the_choice_and_the_personas_is_logged(done):
    logged = set(done.run.artifacts)

    assert {
        "segments/personas.html",
        "segments/rule.sql",
        "segments/continuity.json",
        "gates.json",
        REFERENCE,
    } <= logged
    assert done.run.metrics["segments.definition"] > 0.9
    assert done.run.metrics["gate.stable"] == 1.0
    assert done.run.logged_params["config.value"] == "amount_112d"
    assert done.run.logged_tags["outcome"] == Outcome.PROMOTED
    assert done.models.descriptions["1"].startswith("## Customers of a tiny shop: promoted")


def test_no_artifact_names_a_customer(done):
    ids = done.made.shop.customer_ids
    texts = [
        one if isinstance(one, str) else str(one) for one in done.run.artifacts.values() if not hasattr(one, "savefig")
    ]
    tables = [one.to_csv() for one in done.run.artifacts.values() if hasattr(one, "to_csv")]

    assert not [one for one in ids for text in (*texts, *tables, done.run.description) if one in text]


def test_the_same_log_again_is_unchanged_and_registers_nothing(done):
    n_before = len(done.models.versions)

    again = segment(done.made.spec, done.made.shop.lake, done.models, MemoryRun(), None)

    assert again.outcome == Outcome.UNCHANGED
    assert again.version is None
    assert len(done.models.versions) == n_before
    assert {one.fate for one in again.continuity.changes} == {Fate.PERSISTED}


def test_the_table_holds_everybody_who_is_eligible_once_with_name_distance_and_version(done):
    found = assign(done.made.spec, done.made.shop.lake, done.models, MemoryRun(), None)

    assert list(found.table) == [
        "customer_id",
        "cutoff",
        "segment",
        "segment_name",
        "distance",
        "model_version",
        "run_id",
    ]
    assert found.table["customer_id"].is_unique
    assert set(found.table["segment"]) == set(done.found.refits[-1].segmentation.ids)
    assert (found.table["distance"] >= 0).all()
    assert set(found.table["model_version"]) == {"1"}
    assert found.sizes["n_customers"].sum() == len(found.table)
    assert pd.read_parquet(found.path).equals(found.table)


def test_what_comes_later_changes_nothing_of_an_earlier_cutoff(tmp_path):
    early, late = ready(tmp_path / "early"), ready(tmp_path / "late")
    bought = grouped_sales()
    write_sales(late.shop.root, bought[bought["at"] < np.datetime64("2020-09-20")])
    ingest(late.shop.source, late.shop.lake, MemoryRun())

    told = [segment(one.spec, one.shop.lake, MemoryModels(), MemoryRun(), EARLIER) for one in (early, late)]

    shipped = [one.refits[-1].segmentation.model_dump_json() for one in told]
    assert shipped[0] == shipped[1]
    assert told[0].chosen.measured.model_dump_json() == told[1].chosen.measured.model_dump_json()


def test_ids_and_names_outlive_a_refit_on_a_later_cutoff(tmp_path):
    made, models = ready(tmp_path), MemoryModels()
    first = segment(made.spec, made.shop.lake, models, MemoryRun(), EARLIER)
    held = {one: first.told.names[one] for one in first.refits[-1].segmentation.ids}

    second = segment(made.spec, made.shop.lake, models, MemoryRun(), None)

    assert (first.outcome, second.outcome) == (Outcome.PROMOTED, Outcome.PROMOTED)
    assert second.refits[-1].segmentation.names == held
    assert second.continuity.n_persisted == len(held)
    both = set(made.shop.lake.kept_segments(made.spec.name))
    assert both == {first.cutoff, second.cutoff}


def test_a_name_from_the_file_wins_over_the_rule(tmp_path):
    made = ready(tmp_path, names={1: "Our best"})

    found = segment(made.spec, made.shop.lake, MemoryModels(), MemoryRun(), None)

    assert found.told.names[1] == "Our best"


def test_noise_is_told_to_have_no_groups_and_is_refused_by_the_gate_that_asks_for_them(tmp_path):
    made = ready(tmp_path, sales=grouped_sales(300, seed=4, kinds={"any": (14.0, 40.0)}))
    models = MemoryModels()

    found = segment(made.spec, made.shop.lake, models, MemoryRun(), None)

    assert not found.chosen.structure.found
    assert found.outcome in {Outcome.REFUSED, Outcome.NO_STRUCTURE}
    assert models.find(made.spec.name, CHAMPION) is None
    assert made.shop.lake.kept_segments(made.spec.name) == {}


def test_a_refused_segmentation_stays_challenger_and_the_champion_stays_champion(tmp_path):
    made, models = ready(tmp_path), MemoryModels()
    segment(made.spec, made.shop.lake, models, MemoryRun(), EARLIER)
    strict = made.spec.model_copy(update={"gates": (Usable(smallest_share=0.9),)})

    found = segment(strict, made.shop.lake, models, MemoryRun(), None)

    assert found.outcome == Outcome.REFUSED
    assert models.find(made.spec.name, CHAMPION).version == "1"
    assert models.find(made.spec.name, CHALLENGER).version == "2"


def test_an_earlier_cutoff_is_kept_for_tasks_and_does_not_replace_a_champion_that_knows_more(tmp_path):
    made, models = ready(tmp_path), MemoryModels()
    segment(made.spec, made.shop.lake, models, MemoryRun(), None)

    found = segment(made.spec, made.shop.lake, models, MemoryRun(), EARLIER)

    assert found.outcome == Outcome.DONE
    assert models.find(made.spec.name, CHAMPION).version == "1"
    assert EARLIER in made.shop.lake.kept_segments(made.spec.name)


def test_an_override_does_not_choose_its_own_examination(tmp_path):
    made = ready(tmp_path, gates=[{"type": "usable", "smallest_share": 0.9}])
    lenient = made.spec.model_copy(update={"gates": (Usable(),)})
    other = made.spec.model_copy(update={"on": ("recency_days", "n_orders_112d")})

    told = [segment(one, made.shop.lake, MemoryModels(), MemoryRun(), None, made.spec) for one in (lenient, other)]

    assert [ruling.gate for ruling in told[0].rulings if not ruling.passed] == ["usable"]
    assert [ruling.gate for ruling in told[1].rulings if not ruling.passed] == ["asks_the_same", "usable"]


def test_a_log_shorter_than_the_history_says_what_is_needed(tmp_path):
    made = ready(tmp_path)

    with pytest.raises(NotEnoughDataError) as error:
        segment(made.spec, made.shop.lake, MemoryModels(), MemoryRun(), datetime(2020, 3, 1, tzinfo=UTC))

    assert "is shorter than the 112 days of history that the segmentation needs" in str(error.value)
