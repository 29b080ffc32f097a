from __future__ import annotations

from math import nan

import pytest

from pipelines.core.errors import ConfigError
from pipelines.core.windows import DAY
from pipelines.features.campaigns import Campaigns
from pipelines.features.windowed import Windowed
from support.events import contact, contacts_table, event
from support.known import known, said

WEEK = Campaigns(responses=("redeem_coupon", "click"), lengths=(7 * DAY,))


def test_contacts_and_responses_are_counted_in_the_window():
    contacts = [contact("a", 0), contact("a", 2, "treatment"), contact("a", 6), contact("b", 6)]
    log = [event("a", 3, None, event_type="redeem_coupon"), event("a", 7, None, event_type="click"), event("a", 7)]

    assert said(WEEK, log, 9, contacts=contacts_table(contacts)) == {
        "n_contacts_7d": 2,
        "n_responses_7d": 2,
        "responses_per_contact_7d": 1,
        "contact_recency_days": 3,
    }


def test_control_was_not_reached():
    found = said(WEEK, [event("a", 1)], 9, contacts=contacts_table([contact("a", 5, "control")]))

    assert found == pytest.approx(
        {"n_contacts_7d": 0, "n_responses_7d": 0, "responses_per_contact_7d": nan, "contact_recency_days": nan},
        nan_ok=True,
    )


def test_without_response_types_contacts_are_all_that_is_counted():
    found = said(Campaigns(lengths=(7 * DAY,)), [event("a", 1)], 9, contacts=contacts_table([contact("a", 8.9)]))

    assert found == {"n_contacts_7d": 1, "contact_recency_days": 1}


def test_contact_at_the_moment_of_knowledge_is_not_known():
    days = known([event("a", 1)], 9, WEEK, contacts=contacts_table([contact("a", 9), contact("b", 9)]))

    assert (days.customer_ids.tolist(), days.measures["n_contacts"].tolist()) == (["a"], [0])


def test_contacts_are_read_only_if_a_block_counts_them():
    weeks = Windowed(lengths=(7 * DAY,))
    days = known([event("a", 1)], 9, weeks, contacts=contacts_table([contact("a", 5)]))

    assert (days.day.tolist(), "n_contacts" in days.measures) == ([1], False)


def test_source_without_contacts_is_refused_by_name():
    with pytest.raises(ConfigError) as error:
        known([event("a", 1)], 9, WEEK)

    assert str(error.value).startswith("The source 'shop' has no table of contacts. A block of the task")
