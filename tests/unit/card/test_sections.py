"""What the parts of a card say."""

from datetime import UTC, datetime

import pytest

from pipelines.card.sections import data, limits, not_promoted, purpose, reproduction, ruled
from pipelines.flows.ingest import ingest
from pipelines.gates.evidence import Ruling
from pipelines.tables.manifest import About, Manifest
from support.memory import MemoryRun
from support.shop import Shop, make_shop

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def manifest(shop: Shop) -> Manifest:
    return ingest(shop.source, shop.lake, MemoryRun()).manifest


def test_the_purpose_names_population_score_decision_and_what_it_is_not_for(shop):
    said = purpose(shop.task, "whoever scores 0.3 or more is contacted").words

    assert shop.task.population_in_words in said
    assert "whoever scores 0.3 or more is contacted" in said
    assert "Not meant for" in said


def test_the_data_come_with_licence_limits_and_where_every_row_went(manifest):
    about = About(title="A shop <b>", licence="CC0", note="Times carry no zone.")

    found = data(manifest.model_copy(update={"about": about}), datetime(2020, 1, 1, tzinfo=UTC))

    assert "Licence: CC0" in found.words
    assert "Times carry no zone." in found.words
    assert "2020-01-01" in found.words
    assert found.table["table"].tolist() == list(manifest.tables)
    assert found.table["accepted"].tolist() == [f"{table.n_accepted:,}" for table in manifest.tables.values()]


def test_a_source_without_a_licence_says_so(manifest):
    assert "Licence: not stated" in data(manifest.model_copy(update={"about": About()}), None).words


def test_sensitive_columns_are_named_as_no_features(manifest):

    assert "Declared sensitive, and therefore no features: band" in data(manifest, None).words


def test_limits_are_a_warning_only_where_the_run_gives_one():
    assert limits(["the interval is wide"]).is_warning
    assert "the interval is wide" in limits(["the interval is wide"]).words
    assert not limits([]).is_warning
    assert "does not explain causes" in limits([]).words


def test_a_refusal_names_the_gates_that_refused():
    found = ruled([Ruling("calibrated", False, "0.1 > 0.03"), Ruling("has_signature", True, "yes")], "", NOW, "run7")

    assert found.words == "Refused on 2026-01-02 03:04 UTC, in the run run7, by calibrated. It scores nobody."
    assert found.is_warning


def test_a_promotion_says_who_when_where_and_why():
    found = ruled([Ruling("calibrated", True, "0.01 < 0.03")], "ada", NOW, "run7")

    assert [part in found.words for part in ("2026-01-02 03:04 UTC", "by ada", "run7")] == [True] * 3
    assert found.table.iloc[0].tolist() == ["calibrated", "passed", "0.01 < 0.03"]
    assert not_promoted().title == found.title


def test_a_promoter_who_is_not_known_is_not_invented():
    assert " by " not in ruled([], "", NOW, "run7").words


def test_the_card_holds_the_command_that_repeats_it():
    found = reproduction("run7", {"seed": "1"})

    assert "regulars reproduce --run_id run7" in found.words
    assert found.table.iloc[0].tolist() == ["seed", "1"]
