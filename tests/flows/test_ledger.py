"""The ledger says who stands where, and the aliases follow: through kills, races, tampering and hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from pipelines.core.errors import BusyError, ModelError, RegistryError, UsageError
from pipelines.core.ledger import Event, Standing, Stored, chained
from pipelines.core.protocols import CHAMPION, PREVIOUS, REFERENCE, Answer, Probe
from pipelines.flows.ledger import Step, follow, opened, recorded
from pipelines.flows.outcome import Outcome
from pipelines.flows.register import register
from pipelines.flows.restore import restore
from pipelines.flows.retire import retire
from pipelines.flows.rollback import rollback
from pipelines.flows.shadow import stop_shadow
from pipelines.flows.sign_off import approve, reject
from pipelines.flows.verify_ledger import verify_ledger
from support.memory import MemoryModels, MemoryRun
from support.mortal import Killed, Mortal, Raced
from support.versions import ROWS, new_version

NAME = "churn"


@pytest.fixture
def run():
    return MemoryRun(artifacts={REFERENCE: ROWS.assign(label=0)})


@pytest.fixture
def models(run):
    """Two versions: the second is champion, the first was it before."""
    made = MemoryModels()
    for seed in (1, 2):
        made.crown(register(made, run, new_version(seed)))
    return made


def chain_of(models):
    return chained(models.ledger.read(NAME))


def promote_by_record(models, run, number):
    version = models.version(NAME, number)
    return recorded(NAME, models, run, Step(Event.PROMOTED, version), lambda now: now.crowned(number))


def test_every_step_is_a_record_and_the_aliases_and_the_head_fit_it(models):
    chain = chain_of(models)

    assert [one.event for one in chain.entries] == ["registered", "promoted", "registered", "promoted"]
    assert models.aliases(NAME) == {CHAMPION: "2", PREVIOUS: "1"} == chain.standing.aliases
    assert models.ledger.head(NAME) == chain.head
    assert [one.digest for one in models.ledger.told] == [one.digest for one in chain.entries]
    assert verify_ledger(NAME, models).outcome == Outcome.OK


def test_registering_makes_a_challenger_and_nothing_else(models, run):
    made = register(models, run, new_version(3), "because")

    assert models.aliases(NAME) == {CHAMPION: "2", PREVIOUS: "1", "challenger": made.version}
    assert chain_of(models).entries[-1].reason == "because"
    assert chain_of(models).entries[-1].model_digest == made.digest


@pytest.mark.parametrize("n_writes", range(6))
@pytest.mark.parametrize("step", [promote_by_record, lambda models, run, _: rollback(NAME, models, run)])
def test_killed_between_any_two_writes_the_next_command_puts_it_right(models, run, step, n_writes):
    register(models, run, new_version(3))
    before = chain_of(models)
    try:
        step(Mortal(models, n_writes), run, "3")
    except Killed:
        pass
    else:
        assert n_writes >= 3

    now = chain_of(models)
    assert len(now.entries) - len(before.entries) == (n_writes > 0)
    assert models.aliases(NAME)[CHAMPION] in {before.standing.champion, now.standing.champion}
    assert not verify_ledger(NAME, models).problems
    assert opened(NAME, models, run) == now
    assert models.aliases(NAME) == now.standing.aliases
    assert models.ledger.head(NAME) == now.head


def test_the_next_command_says_that_it_put_something_right(models, run):
    register(models, run, new_version(3))
    with pytest.raises(Killed):
        promote_by_record(Mortal(models, 1), run, "3")

    opened(NAME, models, run)

    assert run.progress.said[-1] == "ledger: the aliases of 'churn' are set as record 6 says"


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(models, run):
    register(models, run, new_version(3))
    judged = chain_of(models).standing

    def only_if_as_judged(now):
        return now.crowned("3") if now == judged else None

    step = Step(Event.PROMOTED, models.version(NAME, "3"))
    raced = Raced(models, lambda: recorded(NAME, models, MemoryRun("other"), step, only_if_as_judged))
    with pytest.raises(BusyError, match=r"Another command changed 'churn' meanwhile \(promoted was not recorded\)"):
        recorded(NAME, raced, run, step, only_if_as_judged)

    chain = chain_of(models)
    assert [one.event for one in chain.entries].count("promoted") == 3
    assert [one.event for one in chain.void] == ["promoted"]
    assert models.aliases(NAME) == {CHAMPION: "3", PREVIOUS: "2"}
    assert verify_ledger(NAME, models).outcome == Outcome.OK


def test_a_step_that_still_fits_is_written_again_behind_the_other(models, run):
    raced = Raced(models, lambda: register(models, run, new_version(3)))
    made = register(raced, run, new_version(4))

    chain = chain_of(models)
    assert (made.version, chain.standing.challenger) == ("3", "3")
    assert len(chain.void) == 1
    assert chain.entries[-1].version == made.version


def test_a_slow_process_does_not_set_the_aliases_back(models, run):
    """It has written its record, and another one is written and followed before it sets its aliases."""
    register(models, run, new_version(3))
    with pytest.raises(Killed):
        promote_by_record(Mortal(models, 1), run, "3")
    rollback(NAME, models, run)

    follow(NAME, models)

    assert models.aliases(NAME) == chain_of(models).standing.aliases == {CHAMPION: "2", PREVIOUS: "3"}


def test_a_model_from_before_the_ledger_begins_one_with_who_stands_where(models, run):
    held = {(NAME, CHAMPION): "2", (NAME, PREVIOUS): "1"}
    old = MemoryModels(versions=models.versions, loaders=models.loaders, held=held)

    rolled = rollback(NAME, old, run)

    assert [one.event for one in chain_of(old).entries] == ["adopted", "rolled_back"]
    assert rolled.champion.version == "1"


def edited(models):
    kept = models.ledger.records[NAME]
    kept[1] = replace(kept[1], text=kept[1].text.replace("ada", "eve"))


def removed(models):
    del models.ledger.records[NAME][1]


def cut(models):
    del models.ledger.records[NAME][-1]


def all_gone(models):
    models.ledger.records.clear()


def foreign(models):
    models.ledger.records[NAME].append(Stored(5, "a note", "0"))


def moved(models):
    models.held[NAME, CHAMPION] = "1"


def taken(models):
    del models.held[NAME, CHAMPION]


TAMPERING = [edited, removed, cut, all_gone, foreign, moved, taken]


@pytest.mark.parametrize("tampered", TAMPERING)
@pytest.mark.parametrize(
    "command",
    [
        lambda models, run: rollback(NAME, models, run),
        lambda models, run: register(models, run, new_version(3)),
        lambda models, run: approve(NAME, models, run, CHAMPION, "ada", "fine"),
        lambda models, run: retire(NAME, models, run, 0, timedelta(0)),
    ],
)
def test_what_nobody_of_ours_left_refuses_every_command(models, run, tampered, command):
    tampered(models)
    before = dict(models.held), len(models.versions), [*models.ledger.read(NAME)]

    with pytest.raises(RegistryError, match="regulars restore --task churn"):
        command(models, run)

    assert (dict(models.held), len(models.versions), [*models.ledger.read(NAME)]) == before
    assert verify_ledger(NAME, models).outcome == Outcome.DIFFERS


@pytest.mark.parametrize("tampered", [one for one in TAMPERING if one is not all_gone])
def test_restoring_goes_on_from_what_a_record_says_and_keeps_what_was_found(models, run, tampered):
    tampered(models)

    restored = restore(NAME, models, run, "Ada", "a script gone wrong")

    assert restored.found
    champion = "1" if tampered is cut else "2"  # the promotion of version 2 is no longer there to be read
    assert models.aliases(NAME)[CHAMPION] == champion
    assert models.aliases(NAME) == chain_of(models).standing.aliases
    assert verify_ledger(NAME, models).outcome == Outcome.OK
    assert chain_of(models).entries[-1].actor == "Ada"


def test_what_is_as_it_was_written_is_not_restored(models, run):
    with pytest.raises(UsageError, match="There is nothing to restore"):
        restore(NAME, models, run, "Ada", "just in case")

    assert len(chain_of(models).entries) == 4


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("ada", " ")])
def test_nobody_restores_or_signs_without_name_and_reason(models, run, by, reason):
    for command in (restore, lambda *given: approve(*given[:3], CHAMPION, *given[3:])):
        with pytest.raises(UsageError, match="one of them is empty"):
            command(NAME, models, run, by, reason)


def test_approval_and_objection_are_records_with_name_and_reason(models, run):
    made = register(models, run, new_version(3))
    approve(NAME, models, run, "challenger", "Ada", "figures read")
    objected = reject(NAME, models, run, made.version, "Grace", "spring prices are missing")

    assert (objected.entry.actor, objected.entry.reason) == ("Grace", "spring prices are missing")
    assert chain_of(models).signed(made.version).event == Event.REJECTED
    assert models.aliases(NAME) == {CHAMPION: "2", PREVIOUS: "1", "challenger": made.version}


def test_a_version_that_is_not_there_cannot_be_signed(models, run):
    for named in ("7", "shadow"):
        with pytest.raises(RegistryError, match=f"has no version '{named}'"):
            approve(NAME, models, run, named, "Ada", "fine")


def test_rollback_swaps_and_swaps_back_and_both_are_recorded(models, run):
    first, second = rollback(NAME, models, run), rollback(NAME, models, run)

    assert (first.champion.version, second.champion.version) == ("1", "2")
    assert [one.event for one in chain_of(models).entries[-2:]] == ["rolled_back", "rolled_back"]
    assert models.aliases(NAME) == {CHAMPION: "2", PREVIOUS: "1"}


def test_without_a_previous_champion_there_is_nothing_to_go_back_to(run):
    models = MemoryModels()
    models.crown(register(models, run, new_version(1)))

    with pytest.raises(RegistryError, match="has no previous champion"):
        rollback(NAME, models, run)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Probe("ModuleNotFoundError", {}, 1.0), r"does not load \(ModuleNotFoundError\)"),
        (Probe("", {"smoke": Answer("KeyError", 100, 0, 0, 0.1)}, 1.0), r"does not score \(KeyError\)"),
        (Probe("", {"smoke": Answer("", 100, 99, 0, 0.1)}, 1.0), "99 answers, 0 of them bad, to 100 rows"),
        (Probe("", {"smoke": Answer("", 100, 100, 3, 0.1)}, 1.0), "100 answers, 3 of them bad"),
    ],
)
def test_a_previous_champion_that_cannot_do_its_work_does_not_come_back(models, run, monkeypatch, found, said):
    monkeypatch.setattr(MemoryModels, "probe", lambda *_: found)

    with pytest.raises(ModelError, match=said):
        rollback(NAME, models, run)

    assert models.aliases(NAME) == {CHAMPION: "2", PREVIOUS: "1"}
    assert len(chain_of(models).entries) == 4


def test_a_previous_champion_whose_signature_names_other_columns_does_not_come_back(models, run):
    made, folder, _, artifacts = models.versions["1"]
    models.versions["1"] = (made, folder, pd.DataFrame({"recency_weeks": [1.0]}), artifacts)

    with pytest.raises(ModelError, match="its signature names recency_weeks, which the rows it was judged on lack"):
        rollback(NAME, models, run)


def test_old_versions_retire_by_rule_and_whoever_holds_a_place_never_does(models, run):
    for seed in range(3, 8):
        register(models, run, new_version(seed))

    retired = retire(NAME, models, run, keep=1, older_than=timedelta(0))

    assert retired.versions == ()  # none of them is old enough yet
    models.numbers = lambda _: {number: run.now - timedelta(days=100) for number in models.versions}
    retired = retire(NAME, models, run, keep=1, older_than=timedelta(days=90))
    assert retired.versions == ("3", "4", "5")
    assert retired.kept == ("1", "2", "6", "7")  # previous, champion, the newest of the others, challenger
    assert sorted(models.versions) == ["1", "2", "6", "7"]
    assert verify_ledger(NAME, models).problems == ()
    assert retire(NAME, models, run, keep=1, older_than=timedelta(days=90)).outcome == Outcome.UNCHANGED


def test_a_retirement_that_was_killed_is_told_and_can_be_run_again(models, run):
    for seed in range(3, 6):
        register(models, run, new_version(seed))
    models.numbers = lambda _: {number: run.now - timedelta(days=100) for number in models.versions}
    models.remove, remove = lambda *_: (_ for _ in ()).throw(Killed()), models.remove
    with pytest.raises(Killed):
        retire(NAME, models, run, keep=0, older_than=timedelta(0))
    assert "version 3 is retired and still there; run retire again" in verify_ledger(NAME, models).notes

    models.remove = remove
    assert retire(NAME, models, run, keep=0, older_than=timedelta(0)).versions == ("3", "4")
    assert verify_ledger(NAME, models).notes == ()


def test_a_version_that_was_deleted_or_given_another_digest_shows(models):
    made, *rest = models.versions["2"]
    models.versions["2"] = (replace(made, digest="other"), *rest)
    del models.versions["1"]

    assert verify_ledger(NAME, models).problems == (
        "version 1 was removed from the registry, not retired",
        "version 2 bears another digest than it was registered with",
    )


def test_a_version_whose_training_was_killed_is_told_and_harmless(models, run):
    models.register(run, new_version(3))

    found = verify_ledger(NAME, models)

    assert found.outcome == Outcome.OK
    assert found.notes == ("version 3 stands in the registry and in no record: its training was killed",)


def test_a_shadow_is_stopped_in_one_step(models, run):
    made = register(models, run, new_version(3))
    recorded(NAME, models, run, Step(Event.SHADOWED, made), lambda now: now.shadowed_by(made.version, 0.2))

    stopped = stop_shadow(NAME, models, run)

    assert stopped.entry.reason == "decided about 20% of the customers"
    assert chain_of(models).standing == Standing("2", "1", "3")
    assert "shadow" not in models.aliases(NAME)
