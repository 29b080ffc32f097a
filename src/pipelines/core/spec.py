"""The base of everything that YAML can say: frozen, strict, and with all problems shown at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from pipelines.core.errors import ConfigError, nearest
from pipelines.core.windows import DAY


class Spec(BaseModel):
    """A frozen piece of configuration; its subclass carries the behaviour too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, content: Mapping[str, Any], origin: str) -> Self:
        """Validate ``content``.

        Parameters
        ----------
        content : mapping
            Parsed YAML.
        origin : str
            Where it came from, for the message.

        Raises
        ------
        ConfigError
            With every problem of the file, and the nearest valid name for a field that does not exist.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problems = [_problem(cls, one) for one in error.errors()]
            raise ConfigError(
                f"{origin} has {len(problems)} problem{'s' * (len(problems) > 1)}:\n"
                + "\n".join(f"  - {problem}" for problem in problems)
                + "\n",
                why="A field that is wrong or misspelt would silently fall back to something else.",
                fix=f"Mend the fields above in {origin}, or the override that set them.",
            ) from error

    def digest(self) -> str:
        """SHA-256 of the content, the same for the same configuration on every machine."""
        return digest(self.model_dump(mode="json"))


def digest(content: object) -> str:
    """SHA-256 of anything JSON can say, independent of the order of keys.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def flat(content: Mapping[str, Any], prefix: str = "config") -> dict[str, str]:
    """Nested configuration as dotted names.

    Examples
    --------
    >>> flat({"search": {"n_trials": 5}, "days": ["P7D"]})
    {'config.search.n_trials': '5', 'config.days': '["P7D"]'}
    """
    named: dict[str, str] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping):
            named |= flat(value, name)
        else:
            named[name] = value if isinstance(value, str) else json.dumps(value)
    return named


def _whole_days(value: timedelta) -> timedelta:
    if value % DAY or value <= timedelta(0):
        raise ValueError(f"must be a positive number of whole days such as P28D, got {value}")
    return value


Days = Annotated[timedelta, AfterValidator(_whole_days)]
"""A positive ISO 8601 duration of whole days, e.g. ``P28D``."""


def _problem(cls: type[Spec], error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        known = _names_around(cls, error["loc"])
        return f"{place}: no such field.{nearest(str(error['loc'][-1]), known)}"
    shown = "" if error["type"] == "missing" else f" (got {error['input']!r:.80})"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}{shown}"


def _names_around(cls: type[Spec], place: tuple[Any, ...]) -> set[str]:
    """Names that a field could have where ``place`` ends."""
    here = [cls]
    for part in place[:-1]:
        below = [inner for spec in here for inner in _specs_in(spec, part)]
        tagged = [spec for spec in here if "type" in spec.model_fields and spec.model_fields["type"].default == part]
        here = below or tagged or here  # neither: an index or a key, which leads on to the same specs
    return {field.alias or name for spec in here for name, field in spec.model_fields.items()}


def _specs_in(cls: type[Spec], part: object) -> list[type[Spec]]:
    fields = {field.alias or name: field.annotation for name, field in cls.model_fields.items()}
    return _specs_of(fields.get(str(part)))


def _specs_of(annotation: Any) -> list[type[Spec]]:
    """Every spec that an annotation such as ``tuple[A | B, ...]`` names."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return [annotation]
    return [spec for inner in get_args(annotation) for spec in _specs_of(inner)]
