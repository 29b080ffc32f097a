"""Errors a person can act on: what happened, why it matters, how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PipelineError(Exception):
    """Something the user can mend.

    The command line prints it without a traceback and ends with exit status 1.

    Parameters
    ----------
    what : str
        What happened, with the values.
    why : str
        Why it matters; what would go wrong otherwise.
    fix : str
        What to do about it.

    Examples
    --------
    >>> print(PipelineError("12 of 30 rows lack a customer.", why="They cannot be scored.", fix="Map customer_id."))
    12 of 30 rows lack a customer. They cannot be scored. Fix: Map customer_id.
    """

    def __init__(self, what: str, *, why: str, fix: str) -> None:
        super().__init__(f"{what} {why} Fix: {fix}")
        self.what, self.why, self.fix = what, why, fix


class ConfigError(PipelineError):
    """A configuration file or an override does not fit its spec."""


class UsageError(ConfigError):
    """A command was given something it cannot take; exit status 2."""


class UnknownNameError(UsageError):
    """A name is not among the known ones."""


class ContractError(PipelineError):
    """A table does not hold what its contract promises."""


class NotEnoughDataError(PipelineError):
    """The log is too short or too small for what was asked."""


class ModelError(PipelineError):
    """A model cannot be fitted, loaded or fed with these rows."""


class RegistryError(PipelineError):
    """The model registry does not hold what the command needs."""


class BusyError(PipelineError):
    """Another process is at work on the same thing."""


def nearest(given: str, known: Iterable[str]) -> str:
    """The closest known name as a question, or nothing.

    Examples
    --------
    >>> nearest("chrun", ["churn", "segments"])
    " Did you mean 'churn'?"
    >>> nearest("zzz", ["churn"])
    ''
    """
    found = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{found[0]}'?" if found else ""


def unknown_name(kind: str, given: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that nobody defined, with the known ones and the nearest.

    Examples
    --------
    >>> unknown_name("task", "chrun", ["churn"]).what
    "Unknown task 'chrun'."
    """
    names = sorted(known)
    listed = ", ".join(names) or "none yet"
    return UnknownNameError(
        f"Unknown {kind} '{given}'.",
        why=f"Known: {listed}.{nearest(given, names)}",
        fix=f"Use a known {kind}, or add its file.",
    )
