"""A version is loaded in a process that has never seen it, and what becomes of that process is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipelines.adapters import probe as probing
from pipelines.adapters.probe import probe
from pipelines.adapters.registry import MlflowModels
from pipelines.adapters.runs import open_run
from pipelines.adapters.workspace import Workspace
from pipelines.core.protocols import NewVersion
from pipelines.core.windows import parse_cutoff
from pipelines.features.catalogue import Feature
from pipelines.models.calibration import SigmoidMap
from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import LightGBM
from pipelines.policy.top_share import Threshold
from pipelines.scoring.scorer import Scorer
from support.memory import MemoryProgress

ROWS = pd.DataFrame({"recency_days": np.arange(200.0), "channel": ["web", "shop"] * 100})
ODD = """
import os, signal, sys, time
import pandas as pd

def _load_pyfunc(path):
    {at_loading}
    return Odd()

class Odd:
    def predict(self, rows):
        do = rows["do"].iloc[0]
        if do == "raise": raise ValueError("ada@example.org")
        if do == "crash": os.kill(os.getpid(), signal.SIGSEGV)
        if do == "leave": os._exit(0)
        if do == "hang": time.sleep(600)
        if do == "fewer": return pd.DataFrame({{"score": [0.5]}})
        if do == "nan": return pd.DataFrame({{"score": [float("nan")] * len(rows)}})
        if do == "series": return pd.Series([0.5] * len(rows))
        if do == "other": return pd.DataFrame({{"verdict": [1] * len(rows)}})
        if do == "secrets": return pd.DataFrame({{"score": [float(any("SECRET" in name for name in os.environ))]}})
        return pd.DataFrame({{"score": [0.5] * len(rows)}})
"""


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """The URI of a real version in a store of its own."""
    patch = pytest.MonkeyPatch()
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    patch.delenv("MLFLOW_RUN_ID", raising=False)
    with open_run(Workspace(tmp_path_factory.mktemp("store")), "churn", "train", {}, MemoryProgress()) as run:
        version = MlflowModels().register(run, new_version())
        yield f"models:/{version.task}/{version.version}"
    patch.undo()


def new_version():
    label = (ROWS["recency_days"] > 100).to_numpy().astype(np.int8)
    features = (
        Feature("recency_days", "", "days", "all history", "never", "recency", "{value} days ago"),
        Feature("channel", "", "", "all history", "never", "table", "{value}", levels=("shop", "web")),
    )
    coded = ROWS.assign(channel=ROWS["channel"].map({"shop": 0.0, "web": 1.0}))
    trees = LightGBM(n_bags=1).fit(Dataset(coded, label), {"min_data_in_leaf": 5}, 3, 1)
    scorer = Scorer(trees, SigmoidMap(slope=1.0, intercept=0.0), Threshold(at_least=0.5), features, 1, "spec")
    known_at = parse_cutoff("2020-10-19")
    return NewVersion("churn", scorer, ROWS.head(3), known_at, "data", "{}", "What it is.")


def odd_model(folder, at_loading="pass"):
    """A model whose code does what a row's ``do`` says."""
    code = folder / "odd_model.py"
    code.write_text(ODD.format(at_loading=at_loading), encoding="utf-8")
    mlflow.pyfunc.save_model(
        folder / "model",
        loader_module="odd_model",
        data_path=str(code),
        code_paths=[str(code)],
        pip_requirements=[],
    )
    return str(folder / "model")


def do(what, n_rows=1):
    return pd.DataFrame({"do": [what] * n_rows})


def test_a_version_answers_rows_as_serving_would_send_them(registered):
    nothing = pd.DataFrame(None, index=range(3), columns=list(ROWS), dtype=object)
    asked = {
        "typical": ROWS,
        "one": ROWS.tail(1),
        "none": ROWS.head(0),
        "null": nothing,
        "null numbers": ROWS.head(2).assign(recency_days=np.nan),
        "unseen": ROWS.head(2).assign(channel="moon"),
        "integers": ROWS.head(2).assign(recency_days=[3, 4]),
        "reordered": ROWS.head(2)[["channel", "recency_days"]],
        "infinite": ROWS.head(2).assign(recency_days=np.inf),
    }
    found = probe(registered, asked)

    assert found.error == ""
    assert {name: answer.error for name, answer in found.answers.items()} == dict.fromkeys(asked, "")
    assert all(one.n_answered == len(asked[name]) and one.n_bad == 0 for name, one in found.answers.items())
    assert found.answers["typical"].seconds > 0
    assert 0.5 < found.size_mb < 50


