from __future__ import annotations

import pytest

from pipelines.core.errors import ConfigError, ContractError
from pipelines.core.windows import day_moment
from pipelines.tables.limits import require_in_time, require_known_limits, require_rows, require_within_limits
from pipelines.tables.manifest import Finding, Quarantined
from support.tables import CASES, file, held, manifest, part, source

FOUND = Finding(check="order_shared", table="events", says="events share an order_id", n_rows=3, of=10)


def failing(n_read=100, **n_rows):
    bad = tuple(Quarantined(check=check, reason=f"why {check}", n_rows=n) for check, n in n_rows.items())
    n_bad = sum(n_rows.values())
    return held(part(n_read=n_read, n_accepted=n_read - n_bad, quarantined=bad))


def refusal(spec, known):
    """What is said of a manifest beyond its limits."""
    with pytest.raises(ContractError) as error:
        require_within_limits(spec, known)
    return str(error.value)


def ruled(**rules):
    return source(rules={"events": rules})


def test_a_check_that_a_fifth_of_the_rows_fails_is_within_limits():
    require_within_limits(source(), manifest(events=failing(a=20, b=20)))


def test_a_check_that_more_rows_fail_refuses_the_feed():
    assert refusal(source(), manifest(events=failing(a=21))) == (
        "Source 'shop' is refused:\n  - events: 21 of 100 rows (21.0%, limit 0.2): why a [a]; to accept it: "
        "rules: {events: {limits: {a: 22%}}}\n "
        "A feed beyond its limits is more often broken than new; the tables ingested before stay as they are. "
        "Fix: Mend the feed or its mapping, or raise the limit under 'rules' in conf/sources/shop.yaml."
    )


def test_rows_that_fail_are_counted_over_all_parts():
    parts = (*failing(a=15).parts, *failing(a=24).parts)

    require_within_limits(source(), manifest(events=held(*parts)))


def test_a_single_check_may_have_its_own_limit():
    spec = ruled(limits={"a": "1%", "b": 1})

    assert "why a [a]" in refusal(spec, manifest(events=failing(a=2, b=98)))
    require_within_limits(spec, manifest(events=failing(a=1, b=99)))


def test_the_limit_of_a_table_is_that_of_every_check():
    assert "limit 0.01): why a" in refusal(ruled(max_quarantined="1%"), manifest(events=failing(a=2)))


def test_a_column_that_lacks_too_many_values_refuses_the_feed():
    known = manifest(events=held(part(n_read=10, n_accepted=10, n_missing={"amount": 3})))

    assert "events: amount is missing in 3 of 10 rows (max_missing 0.2)" in refusal(
        ruled(max_missing={"amount": 0.2}), known
    )
    require_within_limits(ruled(max_missing={"amount": 0.3, "quantity": 0}), known)


def test_a_finding_refuses_only_where_the_source_limits_it():
    known = manifest(events=failing()).model_copy(update={"findings": (FOUND,)})

    require_within_limits(source(), known)
    require_within_limits(ruled(limits={"order_shared": 0.3}), known)
    assert "events: 3 of 10 events share an order_id [order_shared, limit 0.29]" in refusal(
        ruled(limits={"order_shared": 0.29}), known
    )


def priced(*medians):
    return manifest(
        events=held(
            *(
                part(str(place) * 64, files=(file(f"{place}.csv"),), median_amount=median, first=day_moment(place))
                for place, median in enumerate(medians)
            )
        )
    )


@pytest.mark.parametrize("medians", [(10, 200), (200, 10), (10, None, 30), (None, 0, 500), (10, 100, 1000)])
def test_amounts_may_change_a_little(medians):
    require_within_limits(source(), priced(*medians))


def test_amounts_of_another_scale_refuse_the_feed():
    assert refusal(source(), priced(10, 12, 1_100)).splitlines()[1].strip() == (
        "- events: the median purchase of 2.csv is 1,100.00, of 1.csv 12.00: are units mixed up? [max_scale_change 20]"
    )
    assert "max_scale_change 2]" in refusal(ruled(max_scale_change=2), priced(30, 10))


def test_parts_are_compared_in_the_order_of_their_times():
    known = priced(10, 150, 2_000)
    shuffled = held(*(known.tables["events"].parts[place] for place in (2, 0, 1)))

    require_within_limits(source(), known.model_copy(update={"tables": {"events": shuffled}}))


def test_late_rows_are_refused_only_where_the_source_says_so():
    known = manifest(events=failing()).model_copy(update={"n_late": 5})

    require_in_time(source(), known)
    with pytest.raises(ContractError, match="5 events of new files lie before the end"):
        require_in_time(source(late="refuse"), known)


def test_everything_beyond_a_limit_is_said_at_once():
    table = held(part(n_read=10, n_accepted=6, n_missing={"amount": 6}, quarantined=failing(a=4).parts[0].quarantined))
    known = manifest(events=table).model_copy(update={"findings": (FOUND,)})
    spec = source(rules={"events": {"limits": {"order_shared": 0}, "max_missing": {"amount": 0}}})

    assert refusal(spec, known).count("\n  - ") == 3


def test_a_log_without_an_acceptable_event_is_refused_with_the_reasons():
    with pytest.raises(ContractError) as error:
        require_rows(source(), {"events": failing(n_read=5, a=2, b=3)})

    assert str(error.value).startswith(
        "Source 'shop' has no acceptable row in 'events' among 5: 3 rows: why b; 2 rows: why a. There is nothing"
    )


def test_files_without_rows_are_refused_too():
    with pytest.raises(ContractError, match="among 0: the files hold no rows that belong to it"):
        require_rows(source(**CASES), {"cases": failing(n_read=0)})


def test_one_acceptable_row_suffices():
    require_rows(source(), {"events": failing(n_read=5, a=4)})


def test_a_limit_of_a_check_that_there_is_not_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="no check 'amount_unreadble'. Did you mean 'amount_unreadable'"):
        require_known_limits(source(rules={"events": {"limits": {"amount_unreadble": "1%"}}}))


@pytest.mark.parametrize("check", ["amount_unreadable", "line_unreadable", "set_aside", "order_shared"])
def test_limits_of_checks_of_rows_and_of_tables_are_known(check):
    require_known_limits(source(rules={"events": {"limits": {check: 0.5}}}))
