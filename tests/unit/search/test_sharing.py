"""Searches that are killed, resumed, interrupted and shared, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from pipelines.core.errors import ConfigError, ModelError
from pipelines.models.lightgbm import LightGBM
from pipelines.search.study import search
from pipelines.tasks.search_space import Range, SearchSpec
from support import postgres
from support.search import Hill, budget, elsewhere, fits, some_parts


def found(studies=None, model=None, on_trial=lambda trial, best: None, **of_budget):
    return search(budget(**of_budget), model or Hill(), some_parts(), 1, studies, on_trial)


def wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited for half a minute")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture(scope="module")
def url():
    """Of a PostgreSQL server."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason='the extra "postgres" is not installed')
    with postgres.server(programs) as address:
        yield address


@pytest.mark.parametrize("dies_at", [2, 9])
def test_killed_search_goes_on_as_if_it_had_not_been(tmp_path, dies_at):
    log = tmp_path / "log"
    killed = elsewhere(str(tmp_path), {"log": str(log), "dies_at": dies_at})
    killed.communicate()
    n_before_the_kill = len(fits(log))
    resumed, whole = found(str(tmp_path), Hill(log=str(log))), found()
    lost = n_before_the_kill - sum(len(trial.losses) for trial in resumed.trials[: resumed.n_before])

    assert killed.returncode == -signal.SIGKILL
    assert (resumed.trials, resumed.params, resumed.loss) == (whole.trials, whole.params, whole.loss)
    assert 1 <= lost <= 3
    assert len(fits(log)) == lost + sum(len(trial.losses) for trial in whole.trials)


def test_workers_meet_the_budget_and_repeat_nothing(tmp_path):
    log, told = tmp_path / "log", []
    result = found(
        None, Hill(log=str(log), pause_s=0.02), lambda trial, _: told.append(trial), n_trials=12, n_workers=2
    )

    assert [trial.number for trial in result.trials] == list(range(12))
    assert len({trial.params["learning_rate"] for trial in result.trials}) == 12
    assert tuple(told) == result.trials
    assert len({fit["pid"] for fit in fits(log)} - {os.getpid()}) == 2
    assert len(fits(log)) == sum(len(trial.losses) for trial in result.trials)


def test_death_of_a_worker_is_survived(tmp_path):
    log = tmp_path / "log"
    result = found(None, Hill(log=str(log), dies_at=5), n_workers=2)

    assert [trial.number for trial in result.trials] == list(range(8))
    assert len(fits(log)) == 1 + sum(len(trial.losses) for trial in result.trials)


def test_workers_that_keep_dying_end_the_search(tmp_path):
    with pytest.raises(ModelError, match=r"3 processes ended over one fit, the last with exit code -9\."):
        found(None, Hill(log=str(tmp_path / "log"), dies_at=5, always=True), n_workers=2)


def test_error_in_a_worker_is_told_as_it_is_without_workers():
    spec = SearchSpec(n_trials=4, space={"num_leaves": Range(low=-9, high=-3, kind="int")})
    messages = set()
    for n_workers in (1, 2):
        with pytest.raises(ModelError) as error:
            search(spec.model_copy(update={"n_workers": n_workers}), LightGBM(), some_parts(), 1, None, lambda *_: None)
        messages.add(str(error.value))

    assert len(messages) == 1
    assert "LightGBM refuses: " in messages.pop()


@pytest.mark.parametrize("n_workers", [1, 2])
def test_interrupted_search_ends_its_workers_quietly_and_can_be_resumed(tmp_path, n_workers):
    log = tmp_path / "log"
    running = elsewhere(str(tmp_path), {"log": str(log), "pause_s": 0.2}, n_trials=30, n_workers=n_workers)
    wait_for(lambda: log.exists() and len(fits(log)) >= 8)
    os.killpg(running.pid, signal.SIGINT)
    out, errors = running.communicate()
    resumed = found(str(tmp_path), n_trials=30)

    assert (out, errors, running.returncode) == ("interrupted\n", "", 0)
    assert not any(is_alive(pid) for pid in {fit["pid"] for fit in fits(log)})
    assert 1 <= resumed.n_before < 30 == len(resumed.trials)


def test_workers_of_a_killed_search_end_too(tmp_path):
    log = tmp_path / "log"
    running = elsewhere(str(tmp_path), {"log": str(log), "pause_s": 0.1}, n_workers=2)
    wait_for(lambda: log.exists() and len({fit["pid"] for fit in fits(log)}) == 2)
    running.kill()
    running.communicate()
    wait_for(lambda: not any(is_alive(fit["pid"]) for fit in fits(log)))

    assert not any(is_alive(fit["pid"]) for fit in fits(log))


def shared(studies, log):
    """Two searches at once over one study."""
    both = [elsewhere(studies, {"log": str(log), "pause_s": 0.05}, n_trials=12) for _ in range(2)]
    told = []
    for running in both:
        out, errors = running.communicate()
        assert errors == ""
        told.append(json.loads(out))
    return told


def assert_shared(told, log):
    first, second = ([(number, rate) for number, rate, _ in one] for one in told)

    assert first == second
    assert [number for number, _ in first] == list(range(12))
    assert len({rate for _, rate in first}) == 12
    assert len({fit["pid"] for fit in fits(log)}) == 2
    assert len({(fit["rate"], fit["fold"]) for fit in fits(log)}) == len(fits(log))


def test_two_processes_share_a_folder_and_meet_the_budget_together(tmp_path):
    assert_shared(shared(str(tmp_path), tmp_path / "log"), tmp_path / "log")


def test_two_processes_share_a_database_and_meet_the_budget_together(tmp_path, url):
    assert_shared(shared(url, tmp_path / "log"), tmp_path / "log")


def test_trial_of_a_killed_process_is_taken_over_by_the_living_one_in_a_database(tmp_path, url):
    log = tmp_path / "log"
    killed = elsewhere(url, {"log": str(log), "dies_at": 9}, n_trials=9, n_startup=3)
    killed.communicate()
    resumed = found(url, n_trials=9, n_startup=3)

    assert killed.returncode == -signal.SIGKILL
    assert 1 <= resumed.n_before < 9
    assert resumed.trials == found(n_trials=9, n_startup=3).trials


def test_database_that_cannot_be_reached_is_told_without_its_password():
    with pytest.raises(ConfigError) as error:
        found("postgresql://shop:not-to-be-shown@localhost:1/postgres")

    assert "The database of the studies cannot be reached (OperationalError)." in str(error.value)
    assert "not-to-be-shown" not in str(error.value)
    assert error.value.__cause__ is None
