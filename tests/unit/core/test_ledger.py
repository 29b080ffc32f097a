"""A chain of records: who was first is told from the store's order, and what was done to a record shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ConfigError
from pipelines.core.ledger import Chain, Entry, Event, Standing, Stored, chained

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number, previous, *, event=Event.REGISTERED, version="1", actor="ada", after=None, at=None):
    return Entry(
        number=number,
        task="churn",
        event=event,
        at=at or BEGAN + timedelta(days=number),
        actor=actor,
        reason="",
        version=version,
        model_digest="m" + version,
        report_digest="",
        run_id="r",
        after=after or Standing(champion=version),
        previous=previous,
    )


def stored(entries):
    return [Stored(number, one.to_json(), one.digest) for number, one in enumerate(entries, start=1)]


def line(n_records):
    """So many records, each after the other; version n is champion after record n."""
    found = []
    for number in range(1, n_records + 1):
        found.append(entry(number, found[-1].digest if found else "", version=str(number)))
    return found


FIVE = line(5)


def test_records_that_follow_each_other_are_in_force_whatever_order_they_are_read_in():
    chain = chained(list(reversed(stored(FIVE))))

    assert chain.entries == tuple(FIVE)
    assert (chain.head, chain.standing, chain.void, chain.problems) == (FIVE[-1].digest, FIVE[-1].after, (), ())


def test_no_records_are_no_ledger():
    assert chained([]) == Chain()
    assert (Chain().head, Chain().standing) == ("", Standing())


def test_a_record_comes_back_from_its_json():
    assert Entry.from_json(FIVE[2].to_json()) == FIVE[2]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"number": 1}', FIVE[0].to_json().replace("registered", "crowned")])
def test_what_is_no_record_is_told_so(text):
    with pytest.raises(ConfigError, match="is no record"):
        Entry.from_json(text)


def test_of_two_that_follow_the_same_record_the_first_counts():
    rival = entry(3, FIVE[1].digest, version="9", actor="eve")
    chain = chained(stored([*FIVE[:3], rival, *FIVE[3:]]))

    assert chain.entries == tuple(FIVE)
    assert chain.void == (rival,)
    assert chain.problems == ()


@given(st.data())
def test_writers_who_append_what_they_believe_make_one_chain(data):
    """Each knows the chain as of some earlier moment; nobody waits for anybody."""
    kept: list[Stored] = []
    for number in range(1, data.draw(st.integers(1, 12)) + 1):
        seen = chained(kept[: data.draw(st.integers(0, len(kept)))])
        mine = entry(len(seen.entries) + 1, seen.head, version=str(number))
        kept.append(Stored(number, mine.to_json(), mine.digest))
    chain = chained(kept)

    assert chain.problems == ()
    assert len(chain.entries) + len(chain.void) == len(kept)
    assert [one.number for one in chain.entries] == list(range(1, len(chain.entries) + 1))
    followed = [one.previous for one in chain.entries]
    assert len(set(followed)) == len(followed)


@given(st.integers(0, 4), st.sampled_from(["actor", "reason", "version"]))
def test_an_edited_record_shows_whatever_was_edited(place, name):
    kept = stored(FIVE)
    kept[place] = replace(kept[place], text=replace(FIVE[place], **{name: "somebody else"}).to_json())
    chain = chained(kept)

    assert chain.problems[0] == f"record {place + 1} of the store was edited: its digest is not that of its text"
    assert chain.entries == tuple(FIVE[:place])


@given(st.integers(0, 4))
def test_an_edited_record_with_a_fresh_digest_shows_in_the_next(place):
    kept = stored(FIVE)
    forged = replace(FIVE[place], actor="somebody else")
    kept[place] = Stored(place + 1, forged.to_json(), forged.digest)
    chain = chained(kept)

    if place == 4:  # nothing follows: only the head that stands elsewhere tells
        assert chain.problems == ()
        assert chain.head != FIVE[-1].digest
    else:
        assert chain.problems[0] == f"record {place + 2} of the store follows one that is not there"


@given(st.integers(0, 3))
def test_a_removed_record_shows_as_a_gap(place):
    kept = stored(FIVE)
    del kept[place]

    assert f"record {place + 1} of the store was removed" in chained(kept).problems


def test_a_cut_tail_shows_by_its_head_only():
    chain = chained(stored(FIVE)[:3])

    assert chain.problems == ()
    assert not chain.holds(FIVE[-1].digest)


def test_a_restored_chain_goes_on_and_keeps_what_was_found():
    kept = stored(FIVE)
    kept[1] = replace(kept[1], text=kept[1].text.replace("ada", "eve"))
    broken = chained(kept)
    healed = entry(2, broken.head, event=Event.RESTORED, version="", after=broken.last)
    chain = chained([*kept, Stored(6, healed.to_json(), healed.digest)])

    assert broken.last == FIVE[-1].after
    assert chain.problems == ()
    assert chain.acknowledged == broken.problems
    assert chain.standing == FIVE[-1].after


@pytest.mark.parametrize(("after_days", "champion"), [(0, None), (1, "1"), (1.5, "1"), (3, "3"), (5, "5"), (500, "5")])
def test_who_was_champion_at_a_moment(after_days, champion):
    assert chained(stored(FIVE)).at(BEGAN + timedelta(days=after_days)).champion == champion


def test_the_last_signature_of_a_version_counts():
    said = [Event.APPROVED, Event.REJECTED, Event.APPROVED]
    entries = []
    for number, event in enumerate(said, start=1):
        entries.append(entry(number, entries[-1].digest if entries else "", event=event, version="7"))
    chain = chained(stored(entries))

    assert chain.signed("7") == entries[-1]
    assert chain.signed("8") is None


def test_places_change_as_a_promotion_a_rollback_and_a_shadow_change_them():
    start = Standing(champion="1").challenged_by("2").shadowed_by("2", 0.1)

    assert start.crowned("2") == Standing(champion="2", previous="1")
    assert start.crowned("2").rolled_back() == Standing(champion="1", previous="2")
    assert start.crowned("2").rolled_back().crowned("2") == Standing(champion="2", previous="1")
    assert start.crowned("2").crowned("2") == start.crowned("2")
    assert start.without("2").challenger is None
    assert start.without("1") == start
    assert start.alone() == Standing(champion="1", challenger="2")
    assert start.challenged_by("3").crowned("3") == Standing(champion="3", previous="1", shadow="2", share=0.1)
    assert start.aliases == {"champion": "1", "challenger": "2", "shadow": "2"}
    assert Standing.of(start.aliases) == replace(start, share=0.0)


def test_a_record_reads_as_a_sentence():
    promoted = replace(entry(2, "", event=Event.PROMOTED, version="7"), reason="all 5 gates passed")

    assert promoted.in_words() == ("2026-01-03 00:00 UTC, ada: promoted version 7: all 5 gates passed. Champion: 7.")
