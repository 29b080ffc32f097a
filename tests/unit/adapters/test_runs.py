from __future__ import annotations

import numpy as np
import pytest

from pipelines.adapters.runs import MlflowRun


def run(key=b"secret"):
    return MlflowRun("run", "experiment", key, progress=None, root_tags={})


def ids(*customers):
    return np.array(customers, dtype=object)


def test_case_ids_are_the_same_on_every_machine_and_in_every_run():
    assert run().case_ids(ids("c1")).tolist() == ["4d8f8eb560906bfedd2951ec"]


def test_case_ids_stand_in_the_order_of_the_customers():
    one, other = run().case_ids(ids("c1", "c2")).tolist()

    assert run().case_ids(ids("c2", "c1", "c2")).tolist() == [other, one, other]
    assert one != other


def test_other_key_gives_other_case_ids():
    assert run(b"one").case_ids(ids("c1")) != run(b"two").case_ids(ids("c1"))


@pytest.mark.parametrize("customer", ["c1", "7", "jane@example.org"])
def test_case_id_never_holds_the_id(customer):
    (case_id,) = run().case_ids(ids(customer))

    assert len(case_id) == 24
    assert set(case_id) <= set("0123456789abcdef")
    assert customer not in case_id or len(customer) == 1


def test_no_customers_have_no_case_ids():
    assert run().case_ids(ids()).shape == (0,)
