"""What a run must name so that it can be repeated: code, lock, packages."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from pipelines import __version__
from pipelines.core.code import code_digest

_PACKAGES = (
    "mlflow", "lightgbm", "scikit-learn", "shap", "optuna", "evidently", "pandas", "numpy", "fairlearn",
    "ibis-framework", "duckdb", "numba",
)  # fmt: skip


def provenance(root: Path) -> dict[str, str]:
    """Tags for a run: ``code_digest``, ``git_commit``, ``git_dirty``, ``lock_digest``, ``packages``."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    lock = root / "requirements.lock"
    return {
        "code_digest": code_digest(),
        "git_commit": _git(root, "rev-parse", "HEAD") or "not a git checkout",
        "git_dirty": str(bool(_git(root, "status", "--porcelain"))).lower(),
        "lock_digest": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "no lock",
        "packages": ", ".join([f"regulars {__version__}", f"python {platform.python_version()}", *versions]),
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the words come from this file
            ["git", "-C", str(root), *arguments],  # noqa: S607  # fixed words; git from the user's own path
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