def test_a_missing_column_is_an_error_of_that_question_only(registered):
    found = probe(registered, {"lacking": ROWS[["channel"]], "whole": ROWS})

    assert (found.error, found.answers["lacking"].error, found.answers["whole"].error) == ("", "MlflowException", "")


def test_what_a_model_says_and_raises_is_told_by_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_WEBHOOK_SECRET", "s3cret")
    kinds = ("raise", "fewer", "nan", "series", "other", "secrets", "answer")
    found = probe(odd_model(tmp_path), {kind: do(kind, 1 if kind == "secrets" else 3) for kind in kinds})

    said = {kind: (one.error, one.n_answered, one.n_bad) for kind, one in found.answers.items()}
    assert said == {
        "raise": ("ValueError", 0, 0),
        "fewer": ("", 1, 0),
        "nan": ("", 3, 3),
        "series": ("AttributeError", 0, 0),
        "other": ("KeyError", 0, 0),
        "secrets": ("", 1, 0),
        "answer": ("", 3, 0),
    }
    assert "ada" not in repr(found)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("crash", "killed by SIGSEGV when asked 'it'"),
        ("leave", "exit status 0 when asked 'it'"),
        ("hang", "ended after 8 s"),
    ],
)
def test_a_process_that_does_not_come_back_is_an_error(tmp_path, what, error):
    found = probe(odd_model(tmp_path), {"before": do("answer"), "it": do(what)}, limit_s=8.0)

    assert found.error.startswith(error)
    assert found.answers == {}


@pytest.mark.parametrize(
    ("at_loading", "error"),
    [
        ("raise LookupError('ada@example.org')", "LookupError"),
        ("import no_such_library", "ModuleNotFoundError"),
        ("os._exit(3)", "exit status 3 while it loaded"),
    ],
)
def test_a_model_that_does_not_load_says_why(tmp_path, at_loading, error):
    found = probe(odd_model(tmp_path, at_loading), {"rows": do("answer")})

    assert (found.error, found.answers) == (error, {})


def test_code_that_is_only_installed_here_is_refused(tmp_path):
    elsewhere = tmp_path / "installed"
    (elsewhere / "pipelines").mkdir(parents=True)
    (elsewhere / "pipelines/__init__.py").write_text("")
    model = odd_model(tmp_path, f"sys.path.insert(0, {str(elsewhere)!r}); import pipelines")

    assert probe(model, {}).error == "ForeignCode"


def test_a_version_that_is_not_there_is_an_error(registered):
    assert probe("models:/churn/99", {}).error == "MlflowException"


def test_children_of_a_model_end_with_it_and_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(probing, "TemporaryDirectory", lambda **_: Kept(tmp_path / "home"))
    child = (
        f"import subprocess; open({str(tmp_path / 'child')!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    )
    assert probe(odd_model(tmp_path, child), {"rows": do("answer")}).error == ""

    assert eventually(lambda: has_ended(int((tmp_path / "child").read_text())))
    assert {path.suffix for path in (tmp_path / "home/talk").iterdir()} == {".parquet", ".json", ".answer"}


def test_a_probe_ends_when_its_asker_was_killed(tmp_path):
    model = odd_model(tmp_path, f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))")
    ask = (
        "import pandas as pd; from pipelines.adapters.probe import probe; "
        f"probe({model!r}, {{'it': pd.DataFrame({{'do': ['hang']}})}})"
    )
    with subprocess.Popen([sys.executable, "-c", ask]) as asker:
        pid = eventually(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text())
        asker.kill()

    assert eventually(lambda: has_ended(int(pid)))


def eventually(what):
    for _ in range(1200):
        if found := what():
            return found
        time.sleep(0.05)
    pytest.fail("it never came")


def has_ended(pid):
    """Gone, or waiting for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Kept:
    """A temporary folder that stays, so that a test can look into it."""

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(folder)

    def __enter__(self):
        return str(self._folder)

    def __exit__(self, *_):
        pass
