"""Every file of ``conf/`` loads, and names only what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.config.files import load_segments, load_source, load_task, names_in
from pipelines.scoring.kinds import kind_of
from pipelines.tables.manifest import Manifest
from pipelines.tasks.table_task import TableTask

CONF = Path(__file__).parents[2] / "conf"
MANIFEST = Manifest(source="any", data_digest="", clock=None, n_customers=0, currency="USD", decimals=2, tables={})
TASKS, SOURCES, SEGMENTS = (names_in(CONF / folder) for folder in ("tasks", "sources", "segments"))


def test_there_is_something_to_load():
    assert "churn" in TASKS
    assert "complete_journey" in SOURCES
    assert "segments_complete_journey" in SEGMENTS


def test_no_name_is_a_task_and_a_segmentation():
    assert not {*TASKS} & {*SEGMENTS}


@pytest.mark.parametrize("name", SEGMENTS)
def test_every_segmentation_loads_and_names_tasks_and_sensitive_columns_that_there_are(name):
    spec = load_segments(CONF, name)
    roles = load_source(CONF, spec.source).roles("customers")
    scores = getattr(spec, "scores", ())

    assert [column for column in spec.sensitive if roles.get(column) != "sensitive"] == []
    assert [task for task in scores if load_task(CONF, task).source != spec.source] == []


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_loads(name):
    assert load_source(CONF, name).name == name


@pytest.mark.parametrize("name", TASKS)
def test_every_task_loads_and_its_source_declares_its_sensitive_columns(name):
    task = load_task(CONF, name)
    roles = load_source(CONF, task.source).roles(task.sensitive_table)

    assert [column for column in task.sensitive if roles.get(column) != "sensitive"] == []


@pytest.mark.parametrize("name", TASKS)
def test_baselines_of_every_task_look_at_features_that_it_has(name):
    task = load_task(CONF, name)
    if isinstance(task, TableTask):
        known = set(load_source(CONF, task.source).columns("cases"))
    else:
        known = {feature.name for feature in kind_of(task).features(task, MANIFEST)}

    looked_at = {baseline.feature for baseline in task.baselines if hasattr(baseline, "feature")}
    looked_at |= {name for baseline in task.baselines for name in getattr(baseline, "features", ())}

    assert looked_at <= known


@pytest.mark.parametrize("folder", [folder.name for folder in CONF.iterdir() if folder.is_dir()])
def test_configuration_holds_yaml_files_with_the_suffix_that_is_looked_for(folder):
    assert [file.name for file in (CONF / folder).iterdir() if file.suffix != ".yaml"] == []
