"""The ledger on a real SQLite store and on an MLflow server over PostgreSQL: races, forgeries, rollbacks, kills.

Tests follow each other on one registry per store, and each leaves it sound.
"""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from pipelines.core.errors import RegistryError
from pipelines.core.ledger import Event, chained
from pipelines.flows.ledger import opened
from pipelines.flows.restore import restore
from pipelines.flows.verify_ledger import verify_ledger
from support import postgres
from support.killing import RECORD, Kill
from support.ledger_writers import at_once
from support.scene import NAME, on_postgresql, on_sqlite, trained

LEDGER = f"{NAME}.ledger"
TOLD = (f"Another command changed '{NAME}' meanwhile", f"'{NAME}' has no challenger")
N_WRITERS, N_RECORDS = 4, 6


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scene(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    with ExitStack() as held:
        if request.param == "sqlite":
            yield trained(on_sqlite(root))
            return
        programs = postgres.programs()
        if programs is None:
            pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
        pytest.importorskip("psycopg", reason='the extra "postgres" is not installed')
        yield trained(held.enter_context(on_postgresql(root, programs)))


@pytest.fixture
def client(scene):
    return MlflowClient(scene.uri, scene.uri)


def sound(scene):
    """Nothing is reported, and the aliases are what the ledger says."""
    verified = scene.look(lambda models: verify_ledger(NAME, models))
    aliases = scene.look(lambda models: models.aliases(NAME))
    return verified.problems == () and aliases == verified.chain.standing.aliases


def test_versions_that_were_trained_at_once_are_both_registered_and_recorded(scene):
    registered = [one.version for one in scene.chain().entries if one.event == Event.REGISTERED]

    assert sorted(registered[:2]) == ["1", "2"]
    assert scene.look(lambda models: list(models.numbers(NAME))) == ["1", "2"]


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(scene):
    number, before = scene.challenge(), len(scene.chain().entries)
    ended = scene.at_once(("promote", "--task", NAME), ("promote", "--task", NAME))

    won, lost = sorted(ended, key=lambda one: one.returncode)
    assert (won.returncode, lost.returncode) == (0, 1), won.stderr + lost.stderr
    assert f"version {number}: promoted" in won.stdout
    assert any(one in lost.stderr for one in TOLD), lost.stderr
    chain = scene.chain()
    assert [(one.event, one.version) for one in chain.entries[before:]] == [(Event.PROMOTED, number)]
    assert chain.head in won.stdout
    assert (chain.standing.champion, chain.standing.challenger) == (number, None)
    assert sound(scene)


def test_records_that_are_written_at_once_get_every_number_once_and_every_writer_knows(scene):
    run_id = scene.act(lambda models, run: run.run_id)
    said = at_once(scene.environment, scene.project.root, "contended", run_id, N_WRITERS, N_RECORDS)

    stored = scene.look(lambda models: models.ledger.read("contended"))
    chain = chained(stored)
    assert [one.number for one in stored] == list(range(1, N_WRITERS * N_RECORDS + 1))
    assert chain.problems == ()
    assert len(chain.entries) + len(chain.void) == len(stored)
    assert [chain.holds(digest) for digest, _ in said] == [held for _, held in said]
    assert sum(held for _, held in said) == len(chain.entries) >= N_RECORDS


@pytest.mark.parametrize(
    ("command", "kill"),
    [
        ("promote", Kill(RECORD, 0.0)),
        ("rollback", Kill(RECORD, 0.05)),
    ],
)
def test_after_a_kill_the_next_command_goes_on_from_what_the_ledger_says(scene, command, kill):
    if command == "promote":
        scene.challenge()
    before = scene.chain()
    assert scene.watched((command, "--task", NAME), f"{command}:", kill).was_killed
    left = scene.chain()
    opening = scene.act(lambda models, run: opened(NAME, models, run))

    assert left.problems == ()
    assert len(left.entries) == len(before.entries) + 1
    assert opening.entries == left.entries
    assert sound(scene)


def test_a_rollback_can_be_undone_and_the_ledger_tells_who_was_champion_when(scene):
    first = scene.chain()
    ended = [scene.regulars("rollback", "--task", NAME) for _ in range(2)]
    assert [one.returncode for one in ended] == [0, 0], ended[0].stderr + ended[1].stderr

    chain = scene.chain()
    back, again = chain.entries[-2:]
    assert (back.event, again.event) == (Event.ROLLED_BACK, Event.ROLLED_BACK)
    assert back.after == first.standing.rolled_back()
    assert again.after.champion == first.standing.champion
    for entry in chain.entries:
        assert chain.at(entry.at).champion == entry.after.champion
    assert chain.at(chain.entries[0].at - timedelta(microseconds=1)).champion is None
    said = scene.regulars("champion_at", "--task", NAME, "--time", back.at.isoformat())
    assert said.returncode == 0
    assert f"version {back.after.champion}" in said.stdout
    assert sound(scene)


def test_a_version_whose_files_are_gone_does_not_come_back(scene, tmp_path):
    standing = scene.chain().standing
    files = model_files(scene, standing.previous)
    shutil.move(files, tmp_path / "kept")
    ended = scene.regulars("rollback", "--task", NAME)
    shutil.move(tmp_path / "kept", files)

    assert ended.returncode == 1
    assert "cannot" in ended.stderr
    assert scene.chain().standing == standing
    assert sound(scene)


def model_files(scene, number):
    """Where the artifacts of a version lie: below the workspace, on a server too."""
    source = scene.look(lambda models: MlflowClient().get_model_version(NAME, number)).source
    (folder,) = scene.project.root.rglob(source.rpartition("/")[2])
    return Path(folder)


def test_an_edited_record_shows_and_nothing_is_promoted_on_it(scene, client):
    scene.challenge()
    written = client.get_model_version(LEDGER, "2").tags["record"]
    forged = json.loads(written) | {"reason": "all gates passed"}
    client.set_model_version_tag(LEDGER, "2", "record", json.dumps(forged, sort_keys=True, separators=(",", ":")))
    verified, promoted = scene.at_once(("verify_ledger", "--task", NAME), ("promote", "--task", NAME))
    client.set_model_version_tag(LEDGER, "2", "record", written)

    assert verified.returncode != 0
    assert "record 2 of the store was edited" in verified.stdout
    assert promoted.returncode == 1
    assert "record 2 of the store was edited" in promoted.stderr
    assert sound(scene)


def test_a_removed_record_shows_until_somebody_answers_for_it(scene, client):
    client.delete_model_version(LEDGER, "3")

    assert refused(scene, "record 3 of the store was removed")
    scene.act(lambda models, run: restore(NAME, models, run, "Ada", "a clean-up script"))
    assert sound(scene)
    assert any("record 3" in one for one in scene.chain().acknowledged)


def test_a_cut_tail_shows(scene, client):
    client.delete_model_version(LEDGER, str(scene.store.seen(NAME).n_records))

    assert refused(scene, "removed")
    scene.act(lambda models, run: restore(NAME, models, run, "Ada", "cut by hand"))
    assert sound(scene)


def test_an_alias_that_was_moved_by_hand_shows_and_is_set_back(scene, client):
    standing = scene.chain().standing
    client.set_registered_model_alias(NAME, "champion", standing.previous)

    assert refused(scene, "moved by hand")
    scene.act(lambda models, run: restore(NAME, models, run, "Ada", "moved by hand"))
    assert scene.chain().standing.champion == standing.champion
    assert sound(scene)


def refused(scene, said):
    """Looking at it reports it, and no command goes on."""
    problems = scene.look(lambda models: verify_ledger(NAME, models)).problems
    with pytest.raises(RegistryError, match=said):
        scene.act(lambda models, run: opened(NAME, models, run))
    return any(said in one for one in problems)
