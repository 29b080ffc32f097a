"""What every kind of task promises: described and divided rows that training, gates and drift can take as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source
from pipelines.core.errors import NotEnoughDataError
from pipelines.flows.ingest import ingest
from pipelines.scoring.kinds import kind_of
from pipelines.tasks.any_task import KINDS, read_task
from support.cases import make_cases, rows
from support.memory import MemoryRun
from support.project import PROJECT
from support.sessions import SESSIONS
from support.shop import make_shop


def panel(root):
    shop = make_shop(root)
    return shop.task, shop.source, shop.lake


def table(root):
    shop = make_cases(root, rows(2_000))
    return shop.task, shop.source, shop.lake


def session(root):
    source = load_source(PROJECT / "conf", "simulated_shop", "simulation.n_customers=1000")
    return read_task(SESSIONS, "test"), source, FileLake(root / "data", root, DuckDBEngine())


MADE = {"panel": panel, "table": table, "session": session}


def test_every_kind_is_made_here():
    assert set(MADE) == set(KINDS)


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory):
    """A task of the kind, its lake, and the parts of its rows."""
    task, source, lake = MADE[request.param](tmp_path_factory.mktemp(request.param))
    ingest(source, lake, MemoryRun())
    task, _ = kind_of(task).fitted(task, lake.manifest(task.source))
    return task, lake, kind_of(task).parts(task, lake, None)


def each(parts):
    return [parts.develop, parts.test, *(one for fold in parts.folds for one in fold)]


def test_rows_keys_subjects_and_moments_are_as_many(made):
    _, _, parts = made

    for part in each(parts):
        cases = part.cases
        assert len(part.label) == len(cases.rows) == len(cases.keys) == len(cases.subject)
        assert cases.moment is None or len(cases.moment) == len(cases.rows)
        assert all(len(values) == len(cases.rows) for values in cases.by.values())
        assert set(np.unique(part.label)) == {0, 1}


def test_columns_are_the_features_in_their_order(made):
    task, lake, parts = made
    names = [feature.name for feature in parts.features]

    assert all(part.cases.rows.columns.tolist() == names for part in each(parts))
    assert [one.name for one in kind_of(task).features(task, lake.manifest(task.source))] == names
    assert (parts.develop.cases.encoded.dtypes == np.float64).all()


def test_no_row_is_learned_from_and_tested(made):
    _, _, parts = made
    develop, test = (set(map(tuple, part.cases.keys.astype(str).to_numpy())) for part in (parts.develop, parts.test))

    assert not develop & test


def test_labels_were_known_before_the_next_part_begins(made):
    task, _, parts = made
    for earlier, later in ((parts.develop, parts.test), *parts.folds):
        if parts.times.tested_from is not None:
            assert (earlier.cases.moment.max() + np.timedelta64(task.horizon)) <= later.cases.moment.min()


def test_rows_are_described_the_same_twice(made):
    task, lake, parts = made
    again = kind_of(task).parts(task, lake, None)

    pd.testing.assert_frame_equal(parts.test.cases.rows, again.test.cases.rows, check_exact=True)
    assert parts.test.label.tolist() == again.test.label.tolist()


def test_rows_to_score_have_the_columns_that_were_learned(made):
    task, lake, parts = made
    current = kind_of(task).current(task, lake, None)

    assert current.rows.columns.tolist() == parts.test.cases.rows.columns.tolist()
    assert len(current) > 0
    assert not current.keys.duplicated().any()


def test_one_subject_is_described_as_in_the_batch(made):
    task, lake, _ = made
    current = kind_of(task).current(task, lake, None)
    for place in (0, len(current) - 1):
        mask = current.subject == current.subject[place]
        alone = kind_of(task).subject(task, lake, None, str(current.subject_id[place]))

        assert sorted(alone.keys.astype(str).agg(" ".join, axis=1)) == sorted(
            current.at(mask).keys.astype(str).agg(" ".join, axis=1)
        )
        assert set(alone.subject_id) == {current.subject_id[place]}
        assert alone.moment is None or (np.diff(alone.moment.astype(np.int64)) <= 0).all()
        expected = current.at(mask).rows.astype(str).agg(" ".join, axis=1)
        assert sorted(alone.rows.astype(str).agg(" ".join, axis=1)) == sorted(expected)


def test_a_subject_whom_nobody_knows_is_not_named(made):
    task, lake, _ = made
    with pytest.raises(NotEnoughDataError) as error:
        kind_of(task).subject(task, lake, None, "nobody-17")

    assert "nobody-17" not in str(error.value)


def test_scenarios_are_the_same_cases_otherwise(made):
    task, lake, parts = made
    current = kind_of(task).current(task, lake, None)
    cases = kind_of(task).subject(task, lake, None, str(current.subject_id[0])).described_by(parts.features)
    name = next(feature.name for feature in parts.features if not feature.levels)
    scenarios = kind_of(task).scenarios(task, lake, None, cases, {name: (-17.0,)})

    assert scenarios
    for one in scenarios:
        assert one.rows is None or one.rows.columns.tolist() == cases.rows.columns.tolist()
        assert one.rows is None or len(one.rows) == len(cases)
        assert one.rows is None or not one.rows.equals(cases.rows)


def test_sensitive_columns_are_told_for_every_row_and_never_described(made):
    task, lake, parts = made
    told = kind_of(task).sensitive(task, lake, parts.test.cases)

    assert told.shape == (len(parts.test), len(task.sensitive))
    assert not told.isna().any().any()
    assert not set(task.sensitive) & {feature.name for feature in parts.features}


def test_digests_change_with_what_they_are_about(made):
    task, *_ = made
    other = task.model_copy(update={"source": "another"})

    assert other.feature_digest() != task.feature_digest()
    assert other.label_digest() != task.label_digest()
    assert other.protocol_digest() == task.protocol_digest()
