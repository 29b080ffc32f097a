"""What reaches the screen: our own lines, a progress bar on a terminal, and nothing of third parties' chatter."""

from __future__ import annotations

import logging
import os
import warnings
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

_QUIET = ("alembic", "mlflow", "git", "optuna", "lightgbm", "matplotlib", "shap", "fontTools", "numba", "evidently")


def configure() -> None:
    """Set up logging and the environment of third parties; called once by the command line, before they load."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads that spin starve a busy machine
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # a user cannot act on them; the tests turn them into errors


class LineProgress:
    """Plain lines, for logs and pipes."""

    def __init__(self) -> None:
        self._log = logging.getLogger("pipelines")

    def stage(self, text: str) -> None:
        """One line."""
        self._log.info("%s", text)

    def step(self, done: int, of: int, text: str) -> None:
        """One line for every tenth of the steps."""
        if done == of or done % max(1, of // 10) == 0:
            self._log.info("  %d/%d %s", done, of, text)


class BarProgress:
    """A line per stage and a bar per loop, for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._bar: RichProgress | None = None

    def stage(self, text: str) -> None:
        """Ends the bar of the stage before."""
        self._end_bar()
        self._console.print(f"[bold blue]▸[/] {text}", markup=True)

    def step(self, done: int, of: int, text: str) -> None:
        """Moves the bar, which appears with the first step."""
        if self._bar is None:
            columns = (TextColumn("  {task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = RichProgress(*columns, console=self._console, transient=True)
            self._bar.add_task(text, total=of)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=of, description=text)
        if done == of:
            self._end_bar()

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def progress_for(stream: TextIO) -> LineProgress | BarProgress:
    """A bar on a terminal, lines elsewhere."""
    return BarProgress(stream) if stream.isatty() else LineProgress()
