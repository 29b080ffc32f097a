from __future__ import annotations

import gc
import hashlib
import io
import json
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.adapters import download
from pipelines.core.errors import ContractError
from support.tables import source


class Publisher:
    """Offers files over HTTP and remembers what was asked for."""

    def __init__(self):
        self.files, self.asked = {}, []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.asked.append(self.path)
                found = publisher.files.get(self.path)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write((found or b"")[: publisher.most])

            def log_message(self, *_):
                pass

        self.most = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def publisher():
    with Publisher() as found:
        yield found


def offering(url, path="raw/sales.csv", **more):
    return source(raw={"sales": {"path": path, "download": {"url": url, **more}}})


def packed(**files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def listed(tmp_path):
    return sorted(path.name for path in (tmp_path / "raw").iterdir())


def test_file_is_fetched_once_and_its_digest_recorded(publisher, tmp_path):
    publisher.files["/sales.csv"] = b"id\n1\n"
    shop = offering(f"{publisher.url}/sales.csv")
    first, second = download.fetch(shop, tmp_path), download.fetch(shop, tmp_path)

    assert (first, second) == ([tmp_path / "raw/sales.csv"], [])
    assert publisher.asked == ["/sales.csv"]
    assert first[0].read_bytes() == b"id\n1\n"
    assert listed(tmp_path) == ["downloads.json", "sales.csv"]
    recorded = json.loads((tmp_path / "raw/downloads.json").read_text())
    assert recorded == {f"{publisher.url}/sales.csv": hashlib.sha256(b"id\n1\n").hexdigest()}


def test_member_of_an_archive_is_taken_out(publisher, tmp_path):
    publisher.files["/all.zip"] = packed(**{"in/sales.csv": b"id\n1\n", "../evil.csv": b"no"})
    download.fetch(offering(f"{publisher.url}/all.zip", member="in/sales.csv"), tmp_path)

    assert (tmp_path / "raw/sales.csv").read_bytes() == b"id\n1\n"
    assert listed(tmp_path) == ["downloads.json", "sales.csv"]
    assert not list(tmp_path.rglob("evil*"))


def test_file_that_changed_is_refused(publisher, tmp_path):
    publisher.files["/sales.csv"] = b"id\n1\n"
    shop = offering(f"{publisher.url}/sales.csv")
    (path,) = download.fetch(shop, tmp_path)
    path.unlink()
    publisher.files["/sales.csv"] = b"id\n2\n"

    with pytest.raises(ContractError, match=r"has the SHA-256 [0-9a-f]{12}…, and had [0-9a-f]{12}… when it was"):
        download.fetch(shop, tmp_path)
    assert listed(tmp_path) == ["downloads.json"]


def test_file_that_is_the_same_again_is_taken(publisher, tmp_path):
    publisher.files["/sales.csv"] = b"id\n1\n"
    shop = offering(f"{publisher.url}/sales.csv")
    download.fetch(shop, tmp_path)[0].unlink()

    assert download.fetch(shop, tmp_path) == [tmp_path / "raw/sales.csv"]


@pytest.mark.parametrize(
    ("content", "error"), [(packed(other="x"), "KeyError"), (b"no zip", "BadZipFile"), (None, "BadZipFile")]
)
def test_archive_without_the_file_is_refused(publisher, tmp_path, content, error):
    whole = packed(**{"sales.csv": b"id\n1\n" * 999})
    publisher.files["/all.zip"] = whole[: len(whole) // 2] if content is None else content

    with pytest.raises(ContractError, match=rf"The downloaded archive does not hold 'sales\.csv' \({error}\)"):
        download.fetch(offering(f"{publisher.url}/all.zip", member="sales.csv"), tmp_path)
    assert listed(tmp_path) == []


def test_file_that_is_not_offered_any_longer_is_refused(publisher, tmp_path):
    with pytest.raises(ContractError) as error:
        download.fetch(offering(f"{publisher.url}/none.csv"), tmp_path)

    assert str(error.value) == (
        f"{publisher.url}/none.csv could not be fetched (HTTP 404). The publisher does not answer or does not offer it "
        "any longer, or there is no connection. Fix: Try again later, or fetch the file in a browser and give it with "
        "--path FILE."
    )
    assert listed(tmp_path) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pooch leaves the broken socket open
def test_file_that_breaks_off_is_refused(publisher, tmp_path):
    publisher.files["/sales.csv"], publisher.most = b"id\n1\n" * 999, 100

    with pytest.raises(ContractError, match=r"could not be fetched \(\w+\)"):
        download.fetch(offering(f"{publisher.url}/sales.csv"), tmp_path)
    gc.collect()
    assert listed(tmp_path) == []


def test_publisher_who_does_not_answer_is_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/sales.csv"

    with pytest.raises(ContractError, match=r"could not be fetched \(ConnectionError\)"):
        download.fetch(offering(url), tmp_path)


@pytest.mark.parametrize("content", ["[]", "{"])
def test_record_that_is_none_is_refused(publisher, tmp_path, content):
    publisher.files["/sales.csv"] = b"id\n1\n"
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/downloads.json").write_text(content)

    with pytest.raises(ContractError, match=r"downloads\.json is not a record of downloads\."):
        download.fetch(offering(f"{publisher.url}/sales.csv"), tmp_path)


def test_source_without_an_offer_says_so(tmp_path):
    with pytest.raises(ContractError, match=r"Source 'shop' offers no download\."):
        download.fetch(source(), tmp_path)


def test_only_missing_files_are_fetched(publisher, tmp_path):
    publisher.files["/b.csv"] = b"id\n"
    (tmp_path / "a.csv").write_text("id\n")
    raw = {name: {"path": f"{name}.csv", "download": {"url": f"{publisher.url}/{name}.csv"}} for name in ("a", "b")}
    shop = source(raw={**raw, "sales": {"path": "sales.csv"}})

    assert download.fetch(shop, tmp_path) == [tmp_path / "b.csv"]
    assert publisher.asked == ["/b.csv"]
