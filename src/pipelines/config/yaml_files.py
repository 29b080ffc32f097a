"""YAML as its version 1.2 has it: ``yes``, ``no``, ``on`` and ``off`` are words, and a key stands once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from pipelines.core.errors import ConfigError

_BOOLEAN = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """PyYAML reads version 1.1, where ``on: customer_id`` has the key True and ``no`` is no country."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    repeated = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
    if repeated is not None:
        raise yaml.constructor.ConstructorError(None, None, f"the key '{repeated}' stands twice", node.start_mark)
    return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parsed(text: str) -> Any:
    """What a YAML text says; `yaml.YAMLError` if it is none.

    Examples
    --------
    >>> parsed("{on: no, off: true}")
    {'on': 'no', 'off': True}
    """
    return yaml.load(text, _Loader)  # noqa: S506  # a safe loader


def read_mapping(path: Path, origin: str) -> dict[str, Any]:
    """The mapping in a file; ``origin`` is what messages call it.

    Raises
    ------
    ConfigError
        If it is not readable YAML, names a key twice, or holds something else.
    """
    try:
        content = parsed(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{origin} is not readable YAML: {error}.", why="Nothing can be configured from it.", fix="Mend its syntax."
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{origin} is not a mapping.", why="Fields are found by their names.", fix="Write 'name: …'.")
    return content
