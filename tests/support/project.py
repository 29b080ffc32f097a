"""A workspace of its own on the embedded data, and real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

PROJECT = Path(__file__).parents[2]
QUICK = "search.n_trials=2 search.n_startup=1 model.n_bags=1 model.max_rounds=60 n_resamples=100"


@dataclass(frozen=True)
class Project:
    """A copy of what a clone holds, with a store of its own."""

    root: Path

    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "REGULARS_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{ours['PATH']}"
        return ours | {"PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}

    def run(
        self, *command: str, timeout: int = 600, extra: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment() | extra,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def regulars(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "pipelines", *arguments)

    @property
    def store(self) -> str:
        return f"sqlite:///{self.root / 'mlflow.db'}"


def make_project(root: Path) -> Project:
    for name in ("MLproject", "python_env.yaml", "requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, root / name)
    shutil.copytree(PROJECT / "conf", root / "conf")
    return Project(root)
