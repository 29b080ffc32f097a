"""What a killed process left behind is cleared away, and what a living one writes is not."""

import os
import subprocess
import sys

import pytest

from pipelines.adapters.drafts import draft_of, drafting

OTHER = os.getpid() + 1
WRITER = """
import pathlib, sys, time
from pipelines.adapters.drafts import draft_of, drafting
root = pathlib.Path(sys.argv[1])
with drafting(root):
    draft_of(root / "scores.parquet").touch()
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def left(tmp_path):
    """A file and a folder as a process with another number would have left them, beside finished ones."""
    folder = tmp_path / "panel" / "tiny" / "cutoff=2020-01-06"
    folder.mkdir(parents=True)
    (folder / "panel.parquet").touch()
    (folder / f".draft-{OTHER}-panel.parquet").touch()
    (tmp_path / "days" / f".draft-{OTHER}-abc").mkdir(parents=True)
    (tmp_path / "days" / f".draft-{OTHER}-abc" / "000000.parquet").touch()
    (tmp_path / "days" / "draft-of-a-source").mkdir()
    return tmp_path


def test_drafts_of_the_dead_are_cleared_away_and_nothing_else(left):
    with drafting(left):
        found = {path.relative_to(left).as_posix() for path in left.rglob("*") if not path.is_dir()}

    assert found == {"writers.lock", "panel/tiny/cutoff=2020-01-06/panel.parquet"}
    assert (left / "days" / "draft-of-a-source").is_dir()


def test_drafts_of_a_living_process_stay_until_it_is_killed(left):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(left)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "writing\n"
        draft = left / f".draft-{writer.pid}-scores.parquet"

        with drafting(left):
            assert draft.exists()
        writer.kill()
        writer.wait(60)
        with drafting(left):
            assert not draft.exists()


def test_a_draft_lies_beside_what_it_becomes(tmp_path):
    draft = draft_of(tmp_path / "scores.parquet")

    assert (draft.parent, draft.name) == (tmp_path, f".draft-{os.getpid()}-scores.parquet")
