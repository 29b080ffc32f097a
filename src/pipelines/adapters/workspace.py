"""Where a project lives on disk: configuration, lake, tracking store and the key for case ids."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import ConfigError

_HOME, _KEY, _STUDIES = "REGULARS_HOME", "REGULARS_CASE_KEY", "REGULARS_STUDIES"


@dataclass(frozen=True)
class Workspace:
    """A folder with an ``MLproject`` file."""

    root: Path

    @classmethod
    def find(cls) -> Workspace:
        """``$REGULARS_HOME``, else the nearest folder upward that holds an MLproject file.

        Raises
        ------
        ConfigError
            If there is none.
        """
        given = os.environ.get(_HOME)
        here = Path(given) if given else Path.cwd()
        candidates = [here.resolve()] if given else [here.resolve(), *here.resolve().parents]
        for folder in candidates:
            if (folder / "MLproject").is_file():
                return cls(folder)
        raise ConfigError(
            f"No MLproject file in {here}{'' if given else ' or above it'}.",
            why="Configuration, data and the tracking store are found beside it.",
            fix=f"Change into the project's folder, or set {_HOME} to it.",
        )

    @property
    def conf(self) -> Path:
        """Configuration."""
        return self.root / "conf"

    @property
    def data(self) -> Path:
        """The lake; never committed."""
        return self.root / "data"

    @property
    def tracking_uri(self) -> str:
        """``$MLFLOW_TRACKING_URI`` if it is set, else the embedded SQLite store, at an absolute path."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.root / 'mlflow.db'}"

    @property
    def shown_tracking_uri(self) -> str:
        """The same without a password, for messages."""
        return re.sub(r"://[^/]*@", "://***@", self.tracking_uri)

    @property
    def artifact_root(self) -> str:
        """Where the embedded store puts artifacts."""
        return (self.root / "mlruns").as_uri()

    @property
    def studies(self) -> str:
        """Where searches keep their trials: ``$REGULARS_STUDIES`` (a PostgreSQL URL), else a folder of the lake."""
        return os.environ.get(_STUDIES) or str(self.data / "studies")

    def case_key(self) -> bytes:
        """The secret that turns customer ids into case ids: ``$REGULARS_CASE_KEY``, else a file made once.

        The file can be read by its owner only and lies outside of everything that is logged.
        """
        given = os.environ.get(_KEY)
        if given:
            return given.encode()
        path = self.data / "case_key"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            draft = self.data / f"case_key.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32), encoding="ascii")
            _link_once(draft, path)
        return path.read_bytes()


def _link_once(draft: Path, path: Path) -> None:
    """Publish a finished file under its name unless another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
