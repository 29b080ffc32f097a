"""What the console command answers, and with which exit status."""

import shutil

import pytest

from pipelines.cli.app import run
from support.project import PROJECT, Project, make_project
from support.shop import make_shop

CASES = {
    "unknown command": (["trian"], 2, "No command 'trian'. Known: main, ingest, describe,", "Did you mean 'train'?"),
    "unknown option": (["train", "--tsk", "churn"], 2, "No such option", "Known: --task, --cutoff, --set"),
    "unknown task": (["train", "--task", "chrun"], 2, "Unknown task 'chrun'. Known: churn, ", "Did you mean 'churn'?"),
    "unknown source": (["ingest", "--source", "journey"], 2, "Unknown source 'journey'.", "complete_journey"),
    "malformed cutoff": (["score", "--cutoff", "25.12.2017"], 2, "'25.12.2017' is not a cutoff", "such as 2017-12-25"),
    "cutoff inside a day": (["score", "--cutoff", "2017-12-25T10:00"], 2, "is not a midnight UTC", "Use 2017-12-25"),
    "retrain choice": (["drift_check", "--retrain", "maybe"], 2, "'maybe' is not one of", "'auto', 'never'"),
    "malformed override": (
        ["train", "--set", "n_trials"],
        2,
        "'n_trials' is not of the form name=value",
        "search.n_trials=5",
    ),
    "misspelt override": (["train", "--set", "search.ntrials=5"], 1, "search.ntrials: no such field.", "'n_trials'?"),
    "nothing ingested": (["train"], 1, "has not been ingested yet", "regulars ingest --source complete_journey"),
    "no challenger": (["promote"], 1, "'churn' has no challenger", "regulars train --task churn"),
    "no champion": (["score"], 1, "'churn' has no champion", "regulars promote --task churn"),
    "nothing to roll back to": (["rollback"], 1, "'churn' has no previous champion", "Promote a second version first"),
}


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A project in which nothing has been done yet, and the command run in this process."""
    make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def _status(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["regulars", *arguments])
    with pytest.raises(SystemExit) as end:
        run()
    return end.value.code


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("case", CASES)
def test_a_mistake_gets_one_readable_message(monkeypatch, capsys, case):
    arguments, status, *said = CASES[case]

    assert _status(monkeypatch, *arguments) == status
    error = capsys.readouterr().err
    assert "Traceback" not in error
    for part in said:
        assert part in error


@pytest.mark.usefixtures("bare")
def test_dashes_and_underscores_are_the_same_command(monkeypatch, capsys):
    assert _status(monkeypatch, "drift-check") == 1
    assert "has no champion" in capsys.readouterr().err


def test_outside_of_a_project_the_error_says_where_to_go(tmp_path):
    done = Project(tmp_path).regulars("train")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No MLproject file" in done.stderr
    assert "REGULARS_HOME" in done.stderr


def test_a_refusal_ends_with_3_on_the_console_and_finished_under_mlflow(tmp_path):
    shop = make_shop(tmp_path)
    project = Project(shop.root)
    for name in ("MLproject", "python_env.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    assert project.regulars("ingest", "--source", "tiny_shop").returncode == 0
    task = tmp_path / "conf/tasks/tiny_churn.yaml"
    task.write_text(task.read_text(encoding="utf-8").replace("max_ece: 0.1", "max_ece: 0.000001"), encoding="utf-8")

    console = project.regulars("retrain", "--task", "tiny_churn")
    main = project.regulars("main", "--task", "tiny_churn")
    command = ("mlflow", "run", ".", "-e", "promote", "-P", "task=tiny_churn", "--env-manager", "local")
    under_mlflow = project.run(*command)

    assert console.returncode == 3, console.stdout + console.stderr
    assert "refuse" in console.stdout
    assert "calibration error" in console.stdout
    assert main.returncode == 3, "nothing was promoted and no champion stands"
    assert under_mlflow.returncode == 0, under_mlflow.stderr
