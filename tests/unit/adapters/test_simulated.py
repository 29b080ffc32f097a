from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from pipelines.adapters import simulated
from pipelines.adapters.raw_files import RawFiles
from pipelines.core.errors import ConfigError
from pipelines.simulation.shop import generate
from pipelines.simulation.spec import ShopSpec
from support.tables import source

SETTINGS = {
    "n_customers": 2_000,
    "customers_per_chunk": 1_000,
    "n_days": 28,
    "n_products": 80,
    "campaigns": [],
    "drifts": [],
}
TABLES = (*simulated.LOGS, simulated.PRODUCTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A shop of two chunks, written once; truth/ beside its tables."""
    made = tmp_path_factory.mktemp("shop")
    simulated.to_parquet(SETTINGS, lambda name: made / f"{name}.parquet", made / "truth")
    return made


def test_every_table_is_written_and_what_only_the_shop_knows_beside_them(folder):
    assert sorted(path.stem for path in folder.glob("*.parquet")) == sorted(TABLES)
    assert sorted(path.stem for path in (folder / "truth").iterdir()) == [
        "truth_calendar",
        "truth_campaigns",
        "truth_customers",
    ]


def test_the_rows_of_all_chunks_stand_below_each_other(folder):
    chunks = list(generate(ShopSpec.read(SETTINGS, "test")))
    expected = {name: sum(len(chunk[name]) for chunk in chunks) for name in simulated.LOGS}

    assert len(chunks) == 2
    assert {name: pq.read_metadata(folder / f"{name}.parquet").num_rows for name in simulated.LOGS} == expected
    assert pq.read_metadata(folder / "truth/truth_customers.parquet").num_rows == 2_000


def test_the_same_settings_write_the_same_bytes(folder, tmp_path):
    simulated.to_parquet(SETTINGS, lambda name: tmp_path / f"{name}.parquet", tmp_path / "truth")

    for name in TABLES:
        assert (tmp_path / f"{name}.parquet").read_bytes() == (folder / f"{name}.parquet").read_bytes()


def test_the_digest_is_that_of_settings_and_table():
    digests = {
        simulated.digest_of(settings, name)
        for settings in (SETTINGS, {**SETTINGS, "seed": 2}, {**SETTINGS, "n_days": 29})
        for name in TABLES
    }

    assert len(digests) == 3 * len(TABLES)
    assert simulated.digest_of({}, "events") == simulated.digest_of({"seed": 1}, "events")  # 1 is the default


def test_settings_that_describe_no_shop_are_refused():
    with pytest.raises(ConfigError, match="simulation has 1 problem"):
        simulated.digest_of({"n_customer": 5_000}, "events")


def test_raw_files_generate_all_tables_when_the_first_is_asked_for(tmp_path, monkeypatch):
    raw = {"sales": {"simulated": "events"}, "people": {"simulated": "customers"}}
    calls = []
    monkeypatch.setattr(simulated, "to_parquet", lambda _, place, __: calls.append([place(name) for name in TABLES]))
    shop = source(raw=raw, simulation=SETTINGS)
    files = RawFiles(shop, tmp_path, tmp_path / "staged", tmp_path / "truth")
    (found,) = files.find()["sales"]
    path = files.parquet(found)

    assert (found.name, found.sha256[:16]) == ("simulated events", path.stem)
    assert path in calls[0]
    path.touch()
    assert files.parquet(found) == path
    assert len(calls) == 1
