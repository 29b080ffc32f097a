"""Raw tables: where somebody keeps them, and how their texts are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipelines.core.spec import Spec

MISSING = ("nan", "NaN", "NAN", "null", "NULL", "None", "none", "\\N", "N/A", "n/a", "#N/A", "<NA>", "NaT")
"""Texts that programs write where there is nothing; an empty text always is nothing.

``NA`` is not among them: it is also Namibia and North America.
"""
Format = Literal["parquet", "csv", "workbook"]
_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".tsv.gz": "csv",
    ".txt": "csv",
    ".xlsx": "workbook",
    ".xls": "workbook",
}


def format_of(name: str) -> Format | None:
    """The format that a file's name tells, or None.

    Examples
    --------
    >>> format_of("sales/2019-11.CSV.gz"), format_of("sales.json")
    ('csv', None)
    """
    lowered = name.lower()
    return next((kind for suffix, kind in _SUFFIXES.items() if lowered.endswith(suffix)), None)


class Download(Spec):
    """Where a publisher offers the raw file to everybody.

    ``member`` is the file to take out of a downloaded ZIP archive; None if the download is the file itself.
    """

    url: Annotated[str, Field(pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])")]
    member: str | None = None


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class RawTable(Spec):
    """One raw table: files, a database's table, or a table of the simulated shop.

    Parameters
    ----------
    path : str or list of str
        Files, folders or globs, relative to the workspace or absolute; ``package:<package>/<file>`` is a file that an
        installed Python package ships. Parquet, CSV (also gzipped) and workbooks are told by their suffix.
    format : str, optional
        ``parquet``, ``csv`` or ``workbook``, for files whose suffix does not tell.
    database : str
        The name of the environment variable that holds the connection's URL, such as ``postgres://…`` or
        ``duckdb:///shop.duckdb``: a secret never stands in a source.
    table : str
        With ``database``: its table or view, with a schema before a dot where there is one.
    simulated : str
        A table of the simulated shop.
    delimiter, quote, encoding : str
        Of CSV files. The delimiter is told by the suffix if it is not given: a tab for ``.tsv``, else a comma.
    decimal, thousands : str
        How numbers are written where they arrive as text.
    missing : list of str
        Texts that stand for nothing, beside the empty one.
    download : Download
        Where ``ingest --download`` fetches the file.
    """

    path: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    format: Format | None = None
    database: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")] | None = None
    table: str | None = None
    simulated: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    missing: tuple[str, ...] = MISSING
    download: Download | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError("no such encoding; common ones are utf-8, cp1252, latin-1, utf-16") from error
        return name

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum([bool(self.path), self.database is not None, self.simulated is not None]) != 1:
            raise ValueError("needs one of path, database, simulated")
        if (self.database is None) != (self.table is None):
            raise ValueError("database and table belong together")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both '{self.decimal}'")
        return self
