"""Gates of what is on record: swapped files, missing digests, yesterday's data, and who signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.core.ledger import Event
from pipelines.gates.evidence import Knowledge, Signed
from pipelines.gates.gates import Approval, NotOlder, Traceable
from support.evidence import AT, DIGEST, GOOD, TAGS, said, signature_of


def from_run(drop=(), **tags):
    kept = {name: value for name, value in (TAGS | tags).items() if name not in drop}
    return replace(GOOD, comes_from=replace(GOOD.comes_from, tags=kept))


def test_what_a_run_names_is_told():
    passed, reason = said(Traceable(), GOOD)

    assert passed
    assert reason == (
        "model dddddddddddd is the registered one; data aaaaaaaaaaaa, configuration bbbbbbbbbbbb, code cccccccccccc, "
        "packages eeeeeeeeeeee, seed 7"
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("data_digest", "data"),
        ("config_digest", "configuration"),
        ("code_digest", "code"),
        ("lock_digest", "packages"),
        ("seed", "seed"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_a_run_does_not_name_refuses(name, what, value):
    evidence = from_run(drop=(name,)) if value is None else from_run(**{name: value})
    passed, reason = said(Traceable(), evidence)

    assert not passed
    assert reason.startswith(f"its run does not name {what}")


@pytest.mark.parametrize("name", ["data_digest", "config_digest", "code_digest", "lock_digest"])
def test_words_are_no_digest(name):
    assert not said(Traceable(), from_run(**{name: "not a git checkout"}))[0]


def test_a_commit_names_the_code_too_and_installed_versions_the_packages():
    passed, reason = said(Traceable(), from_run(code_digest="", git_commit="f" * 40, packages="regulars 0.6, numpy 2"))

    assert passed
    assert "code ffffffffffff" in reason
    assert said(Traceable(), from_run(lock_digest="no lock", packages="regulars 0.6, numpy 2"))[0]


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"loaded": "0" * 64}, "what the registry gives out is not the model that was registered: 000000000000 is not"),
        ({"data_digest": "0" * 64}, "its run names other data than the registry: aaaaaaaaaaaa is not 000000000000"),
        ({"config_digest": "0" * 64}, "its run names another configuration: bbbbbbbbbbbb is not 000000000000"),
        ({"loaded": ""}, "it has no digest"),
        ({"registered": ""}, "what the registry gives out is not the model that was registered"),
    ],
)
def test_records_that_contradict_each_other_refuse(spoilt, told):
    passed, reason = said(Traceable(), replace(GOOD, comes_from=replace(GOOD.comes_from, **spoilt)))

    assert not passed
    assert reason.startswith(told)


def knowing(ours, theirs, from_now=False, same_data=False):
    return replace(GOOD, knows=Knowledge(ours, theirs, from_now=from_now, same_data=same_data))


def test_the_first_model_is_older_than_nobody():
    assert said(NotOlder(), replace(GOOD, knows=None)) == (True, "there is no champion yet")


@pytest.mark.parametrize(("days", "passed"), [(-1, False), (0, True), (7, True)])
def test_what_knows_less_than_the_champion_is_refused(days, passed):
    found = said(NotOlder(), knowing(AT + timedelta(days=days), AT))

    assert found[0] is passed
    assert found[1].endswith("the champion at 2026-01-02")


@pytest.mark.parametrize(("ours", "theirs"), [(None, None), (None, AT), (AT, None)])
def test_rows_without_time_must_be_those_of_now_or_those_of_the_champion(ours, theirs):
    assert said(NotOlder(), knowing(ours, theirs, from_now=True))[0]
    assert said(NotOlder(), knowing(ours, theirs, same_data=True))[0]
    assert not said(NotOlder(), knowing(ours, theirs))[0]


def signed(entry=None, trained_by="ada"):
    return replace(GOOD, approved=Signed(DIGEST, entry, trained_by, "regulars approve --task churn --version 7"))


def test_what_nobody_signed_is_refused_with_the_command_that_signs():
    assert said(Approval(), signed()) == (False, "nobody has signed: regulars approve --task churn --version 7")


def test_an_approval_by_another_passes_and_says_whose_it_is():
    assert said(Approval(), signed(signature_of("grace"))) == (
        True,
        "approved by grace on 2026-01-02 00:00 UTC: looks right",
    )


def test_a_rejection_refuses():
    assert said(Approval(), signed(signature_of("grace", Event.REJECTED))) == (
        False,
        "rejected by grace on 2026-01-02 00:00 UTC: looks right",
    )


@pytest.mark.parametrize("digest", ["0" * 64, ""])
def test_an_approval_of_another_model_refuses(digest):
    passed, reason = said(Approval(), signed(signature_of("grace", digest=digest)))

    assert not passed
    assert reason.startswith("the approval is of model ")


@pytest.mark.parametrize("approver", ["ada", "Ada ", "ADA"])
def test_who_trained_it_cannot_approve_it_unless_the_task_says_so(approver):
    passed, reason = said(Approval(), signed(signature_of(approver)))

    assert not passed
    assert reason.startswith("ada trained it, and another must sign; approved by")
    assert said(Approval(by_another=False), signed(signature_of(approver)))[0]


@pytest.mark.parametrize(("approver", "trained_by"), [("grace", ""), ("", "ada"), (" ", "ada")])
def test_a_signature_without_a_name_on_either_side_refuses(approver, trained_by):
    assert not said(Approval(), signed(signature_of(approver), trained_by))[0]
