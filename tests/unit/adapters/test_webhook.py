"""The webhook hears of every record, and nothing that it does or fails to do changes anything else."""

from __future__ import annotations

import base64
import gc
import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.adapters import webhook
from pipelines.adapters.webhook import announce
from pipelines.core.errors import ConfigError
from pipelines.core.ledger import Entry, Event, Standing

SECRET = "ünder the m4t"
ENTRY = Entry(
    number=3,
    task="churn",
    event=Event.PROMOTED,
    at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    actor="ada",
    reason="ä better one",
    version="7",
    model_digest="m",
    report_digest="r",
    run_id="run",
    after=Standing(champion="7", previous="6"),
    previous="p",
)


class Listener:
    """Answers POST as it was told to, and remembers what it heard."""

    def __init__(self):
        self.heard, self.status, self.location, self.drip_s = [], 200, None, 0.0
        self.done = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heard.append((self.path, dict(self.headers), body))
                if listener.drip_s:
                    listener.drip(self.wfile)
                else:
                    self.answer()

            def answer(self):
                self.send_response(listener.status)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?key=k3y"

    def drip(self, stream):
        """A byte at a time: never silent, never done."""
        while not self.done.wait(self.drip_s):
            try:
                stream.write(b"H")
                stream.flush()
            except OSError:
                return

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listener(monkeypatch):
    webhook._say.cache_clear()
    monkeypatch.delenv("REGULARS_WEBHOOK_SECRET", raising=False)
    with Listener() as found:
        monkeypatch.setenv("REGULARS_WEBHOOK", found.url)
        yield found
    gc.collect()


def test_nobody_is_told_unless_somebody_asked(monkeypatch):
    monkeypatch.delenv("REGULARS_WEBHOOK", raising=False)
    told = []
    monkeypatch.setattr(webhook, "_request", lambda *given: told.append(given))

    announce(ENTRY)

    assert told == []


def test_the_record_arrives_with_its_digest(listener, capsys):
    announce(ENTRY)

    ((path, headers, body),) = listener.heard
    said = json.loads(body)
    assert (path, headers["Content-Type"]) == ("/hook?key=k3y", "application/json")
    assert "X-Regulars-Signature" not in headers
    assert Entry.from_json(json.dumps(said["entry"])) == ENTRY
    assert said["digest"] == ENTRY.digest
    assert ENTRY.to_json().encode() in body
    assert capsys.readouterr().err == ""


def test_the_body_is_signed_with_the_secret(listener, monkeypatch):
    monkeypatch.setenv("REGULARS_WEBHOOK_SECRET", SECRET)
    announce(ENTRY)

    ((_, headers, body),) = listener.heard
    assert headers["X-Regulars-Signature"] == f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"


def test_a_name_and_password_in_the_address_become_a_header(listener, monkeypatch):
    monkeypatch.setenv("REGULARS_WEBHOOK", listener.url.replace("://", "://ada:p%40ss@"))
    announce(ENTRY)

    ((_, headers, _),) = listener.heard
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'ada:p@ss').decode()}"
    assert "ada" not in headers["Host"]


def test_a_refusal_is_said_once_without_the_address_and_the_secret(listener, monkeypatch, capsys):
    monkeypatch.setenv("REGULARS_WEBHOOK", listener.url.replace("://", "://ada:p4ss@"))
    monkeypatch.setenv("REGULARS_WEBHOOK_SECRET", SECRET)
    listener.status = 500
    announce(ENTRY)
    announce(ENTRY)

    said = capsys.readouterr().err
    assert said == "The webhook at 127.0.0.1 was not reached (status 500); the ledger is not affected.\n"
    assert len(listener.heard) == 2


def test_a_listener_that_never_ends_its_answer_is_left(listener, monkeypatch, capsys):
    monkeypatch.setattr(webhook, "LIMIT_S", 0.5)
    listener.drip_s = 0.1
    start = time.monotonic()
    announce(ENTRY)

    assert time.monotonic() - start < 3
    assert "(TimeoutError)" in capsys.readouterr().err


def test_a_port_where_nobody_listens_is_said(listener, monkeypatch, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("REGULARS_WEBHOOK", f"http://127.0.0.1:{free.getsockname()[1]}/")
        announce(ENTRY)

    assert "(ConnectionRefusedError)" in capsys.readouterr().err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(listener, tmp_path, capsys, status):
    for location in (f"file://{tmp_path}", listener.url):
        listener.heard.clear()
        listener.status, listener.location = status, location
        announce(ENTRY)

        assert len(listener.heard) == 1
    assert f"(status {status})" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://example.org/x",
        "example.org/s3cret",
        "https:///s3cret",
        "http://[s3cret",
        "http://a:0/",
    ],
)
def test_what_is_no_address_of_the_web_is_refused_without_repeating_it(monkeypatch, url):
    monkeypatch.setenv("REGULARS_WEBHOOK", url)

    with pytest.raises(ConfigError, match=r"REGULARS_WEBHOOK is no http:// or https:// address") as error:
        announce(ENTRY)
    assert url not in str(error.value)
