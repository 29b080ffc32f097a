"""Ledgers in the tracking store: of the model ``churn``, the registered model ``churn.ledger``, a version per record.

Whoever shares the store shares the ledger, and sees it in MLflow's pages. MLflow has no compare-and-set; what it has is
that ``create_model_version`` gives out numbers: it reads the largest one, inserts the next under the primary key
``(name, version)``, and begins anew if somebody else was faster. So of two writers one comes first; whoever sees a
number sees all that are lower, since its writer had to see them committed to go beyond them; and a record that was
overtaken names a predecessor that another record had followed already. Every reader tells the same from the same rows.
"""

from __future__ import annotations

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pipelines.adapters.webhook import announce
from pipelines.core.ledger import Entry, Stored

_SUFFIX, _RECORD, _DIGEST, _HEAD = ".ledger", "record", "digest", "ledger_head"
_AT_ONCE = 1_000
_ABOUT = (
    "What became of every version of '{task}': each version of this model is one record, chained by hash. Do not edit "
    "or delete any; look at it with: regulars history --task {task}, check it with: regulars verify_ledger."
)


class MlflowLedger:
    """Ledgers in the tracking store that is set."""

    def names(self) -> tuple[str, ...]:
        """Whose ledgers there are, ascending."""
        client, found, token = MlflowClient(), [], None
        while True:
            page = client.search_registered_models(f"name LIKE '%{_SUFFIX}'", max_results=_AT_ONCE, page_token=token)
            found += [model.name.removesuffix(_SUFFIX) for model in page]
            token = page.token
            if not token:
                return tuple(sorted(found))

    def read(self, task: str) -> tuple[Stored, ...]:
        """All records of a task's ledger, in order; none if it has not begun."""
        client, found, token = MlflowClient(), [], None
        while True:
            asked = f"name='{task}{_SUFFIX}'"
            page = client.search_model_versions(asked, max_results=_AT_ONCE, page_token=token)
            found += [Stored(int(one.version), one.tags.get(_RECORD, ""), one.tags.get(_DIGEST, "")) for one in page]
            token = page.token
            if not token:
                return tuple(sorted(found, key=lambda one: one.number))

    def append(self, entry: Entry) -> None:
        """Write a record behind all others, whatever it says of its place."""
        client, name = MlflowClient(), f"{entry.task}{_SUFFIX}"
        _ensure(client, name, entry.task)
        client.create_model_version(
            name,
            client.get_run(entry.run_id).info.artifact_uri,
            entry.run_id,
            tags={_RECORD: entry.to_json(), _DIGEST: entry.digest, "event": entry.event, "of": entry.version},
            description=entry.in_words(),
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
