"""One quick main job on the embedded data, shared by the tests that look at it."""

import pytest

from support.project import QUICK, Project, make_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after one quick `mlflow run` of the main job."""
    made = make_project(tmp_path_factory.mktemp("project"))
    done = made.run("mlflow", "run", ".", "--env-manager", "local", "--experiment-name", "churn", "-P", f"set={QUICK}")
    assert done.returncode == 0, done.stdout + done.stderr
    (made.root / "printed.txt").write_text(done.stdout, encoding="utf-8")
    (made.root / "said.txt").write_text(done.stderr, encoding="utf-8")
    return made
