from __future__ import annotations

import os
import stat

import pytest

from pipelines.adapters.workspace import Workspace
from pipelines.core.errors import ConfigError


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty project; nothing of the real environment is seen."""
    for name in ("REGULARS_HOME", "REGULARS_CASE_KEY", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    (folder / "MLproject").write_text("name: x", encoding="utf-8")
    return folder


def test_workspace_is_the_nearest_folder_upward_with_an_mlproject(root, monkeypatch):
    (root / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(root / "a" / "b")

    assert Workspace.find() == Workspace(root)


def test_environment_says_where_the_workspace_is(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_HOME", str(root))

    assert Workspace.find() == Workspace(root)


def test_folder_that_the_environment_names_is_not_searched_upward(root, monkeypatch):
    (root / "inner").mkdir()
    monkeypatch.setenv("REGULARS_HOME", str(root / "inner"))

    with pytest.raises(ConfigError, match=r"No MLproject file in .*inner\. Configuration, data"):
        Workspace.find()


def test_folder_outside_of_any_project_is_refused(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError) as error:
        Workspace.find()

    assert str(error.value) == (
        f"No MLproject file in {tmp_path.resolve()} or above it. Configuration, data and the tracking store are found "
        "beside it. Fix: Change into the project's folder, or set REGULARS_HOME to it."
    )


def test_tracking_store_is_an_absolute_sqlite_file_unless_one_is_given(root, monkeypatch):
    assert Workspace(root).tracking_uri == f"sqlite:///{root}/mlflow.db"

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")

    assert Workspace(root).tracking_uri == "http://tracking:5000"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://me:secret@db/mlflow", "postgresql://***@db/mlflow"),
        ("https://token@tracking:5000/a@b", "https://***@tracking:5000/a@b"),
        ("http://tracking:5000", "http://tracking:5000"),
    ],
)
def test_password_of_the_tracking_store_is_not_shown(root, monkeypatch, uri, shown):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)

    assert Workspace(root).shown_tracking_uri == shown


def test_finding_a_workspace_writes_nothing(root, monkeypatch):
    monkeypatch.chdir(root)
    found = Workspace.find()
    _ = found.conf, found.data, found.tracking_uri, found.artifact_root

    assert [path.name for path in root.iterdir()] == ["MLproject"]


def test_case_key_is_made_once_and_can_be_read_by_its_owner_only(root):
    key = Workspace(root).case_key()
    path = root / "data" / "case_key"

    assert key == Workspace(root).case_key() == path.read_bytes()
    assert len(key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["case_key"]


def test_case_key_of_another_process_that_was_first_is_kept(root, monkeypatch):
    path = root / "data" / "case_key"
    link = os.link

    def other_was_first(draft, final):
        path.write_text("theirs", encoding="ascii")
        link(draft, final)

    monkeypatch.setattr(os, "link", other_was_first)

    assert Workspace(root).case_key() == b"theirs"
    assert [file.name for file in path.parent.iterdir()] == ["case_key"]


def test_case_key_can_come_from_the_environment(root, monkeypatch):
    monkeypatch.setenv("REGULARS_CASE_KEY", "given")

    assert Workspace(root).case_key() == b"given"
    assert not (root / "data").exists()
