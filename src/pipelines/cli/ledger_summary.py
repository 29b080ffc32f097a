"""What the commands about registry and ledger print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from pipelines.cli.summary import Place, next_steps, rulings, version, wrapped

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.core.ledger import Chain, Entry
    from pipelines.flows.compare_shadow import ShadowCompared
    from pipelines.flows.drill import Drilled
    from pipelines.flows.restore import Restored
    from pipelines.flows.retire import Retired
    from pipelines.flows.rollback import RolledBack
    from pipelines.flows.shadow import Shadowed
    from pipelines.flows.sign_off import SignedOff
    from pipelines.flows.verify_ledger import Verified


def of_rollback(rolled: RolledBack, place: Place) -> None:
    """Who is champion now."""
    place.console.print(f"Champion    {version(rolled.champion)} (before: {version(rolled.before)})")
    of_entry(rolled.entry, place.console)


def of_signed(signed: SignedOff, place: Place) -> None:
    """Who said what of which version."""
    entry = signed.entry
    wrapped(place.console, "Signed", f"version {entry.version} {entry.event} by {entry.actor}: {entry.reason}")
    of_entry(entry, place.console)
    stands = entry.after.challenger == entry.version
    next_steps(place, *([f"regulars promote --task {entry.task}"] if stands else []))


def of_shadow(shadowed: Shadowed, place: Place) -> None:
    """Who decides about whom from now on."""
    rulings(shadowed.rulings, place.console)
    who = shadowed.version
    decides = "" if who is None else f"version {who.version} decides about {shadowed.share:.0%} of the customers"
    wrapped(place.console, "Shadow", decides or "nobody: the champion decides alone from the next scoring on")
    of_entry(shadowed.entry, place.console)
    next_steps(place, f"regulars score --task {shadowed.task}", f"regulars compare_shadow --task {shadowed.task}")


def of_compared_shadow(compared: ShadowCompared, place: Place) -> None:
    """How the two did on the same customers."""
    from pipelines.flows.compare_shadow import in_words

    for line in filter(None, in_words(compared).splitlines()):
        wrapped(place.console, "Shadow" if line.startswith("#") else "", line.lstrip("#- "))


def of_retired(retired: Retired, place: Place) -> None:
    """Who left."""
    wrapped(place.console, "Retired", ", ".join(f"version {one}" for one in retired.versions) or "nobody")
    wrapped(place.console, "Kept", ", ".join(f"version {one}" for one in retired.kept) or "nobody")
    if retired.entry is not None:
        of_entry(retired.entry, place.console)
        wrapped(place.console, "Disk", "mlflow gc frees the files of retired versions")


def of_restored(restored: Restored, place: Place) -> None:
    """What was found, and who stands where now."""
    for line in restored.found:
        wrapped(place.console, "Found", line)
    wrapped(place.console, "Champion", restored.entry.after.champion or "none")
    of_entry(restored.entry, place.console)


def of_drill(drilled: Drilled, place: Place) -> None:
    """Every saboteur, and which gate refused it."""
    from pipelines.flows.drill import in_words

    for line in in_words(drilled):
        place.console.print(escape(line))


def of_entry(entry: Entry, console: Console) -> None:
    """Where it is written; whoever keeps the head can tell later whether records behind it were removed."""
    wrapped(console, "Ledger", f"record {entry.number} of '{entry.task}', head {entry.digest}")


def of_history(name: str, chain: Chain, console: Console) -> None:
    """Every record in force, those that lost a race, and what should not be there."""
    console.print(f"[bold]{escape(name)}[/]")
    for entry in chain.entries:
        wrapped(console, f"{entry.number}", entry.in_words())
    for entry in chain.void:
        wrapped(console, "void", f"{entry.in_words()} Somebody else was first.")
    for problem in chain.problems:
        wrapped(console, "PROBLEM", problem)
    wrapped(console, "Head", chain.head)


def of_champion_at(name: str, chain: Chain, moment: datetime, console: Console) -> None:
    """Who it was, and since when."""
    number = chain.at(moment).champion
    known = [entry for entry in chain.entries if entry.at <= moment]
    since = next((entry for entry in known if entry.after.champion == number and _until(known, entry)), None)
    said = "nobody" if number is None else f"version {number}"
    wrapped(console, "Champion", f"of '{name}' at {moment:%Y-%m-%d %H:%M %Z}: {said}")
    if number is not None and since is not None:
        wrapped(console, "Since", since.in_words())


def _until(known: Sequence[Entry], first: Entry) -> bool:
    """Whether the champion stayed the same from this record on."""
    return all(entry.after.champion == first.after.champion for entry in known if entry.number >= first.number)


def of_verified(found: Sequence[Verified], console: Console) -> None:
    """Ledger by ledger."""
    for one in found:
        said = "does not hold" if one.problems else "holds"
        wrapped(console, one.name, f"{len(one.chain.entries)} records, {said}, head {one.chain.head}")
        for problem in one.problems:
            wrapped(console, "PROBLEM", problem)
        for note in one.notes:
            wrapped(console, "Note", note)
    if not found:
        wrapped(console, "Ledgers", "there are none in this store")
