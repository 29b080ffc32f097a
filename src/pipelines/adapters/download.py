"""Fetching raw files that a publisher offers to everybody."""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
import requests

from pipelines.core.errors import ContractError
from pipelines.tables.raw import Download
from pipelines.tables.source import SourceSpec

_RECORD = "downloads.json"
_CHUNK, _PATIENCE_SECONDS = 1 << 20, 60


def fetch(source: SourceSpec, home: Path) -> list[Path]:
    """Fetch every raw file of a source that has a ``download`` and is not there yet.

    The SHA-256 of each download is written into ``downloads.json`` beside the files when it is fetched first, and
    checked whenever it is fetched again.

    Parameters
    ----------
    source : SourceSpec
        Its raw tables say where they are offered, and their first path where the file belongs.
    home : Path
        What relative paths start from.

    Returns
    -------
    list of Path
        The files that were fetched now.

    Raises
    ------
    ContractError
        If nothing of the source is offered, the publisher cannot be reached, the digest is another one than
        before, or the archive does not hold the file.
    """
    offered = {name: raw for name, raw in source.raw.items() if raw.download is not None}
    if not offered:
        raise ContractError(
            f"Source '{source.name}' offers no download.",
            why="Its publisher asks for a login or a consent that only a person can give, or it is your own.",
            fix=f"Fetch it yourself, then: regulars ingest --source {source.name} --path FILE",
        )
    fetched = []
    for raw in offered.values():
        target = home / raw.path[0]
        if raw.download is not None and not target.exists():
            _fetch_one(raw.download, target)
            fetched.append(target)
    return fetched


def _fetch_one(download: Download, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    record = target.parent / _RECORD
    known = _recorded(record)
    with TemporaryDirectory(prefix="download-", dir=target.parent) as folder:
        found = _retrieved(download.url, Path(folder))
        digest = str(pooch.file_hash(str(found), alg="sha256"))
        _require_same(download.url, digest, known.get(download.url))
        draft = Path(folder) / "draft.json"
        draft.write_text(json.dumps({**known, download.url: digest}, indent=1, sort_keys=True), encoding="utf-8")
        whole = found if download.member is None else _taken_out(found, download.member)
        draft.replace(record)
        whole.replace(target)


def _recorded(record: Path) -> dict[str, str]:
    if not record.exists():
        return {}
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise ContractError(
            f"{record} is not a record of downloads.",
            why="The digests in it say whether a publisher changed a file.",
            fix="Restore it, or take it away to record what is fetched next.",
        )
    return known


def _retrieved(url: str, folder: Path) -> Path:
    pooch.get_logger().setLevel("WARNING")  # it would print every digest, and how to write it into code
    downloader = pooch.HTTPDownloader(chunk_size=_CHUNK, timeout=_PATIENCE_SECONDS)
    try:
        return Path(pooch.retrieve(url, known_hash=None, fname="download", path=folder, downloader=downloader))
    except (requests.RequestException, ValueError, OSError) as error:
        raise ContractError(
            f"{url} could not be fetched ({_name_of(error)}).",
            why="The publisher does not answer or does not offer it any longer, or there is no connection.",
            fix="Try again later, or fetch the file in a browser and give it with --path FILE.",
        ) from None


def _name_of(error: Exception) -> str:
    response = getattr(error, "response", None)
    return type(error).__name__ if response is None else f"HTTP {response.status_code}"


def _require_same(url: str, digest: str, known: str | None) -> None:
    if known not in (None, digest):
        raise ContractError(
            f"{url} has the SHA-256 {digest[:12]}…, and had {str(known)[:12]}… when it was fetched first.",
            why="The publisher changed the file, or somebody between did: figures would no longer compare.",
            fix=f"If the change is meant, remove its line from {_RECORD} beside the file and fetch again.",
        )


def _taken_out(archive: Path, member: str) -> Path:
    """One file of a ZIP archive, beside it; no path that the archive names is written."""
    inside = archive.with_name("member")
    try:
        with zipfile.ZipFile(archive) as files, files.open(member) as packed, inside.open("wb") as target:
            shutil.copyfileobj(packed, target, _CHUNK)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise ContractError(
            f"The downloaded archive does not hold '{member}' ({type(error).__name__}).",
            why="The publisher packs it otherwise now, or it was cut off on its way.",
            fix="Fetch and unpack it yourself, then give the file with --path FILE.",
        ) from None
    return inside
