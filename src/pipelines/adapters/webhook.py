"""Telling whoever asked to be told what was written into a ledger."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from functools import cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from pipelines.core.errors import ConfigError
from pipelines.core.ledger import Entry

WEBHOOK, SECRET = "REGULARS_WEBHOOK", "REGULARS_WEBHOOK_SECRET"
SIGNATURE = "X-Regulars-Signature"
LIMIT_S = 5.0
"""How long telling may take in all, looking the address up included."""


def webhook() -> SplitResult | None:
    """Where to tell, from ``$REGULARS_WEBHOOK``; None if nobody asked to be told.

    Raises
    ------
    ConfigError
        If it is no address of the web. What it says is not repeated: such addresses are often secrets.
    """
    given = os.environ.get(WEBHOOK, "").strip()
    if not given:
        return None
    try:
        found = urlsplit(given)
        usable = found.scheme in {"http", "https"} and found.hostname and found.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{WEBHOOK} is no http:// or https:// address.",
            why="What is written into the ledger could not be told to anybody.",
            fix=f"Set it to an address such as https://example.org/regulars, or unset {WEBHOOK}.",
        )
    return found


def announce(entry: Entry) -> None:
    """POST a record to the webhook, if there is one; whether it is heard changes nothing.

    The body is ``{"digest": …, "entry": …}``, the entry in its canonical form, of which the digest is the SHA-256. With
    ``$REGULARS_WEBHOOK_SECRET`` the header ``X-Regulars-Signature`` is ``sha256=`` and the HMAC-SHA256 of the body in
    hexadecimal digits [1]_. Redirects are not followed. What went wrong is said once on standard error, without more of
    the address than its host.

    Parameters
    ----------
    entry : Entry
        As it was written.

    Raises
    ------
    ConfigError
        If `webhook` does.

    References
    ----------
    .. [1] Krawczyk, Bellare and Canetti (1997). HMAC: Keyed-Hashing for Message Authentication. RFC 2104.
    """
    place = webhook()
    if place is None:
        return
    failed = ["TimeoutError"]
    request = _request(place, entry)
    told = threading.Thread(target=lambda: failed.__setitem__(0, _told(request)), daemon=True)
    told.start()
    told.join(LIMIT_S)  # a socket's own limit starts anew with every byte, and does not cover the look-up
    if failed[0]:
        _say(f"The webhook at {place.hostname} was not reached ({failed[0]}); the ledger is not affected.")


def _request(place: SplitResult, entry: Entry) -> urllib.request.Request:
    body = f'{{"digest":"{entry.digest}","entry":{entry.to_json()}}}'.encode()
    headers = {"Content-Type": "application/json", "User-Agent": "regulars"}
    if secret := os.environ.get(SECRET):
        headers[SIGNATURE] = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
    if place.username is not None:
        known = f"{unquote(place.username)}:{unquote(place.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(known.encode()).decode()}"
    bare = place._replace(netloc=place.netloc.rpartition("@")[2], fragment="")
    return urllib.request.Request(bare.geturl(), body, headers, method="POST")  # noqa: S310 - http or https


def _told(request: urllib.request.Request) -> str:
    """What went wrong, by its kind; empty if it was told."""
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=LIMIT_S):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"status {error.code}"
    except urllib.error.URLError as error:
        return type(error.reason).__name__
    except Exception as error:  # nothing that happens here may stop a promotion
        return type(error).__name__


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: nobody said that the other place may be told."""

    def redirect_request(self, *_: Any) -> None:
        """Go nowhere."""


@cache
def _say(text: str) -> None:
    """Once in a process."""
    sys.stderr.write(f"{text}\n")
