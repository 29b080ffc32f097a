"""Models that cost nothing to fit and remember what was asked of them, in this process and in others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from pipelines.models.classifier import Dataset
from pipelines.models.lightgbm import Judged, LightGBM
from pipelines.search.study import search
from pipelines.tasks.search_space import Choices, Range, SearchSpec
from support.models import learnable

SPACE = {
    "learning_rate": Range(low=0.01, high=1.0, scale="log"),
    "num_leaves": Range(low=2, high=60, kind="int"),
    "extra_trees": Choices(choices=(0, 1)),
}


def budget(n_trials: int = 8, **more) -> SearchSpec:
    """A search over `SPACE`."""
    return SearchSpec(n_trials=n_trials, space=SPACE, **{"n_startup": 4, **more})


def some_parts(n_folds: int = 3) -> list[tuple[Dataset, Dataset]]:
    """Folds of thirty rows."""
    return [(learnable(30, seed=i), learnable(30, seed=i + 9)) for i in range(n_folds)]


class Hill(LightGBM):
    """Losses are smallest at a learning rate of 0.1; each later fold is a little harder.

    Parameters
    ----------
    log : str
        A file that gets one line per fit.
    pause_s : float
        How long a fit takes.
    dies_at : int
        The fit that ends its process, counted over all processes by the lines of the log; 0 for none.
    always : bool
        Whether every later fit does so too.
    """

    log: str = Field("", exclude=True)  # none of them decides a loss
    pause_s: float = Field(0.0, exclude=True)
    dies_at: int = Field(0, exclude=True)
    always: bool = Field(False, exclude=True)

    def fold(self, train, valid):
        """Only the number of rows matters."""
        return HillFold(self, int(train.label.sum()))

    def saved_fold(self, folder):
        """What `HillFold.save` wrote."""
        return HillFold(self, json.loads((folder / "fold.json").read_text()))


@dataclass
class HillFold:
    """One fold of a hill."""

    model: Hill
    n_positive: int

    def judge(self, tuned, seed, n_threads=2, bar=()):
        """The height, and a number of rounds."""
        if self.model.log:
            self._remember(tuned)
        time.sleep(self.model.pause_s)
        loss = 0.3 + np.log10(tuned["learning_rate"] / 0.1) ** 2 + self.n_positive / 1_000 + tuned["num_leaves"] / 1e4
        return Judged(round(float(loss), 12), 10 + self.n_positive)

    def save(self, folder):
        """For another process."""
        (folder / "fold.json").write_text(json.dumps(self.n_positive))

    def _remember(self, tuned):
        path = Path(self.model.log)
        with path.open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), "rate": tuned["learning_rate"], "fold": self.n_positive}) + "\n")
        n_fits = len(path.read_text().splitlines())
        if self.model.dies_at and (n_fits == self.model.dies_at or (self.model.always and n_fits > self.model.dies_at)):
            os.kill(os.getpid(), signal.SIGKILL)


def fits(log: Path) -> list[dict]:
    """What the log of a hill holds."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def elsewhere(studies: str, model: dict, **of_budget) -> subprocess.Popen[str]:
    """The same search in another process; it prints what it found, and ``interrupted`` after Ctrl-C."""
    given = json.dumps({"studies": studies, "model": model, "budget": of_budget})
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", "from support.search import main; main()", given],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def main() -> None:
    """What `elsewhere` runs."""
    given = json.loads(sys.argv[1])
    told = []
    try:
        search(
            budget(**given["budget"]),
            Hill(**given["model"]),
            some_parts(),
            1,
            given["studies"],
            lambda trial, best: told.append([trial.number, trial.params["learning_rate"], trial.was_known]),
        )
    except KeyboardInterrupt:
        sys.stdout.write("interrupted\n")
        return
    sys.stdout.write(json.dumps(told) + "\n")
