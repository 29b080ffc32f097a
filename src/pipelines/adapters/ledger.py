"""Ledgers in the tracking store: of the model ``churn``, the registered model ``churn.ledger``, a version per record.

Whoever shares the store shares the ledger, and sees it in MLflow's pages.

MLflow has no compare-and-set; that this is one rests on ``create_model_version`` (read in MLflow 3.17's SQL store).
In one transaction it reads the largest number, and inserts the next with its tags under the primary key ``(name,
version)``; if that is taken it begins anew. So (1) a number is given out once. (2) Whoever sees a number sees all
below it, on every database that shows committed rows only, since its writer had read the one below as committed.
Deleting only marks a row: no number comes back. (3) Text and digest are tags of the same transaction. `chained` looks
at a record and at those before it, so that all readers who see a record say the same of it, for good: to append and
read back is to compare and set. A request that HTTP repeats appends the same text twice, and the second is void. A
read replica is not covered: it may not show a writer its own record yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mlflow.exceptions import MlflowException
from mlflow.store.entities import PagedList
from mlflow.tracking import MlflowClient

from pipelines.adapters.webhook import announce, webhook
from pipelines.core.ledger import Entry, Stored

T = TypeVar("T")
_SUFFIX, _RECORD, _DIGEST, _HEAD = ".ledger", "record", "digest", "ledger_head"
_AT_ONCE = 1_000
_MAX_DESCRIPTION = 4_900
"""What the store's column takes, less a little."""
_ABOUT = (
    "What became of every version of '{task}': each version of this model is one record, chained by hash. Do not edit "
    "or delete any; look at it with: regulars history --task {task}, check it with: regulars verify_ledger."
)


class MlflowLedger:
    """Ledgers in the tracking store that is set."""

    def names(self) -> tuple[str, ...]:
        """Whose ledgers there are, ascending."""
        asked = f"name LIKE '%{_SUFFIX}'"
        found = paged(lambda token: MlflowClient().search_registered_models(asked, _AT_ONCE, page_token=token))
        return tuple(sorted(model.name.removesuffix(_SUFFIX) for model in found))

    def read(self, task: str) -> tuple[Stored, ...]:
        """All records of a task's ledger, in order; none if it has not begun."""
        asked, order = f"name='{task}{_SUFFIX}'", ["version_number ASC"]
        found = paged(lambda token: MlflowClient().search_model_versions(asked, _AT_ONCE, order, token))
        return tuple(Stored(int(one.version), one.tags.get(_RECORD, ""), one.tags.get(_DIGEST, "")) for one in found)

    def append(self, entry: Entry) -> None:
        """Write a record behind all others, whatever it says of its place."""
        webhook()  # who asked to be told at an address that cannot be is told so before anything is written
        client, name = MlflowClient(), f"{entry.task}{_SUFFIX}"
        _ensure(client, name, entry.task)
        client.create_model_version(
            name,
            client.get_run(entry.run_id).info.artifact_uri,
            entry.run_id,
            tags={_RECORD: entry.to_json(), _DIGEST: entry.digest, "event": entry.event, "of": entry.version},
            description=entry.in_words()[:_MAX_DESCRIPTION],
            await_creation_for=0,
        )

    def head(self, task: str) -> str:
        """The digest that stands on the registered model; empty if none does."""
        try:
            return str(MlflowClient().get_registered_model(task).tags.get(_HEAD, ""))
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return ""
            raise

    def mark(self, task: str, digest: str) -> None:
        """Put a digest there."""
        MlflowClient().set_registered_model_tag(task, _HEAD, digest)

    def announce(self, entry: Entry) -> None:
        """Tell the webhook, if there is one."""
        announce(entry)


def _ensure(client: MlflowClient, name: str, task: str) -> None:
    try:
        client.create_registered_model(name, tags={"regulars": "ledger"}, description=_ABOUT.format(task=task))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def paged(ask: Callable[[str | None], PagedList[T]]) -> list[T]:
    """All that a search finds, page after page; ``ask`` is given each page's token."""
    page = ask(None)
    found = list(page)
    while page.token:
        page = ask(page.token)
        found += page
    return found
