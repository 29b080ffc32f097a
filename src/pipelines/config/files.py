"""Reading ``conf/``: one file per source, task and segmentation."""

from __future__ import annotations

import copy
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from pipelines.config.yaml_files import parsed, read_mapping
from pipelines.core.errors import ConfigError, UsageError, unknown_name
from pipelines.tables.source import SourceSpec

if TYPE_CHECKING:
    from pipelines.tasks.any_segments import AnySegments
    from pipelines.tasks.any_task import AnyTask

T = TypeVar("T", "AnyTask", "AnySegments", SourceSpec)


def load_task(conf: Path, name: str, overrides: str = "") -> AnyTask:
    """The task of that name.

    Parameters
    ----------
    conf : Path
        The workspace's ``conf`` folder.
    name : str
        File name in ``conf/tasks`` without its suffix.
    overrides : str
        Whitespace-separated pairs such as ``search.n_trials=5 outcome.horizon=P14D``.

    Raises
    ------
    ConfigError
        If there is no such task, the file or an override is wrong: all problems at once.
    """
    from pipelines.tasks.any_task import read_task  # its models take seconds to load, and sources do not need them

    content, origin = _read(conf / "tasks", "task", name)
    task = read_task(_overridden(content, overrides), origin + f" with --set {overrides!r}" * bool(overrides))
    return _named(task, name, origin)


def load_source(conf: Path, name: str, overrides: str = "") -> SourceSpec:
    """The source of that name, from ``conf/sources``; parameters and errors as of `load_task`."""
    content, origin = _read(conf / "sources", "source", name)
    source = SourceSpec.read(_overridden(content, overrides), origin + f" with --set {overrides!r}" * bool(overrides))
    return _named(source, name, origin)


def load_segments(conf: Path, name: str, overrides: str = "") -> AnySegments:
    """The segmentation of that name, from ``conf/segments``; parameters and errors as of `load_task`."""
    from pipelines.tasks.any_segments import read_segments  # as above

    content, origin = _read(conf / "segments", "segmentation", name)
    found = read_segments(_overridden(content, overrides), origin + f" with --set {overrides!r}" * bool(overrides))
    return _named(found, name, origin)


def is_segmentation(conf: Path, name: str) -> bool:
    """Whether a name is that of a segmentation, and not of a task too: commands that take both look at tasks first."""
    return name in names_in(conf / "segments") and name not in names_in(conf / "tasks")


def located(source: SourceSpec, path: str) -> SourceSpec:
    """The same source with its raw files elsewhere.

    Parameters
    ----------
    source : SourceSpec
        As its file says.
    path : str
        A file, folder or glob that takes the place of the only raw table that is kept in files, or a folder with
        files of the same names as those that the source names. Empty: nothing changes.

    Raises
    ------
    UsageError
        If several raw tables are kept in files and ``path`` is not a folder, or none is.
    """
    named = [name for name, raw in source.raw.items() if raw.path]
    if not path:
        return source
    if len(named) != 1 and not (named and Path(path).is_dir()):
        raise UsageError(
            f"--path {path} cannot be all raw tables of '{source.name}': {', '.join(named) or 'none is a file'}.",
            why="It stands for one file, or for a folder with the files that the source names.",
            fix="Give the folder in which their files are." if named else "Leave --path out.",
        )
    moved = {}
    for name in named:
        inside = tuple(str(Path(path) / PurePath(one).name) for one in source.raw[name].path)
        moved[name] = source.raw[name].model_copy(update={"path": inside if len(named) > 1 else (path,)})
    return source.model_copy(update={"raw": {**source.raw, **moved}})


def names_in(folder: Path) -> list[str]:
    """The names that a folder of YAML files defines, in order."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _named(spec: T, name: str, origin: str) -> T:
    if spec.name != name:
        raise ConfigError(
            f"{origin} calls itself '{spec.name}'.",
            why="Runs, models and tables are filed under that name.",
            fix=f"Set name: {name}, or rename the file.",
        )
    return spec


def _read(folder: Path, kind: str, name: str) -> tuple[dict[str, Any], str]:
    known = names_in(folder)
    if name not in known:
        raise unknown_name(kind, name, known)
    origin = f"conf/{folder.name}/{name}.yaml"
    return read_mapping(folder / f"{name}.yaml", origin), origin


def _overridden(content: dict[str, Any], overrides: str) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    for pair in overrides.split():
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise UsageError(
                f"The override '{pair}' is not of the form name=value.",
                why="It would change nothing.",
                fix='Write pairs without blanks around the equals sign: set="search.n_trials=5 outcome.horizon=P14D".',
            )
        _set(changed, path.split("."), _value(text, pair), pair)
    return changed


def _value(text: str, pair: str) -> object:
    try:
        return parsed(text)
    except yaml.YAMLError as error:
        raise UsageError(
            f"The override '{pair}' has a value that is not readable YAML: {str(error).splitlines()[0]}.",
            why="It cannot be set.",
            fix="Close brackets and quotes, and write lists without blanks: sensitive=[age,income].",
        ) from error


def _set(content: dict[str, Any], path: list[str], value: object, pair: str) -> None:
    *parents, last = path
    for part in parents:
        content = content.setdefault(part, {})
        if not isinstance(content, dict):
            raise ConfigError(
                f"The override '{pair}' goes through '{part}', which holds no fields.",
                why="It names no field that an override can reach; entries of lists cannot be overridden one by one.",
                fix="Name a field such as search.n_trials, or edit the task file.",
            )
    content[last] = value
