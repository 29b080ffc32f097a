"""How a piece of SQL stands in YAML: as text, from which it is read when the file is."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class ReadFromText:
    """What pydantic reads from text and writes as text; a subclass is made of one text."""

    said: ClassVar[str]
    """What it is, in messages."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from text, written as text."""
        return core_schema.no_info_plain_validator_function(
            cls._of,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(when_used="always"),
        )

    @classmethod
    def _of(cls, given: object) -> Self:
        if isinstance(given, cls):
            return given
        if not isinstance(given, str):
            raise ValueError(f"needs {cls.said}, as text")  # noqa: TRY004 - pydantic reports ValueErrors only
        return cls(given)  # type: ignore[call-arg]  # the text is the only field of every subclass
