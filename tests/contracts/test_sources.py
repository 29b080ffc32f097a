"""Every shipped source reads files in their publisher's format, and what they hold adds up."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.adapters.duckdb import DuckDBEngine
from pipelines.adapters.lake import FileLake
from pipelines.config.files import load_source, located, names_in
from pipelines.flows.ingest import ingest
from support.memory import MemoryRun

ROOT = Path(__file__).parents[2]
SUMMER_INVOICE, SUMMER_UTC = "514217", "2010-07-01 07:39:00"  # 08:39 on London's clocks
DATA = Path(os.environ.get("REGULARS_DATA", "/nowhere"))

PUBLISHED = {
    "retailrocket": {
        "events.csv": "timestamp,visitorid,event,itemid,transactionid\n"
        "1433221332117,257597,view,355908,\n"
        "1433224214164,992329,addtocart,248676,\n"
        "1433222276276,599528,transaction,356475,4000\n",
        "item_properties_part1.csv": "timestamp,itemid,property,value\n"
        "1435460400000,355908,categoryid,1338\n"
        "1441508400000,355908,categoryid,1340\n"
        "1435460400000,355908,888,1116713 960601 n277.200\n",
        "item_properties_part2.csv": "timestamp,itemid,property,value\n1435460400000,248676,categoryid,9\n",
        "category_tree.csv": "categoryid,parentid\n1340,140\n9,\n",
    },
    "rees46": {
        "2019-Nov.csv": "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-11-01 00:00:00 UTC,view,1003461,2053013555631882655,electronics.smartphone,xiaomi,489.07,520088904,4d3b\n"
        "2019-11-01 00:00:01 UTC,cart,5000088,2053013566100866035,,,293.65,530496790,8e5f\n"
        "2019-11-01 00:00:02 UTC,purchase,5000088,2053013566100866035,,,293.65,530496790,8e5f\n"
        "2019-11-01 00:00:03 UTC,purchase,5000089,2053013566100866035,,,-1.00,530496790,\n",
        "2019-Dec.csv": "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-12-01 00:00:00 UTC,remove_from_cart,1,2,,,0.00,530496790,\n",
    },
    "open_ecommerce": {
        "amazon-purchases.csv": "Order Date,Purchase Price Per Unit,Quantity,Shipping Address State,Title,"
        "ASIN/ISBN (Product Code),Category,Survey ResponseID\n"
        '2018-12-04,7.98,2.0,NJ,"SanDisk Ultra, 16GB",B0143RTB1E,FLASH_MEMORY,R_01vNIayewjIIKMF\n'
        "2018-12-22,13.99,1.0,NJ,Betron BS10,B01MA1MJ6H,HEADPHONES,R_01vNIayewjIIKMF\n",
        "survey.csv": "Survey ResponseID,Q-demos-age,Q-demos-income,Q-demos-gender,Q-demos-race,Q-demos-state,"
        "Q-personal-diabetes,Q-sexual-orientation\n"
        'R_01vNIayewjIIKMF,35 - 44 years,"$50,000 - $74,999",Female,White,New Jersey,No,secret\n',
    },
}


def ingested(tmp_path, name, path, *, lake=None):
    source = located(load_source(ROOT / "conf", name), str(path))
    lake = lake or FileLake(tmp_path / "data", ROOT, DuckDBEngine())
    return ingest(source, lake, MemoryRun()).manifest, lake


def published(tmp_path, name):
    folder = tmp_path / "published"
    folder.mkdir()
    for file, text in PUBLISHED[name].items():
        (folder / file).write_text(text, encoding="utf-8")
    return ingested(tmp_path, name, folder)


def real(file):
    if not (DATA / file).is_file():
        pytest.skip(f"needs {file} in $REGULARS_DATA, which is not committed")
    return DATA / file


def sizes(manifest, table):
    held = manifest.tables[table]
    return held.n_read, held.n_accepted, held.n_duplicates, held.failed


@pytest.mark.parametrize("name", names_in(ROOT / "conf/sources"))
def test_a_source_says_its_licence_and_where_its_files_are(name):
    source = load_source(ROOT / "conf", name)

    assert len(source.licence) > 10
    assert all(raw.path or raw.simulated for raw in source.raw.values())


def test_retailrocket_reads_epoch_milliseconds_three_event_types_and_the_latest_category(tmp_path):
    manifest, lake = published(tmp_path, "retailrocket")

    events = lake.table("retailrocket", "events").order_by("event_time").to_pandas()
    products = lake.table("retailrocket", "products").order_by("product_id").to_pandas()

    assert list(events.event_type) == ["view", "purchase", "add_to_cart"]
    assert str(events.event_time[0]) == "2015-06-02 05:02:12.117000"
    assert list(events.amount.dropna()) == [Decimal("1.00")]
    assert products[["product_id", "category", "parent_category"]].values.tolist() == [
        ["248676", "9", None],
        ["355908", "1340", "140"],
    ]
    assert (sizes(manifest, "products"), manifest.tables["products"].n_elsewhere) == ((3, 2, 1, {}), 1)


def test_rees46_reads_every_month_of_the_folder_and_sets_negative_prices_aside(tmp_path):
    manifest, lake = published(tmp_path, "rees46")

    events = lake.table("rees46", "events").order_by("event_time").to_pandas()

    assert list(events.event_type) == ["view", "add_to_cart", "purchase", "remove_from_cart"]
    assert str(events.event_time[0]) == "2019-11-01 00:00:00"
    assert list(events.order_id.fillna("")) == ["", "", "8e5f", ""]
    assert sizes(manifest, "events") == (5, 4, 0, {"purchase_amount_negative": 1})


def test_open_ecommerce_multiplies_price_and_quantity_and_reads_no_health_and_no_orientation(tmp_path):
    manifest, lake = published(tmp_path, "open_ecommerce")

    assert list(lake.table("open_ecommerce", "events").order_by("event_time").to_pandas().amount) == [
        Decimal("15.96"),
        Decimal("13.99"),
    ]
    assert set(manifest.tables["customers"].columns) == {"customer_id", "age", "income", "gender", "race", "state"}
    assert not [file for file in (tmp_path / "data").rglob("accepted.parquet") if b"secret" in file.read_bytes()]


def test_online_retail_ii_reconciles_with_plain_sql(tmp_path):
    file = real("online_retail_ii_to_2011_08.parquet")
    manifest, lake = ingested(tmp_path, "online_retail_ii", file)

    plain = duckdb.sql(f"""
        WITH kept AS (
            SELECT *, sheet < max(sheet) OVER (PARTITION BY Invoice) AS is_overlap,
                Invoice LIKE 'C%' AS is_cancelled,
                NOT regexp_matches(upper(StockCode), '^([0-9]{{5}}|DCGS|SP[0-9]|PADS)') AS is_no_product,
                Invoice LIKE 'A%' AS is_of_the_books
            FROM '{file}')
        SELECT count(*), count(*) FILTER (is_overlap),
            count(*) FILTER (NOT is_overlap AND is_of_the_books),
            count(*) FILTER (NOT is_overlap AND NOT is_of_the_books AND is_no_product),
            count(*) FILTER (NOT is_overlap AND NOT is_no_product AND NOT is_of_the_books
                AND NOT is_cancelled AND Quantity <= 0),
            count(*) FILTER (NOT is_overlap AND NOT is_no_product AND NOT is_of_the_books
                AND (is_cancelled OR Quantity > 0) AND "Customer ID" IS NULL),
            count(*) FILTER (NOT is_overlap AND NOT is_no_product AND is_cancelled AND "Customer ID" IS NOT NULL),
            count(*) FILTER (NOT is_overlap AND NOT is_no_product AND NOT is_cancelled AND NOT is_of_the_books
                AND Quantity > 0 AND "Customer ID" IS NOT NULL)
        FROM kept""").fetchall()[0]
    held = manifest.tables["events"]
    reasons = list(load_source(ROOT / "conf", "online_retail_ii").tables["events"][0].set_aside)
    types = lake.table("online_retail_ii", "events").event_type.value_counts(name="n").to_pandas()
    n = dict(zip(types.event_type, types.n, strict=True))

    assert plain[1] == 22_523
    assert (held.n_read, held.n_duplicates) == plain[:2]
    assert tuple(held.quarantined.get(reason, 0) for reason in reasons) == plain[2:5]
    assert held.failed["customer_id_missing"] == plain[5]
    assert (n["return"], n["purchase"]) == plain[6:]
    assert held.n_read == held.n_accepted + held.n_duplicates + sum(held.quarantined.values())


def test_online_retail_ii_keeps_money_to_the_penny_and_converts_london_time(tmp_path):
    file = real("online_retail_ii_to_2011_08.parquet")
    _, lake = ingested(tmp_path, "online_retail_ii", file)
    events = lake.table("online_retail_ii", "events")

    first = events.filter(events.order_id == "489434").order_by("product_id").to_pandas()
    summer = events.filter(events.order_id == SUMMER_INVOICE).event_time.min().execute()

    assert str(first.event_time[0]) == "2009-12-01 07:45:00"
    assert first.amount.sum() == Decimal("505.30")
    assert str(summer) == SUMMER_UTC


@pytest.mark.parametrize(
    ("name", "file", "n_cases", "n_positive"),
    [
        ("online_shoppers", "online_shoppers_intention.csv", 12_330, 1_908),
        ("telco", "Telco-Customer-Churn.csv", 7_043, 1_869),
    ],
)
def test_finished_feature_tables_keep_every_case_and_its_label(tmp_path, name, file, n_cases, n_positive):
    manifest, lake = ingested(tmp_path, name, real(file))
    cases = lake.table(name, "cases")

    assert sizes(manifest, "cases") == (n_cases, n_cases, 0, {})
    assert (cases.label.sum().execute(), manifest.clock) == (n_positive, None)


def test_telco_keeps_the_eleven_blank_charges_missing(tmp_path):
    manifest, _ = ingested(tmp_path, "telco", real("Telco-Customer-Churn.csv"))

    assert manifest.tables["cases"].n_missing["total_charges"] == 11


def test_page_values_is_declared_as_of_today():
    assert load_source(ROOT / "conf", "online_shoppers").as_of_today("cases") == ("page_values",)
