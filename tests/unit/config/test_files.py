from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.config.files import load_source, load_task, located, names_in
from pipelines.core.errors import ConfigError, UnknownNameError, UsageError
from pipelines.core.windows import DAY
from support.shop import TASK
from support.tables import SOURCE as TABLES
from support.tables import source

CONF = Path(__file__).parents[3] / "conf"


@pytest.fixture
def conf(tmp_path):
    """A folder with one task."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "tiny_churn.yaml").write_text(yaml.safe_dump(TASK), encoding="utf-8")
    return tmp_path


def refusal(conf, overrides="", name="tiny_churn", kind=ConfigError):
    with pytest.raises(kind) as error:
        load_task(conf, name, overrides)
    return str(error.value)


def test_task_file_tells_the_whole_story():
    task = load_task(CONF, "churn")

    assert (task.name, task.source, task.horizon) == ("churn", "complete_journey", 28 * DAY)
    assert [gate.type for gate in task.gates][:4] == ["beats_baselines", "beats_champion", "calibrated", "earns"]
    assert [block.type for block in task.features] == ["windowed", "recency", "rhythm"]


def test_source_file_says_which_columns_are_sensitive():
    roles = load_source(CONF, "complete_journey").roles("customers")

    assert {"age", "income"} <= {name for name, role in roles.items() if role == "sensitive"}
    assert roles["customer_id"] == "identifier"


def test_unknown_task_lists_the_known_ones_and_the_nearest():
    assert refusal(CONF, name="chrun", kind=UnknownNameError) == (
        f"Unknown task 'chrun'. Known: {', '.join(names_in(CONF / 'tasks'))}. Did you mean 'churn'? "
        "Fix: Use a known task, or add its file."
    )


def test_unknown_source_is_refused():
    with pytest.raises(UnknownNameError, match=r"Unknown source 'complete_jorney'.*Did you mean 'complete_journey'"):
        load_source(CONF, "complete_jorney")


def test_name_cannot_lead_out_of_the_folder(conf):
    (conf / "secret.yaml").write_text("name: secret", encoding="utf-8")

    assert refusal(conf, name="../secret").startswith("Unknown task '../secret'. Known: tiny_churn.")


def test_missing_folder_knows_no_names(tmp_path):
    assert "Known: none yet." in refusal(tmp_path)


def test_overrides_set_nested_values(conf):
    task = load_task(conf, "tiny_churn", "search.n_trials=5  outcome.horizon=P14D\tpolicy.share=0.25")

    assert (task.search.n_trials, task.horizon, task.policy.share) == (5, 14 * DAY, 0.25)


def test_overrides_leave_everything_else_alone(conf):
    plain, changed = load_task(conf, "tiny_churn"), load_task(conf, "tiny_churn", "search.n_trials=5")

    assert plain.model_dump(exclude={"search"}) == changed.model_dump(exclude={"search"})
    assert plain.search.space == changed.search.space


def test_last_override_of_a_field_wins(conf):
    assert load_task(conf, "tiny_churn", "seed=1 seed=2").seed == 2


def test_override_reaches_a_field_that_the_file_leaves_out(conf):
    assert load_task(conf, "tiny_churn", "n_reasons=7").n_reasons == 7


def test_override_can_replace_a_list(conf):
    assert load_task(conf, "tiny_churn", "sensitive=[]").sensitive == ()


def test_override_with_an_equals_sign_in_its_value_keeps_it(conf):
    assert load_task(conf, "tiny_churn", "title=a=b").title == "a=b"


@pytest.mark.parametrize("pair", ["search.n_trials", "=5", "search.n_trials:5"])
def test_override_without_a_name_or_a_value_is_refused(conf, pair):
    said = refusal(conf, pair, kind=UsageError)

    assert said.startswith(f"The override '{pair}' is not of the form name=value. It would change nothing.")


def test_blank_beside_the_equals_sign_is_refused(conf):
    assert refusal(conf, "seed= 5").startswith("The override '5' is not of the form name=value.")


def test_override_of_a_misspelt_field_names_the_nearest(conf):
    assert "search.n_trails: no such field. Did you mean 'n_trials'?" in refusal(conf, "search.n_trails=5")


def test_problem_of_an_override_names_the_override(conf):
    assert "conf/tasks/tiny_churn.yaml with --set 'policy.share=2' has 1 problem" in refusal(conf, "policy.share=2")


@pytest.mark.parametrize("pair", ["features.0.lengths=P7D", "seed.low=1"])
def test_override_that_goes_through_something_without_fields_is_refused(conf, pair):
    assert refusal(conf, pair).startswith(f"The override '{pair}' goes through '{pair.split('.')[0]}', which holds no ")


@pytest.mark.parametrize("pair", ["sensitive=[a", "title={a", "title='a", "title=@a"])
def test_override_whose_value_is_not_yaml_is_refused(conf, pair):
    assert refusal(conf, pair).startswith(f"The override '{pair}' has a value that is not readable YAML")


def test_file_that_is_not_yaml_is_refused_with_the_place(conf):
    (conf / "tasks" / "tiny_churn.yaml").write_text("name: [tiny", encoding="utf-8")
    said = refusal(conf)

    assert said.startswith("conf/tasks/tiny_churn.yaml is not readable YAML: ")
    assert "line 1" in said


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "tiny_churn"])
def test_file_that_is_not_a_mapping_is_refused(conf, content):
    (conf / "tasks" / "tiny_churn.yaml").write_text(content, encoding="utf-8")

    assert refusal(conf).startswith("conf/tasks/tiny_churn.yaml is not a mapping.")


def test_file_that_is_not_text_is_refused(conf):
    (conf / "tasks" / "tiny_churn.yaml").write_bytes(b"\xff\xfe\x00")

    assert refusal(conf).startswith("conf/tasks/tiny_churn.yaml is not readable YAML")


def test_file_that_calls_itself_otherwise_is_refused(conf):
    (conf / "tasks" / "tiny_churn.yaml").rename(conf / "tasks" / "renamed.yaml")

    assert refusal(conf, name="renamed") == (
        "conf/tasks/renamed.yaml calls itself 'tiny_churn'. Runs, models and tables are filed under that name. "
        "Fix: Set name: renamed, or rename the file."
    )


def test_all_problems_of_a_file_are_shown_at_once(conf):
    said = refusal(conf, "polcy.share=0.2 seed=-1 outcome.horizon=P0D")

    assert "has 3 problems" in said
    assert all(
        part in said
        for part in ("polcy: no such field. Did you mean 'policy'?", "seed: ", "outcome.no_purchase.horizon: ")
    )


TWO = source(raw={"sales": {"path": "raw/sales.csv"}, "goods": {"path": ["x/goods.csv", "x/more.csv"]}})


def test_source_is_overridden_as_a_task_is(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "shop.yaml").write_text(yaml.safe_dump(TABLES), encoding="utf-8")

    assert load_source(tmp_path, "shop", "decimals=3 zone=Europe/Berlin").decimals == 3


def test_a_place_stands_for_the_only_raw_table_in_files():
    assert located(source(), "/elsewhere/*.csv").raw["sales"].path == ("/elsewhere/*.csv",)


def test_no_place_changes_nothing():
    assert located(TWO, "") is TWO


def test_a_folder_stands_for_the_files_of_every_raw_table(tmp_path):
    raw = located(TWO, str(tmp_path)).raw

    assert raw["sales"].path == (str(tmp_path / "sales.csv"),)
    assert raw["goods"].path == (str(tmp_path / "goods.csv"), str(tmp_path / "more.csv"))


def test_a_file_cannot_stand_for_several_raw_tables():
    with pytest.raises(UsageError, match=r"--path one\.csv cannot be all raw tables of 'shop': sales, goods\."):
        located(TWO, "one.csv")


def test_a_source_without_files_takes_no_place():
    with pytest.raises(UsageError, match=r"none is a file\..*Leave --path out"):
        located(source(raw={"sales": {"database": "SHOP_URL", "table": "sales"}}), "one.csv")
