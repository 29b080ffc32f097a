"""A seeded search that can be killed, resumed and shared. The only module that knows Optuna.

This process asks and tells; who fits is a `Bench`. Every trial has a place, 0 to ``n_trials - 1``, which decides its
seed. Under the study's lock a searcher first declares dead what dead searchers left running, which frees their places,
then takes the first free place: so the budget is met exactly, and one searcher that resumes goes on as if it had never
stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from pipelines.core.errors import ConfigError, ModelError, PipelineError
from pipelines.core.randomness import seed_for
from pipelines.models.lightgbm import Judged, LightGBM
from pipelines.search.found import Found, OnTrial, Trial
from pipelines.search.locks import KEEPALIVE, FileLock, FolderLocks, Locks, NoOthers, PostgresLocks, cut_torn_line
from pipelines.search.naming import study_name
from pipelines.search.workers import Bench, Done, Here, Job, Parts, Workers
from pipelines.tasks.search_space import Allowed, Choices, SearchSpec

__all__ = ["Found", "OnTrial", "Trial", "search"]

_ENOUGH = 10
"""Finished trials from which an importance says something."""
_PLACE, _SEARCHER, _LOSSES, _ROUNDS, _CURVES, _GAVE_UP = "place", "searcher", "losses", "rounds", "curves", "gave_up"
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
_WAIT_SECONDS = 0.2
_POSTGRES = ("postgresql://", "postgres://")


def search(spec: SearchSpec, model: LightGBM, parts: Parts, seed: int, studies: str | None, on_trial: OnTrial) -> Found:
    """Find the parameters with the smallest mean log loss over time-ordered folds.

    A trial that is worse than the median of the earlier ones, after a fold or after every tenth round of one, is given
    up; early stopping ends the others. With one worker, the same seed and folds give the same trials, whether or not
    the search was killed in between.

    Parameters
    ----------
    spec : SearchSpec
        Budget and space.
    model : LightGBM
        What is fitted.
    parts : sequence of (Dataset, Dataset)
        Training and validation rows of each fold, oldest first.
    seed : int
        Of the sampler and of the boosters.
    studies : str or None
        Where trials are kept: a folder, a ``postgresql://`` URL, or None for nowhere. Processes that are given the same
        place, folds and settings share one study, whatever their budgets of trials, time and workers.
    on_trial : callable
        For progress and tracking: told every trial once, known ones too.

    Raises
    ------
    NotEnoughDataError
        If a part of a fold has one class only.
    ModelError
        If a loss is not a number, rows cannot be fitted on, or workers keep dying.
    ConfigError
        If the place of the studies cannot be reached. Its URL is not shown.

    References
    ----------
    Bergstra et al. (2011), Algorithms for hyper-parameter optimization, section 4 (TPE); Ginsbourger, Le Riche &
    Carraro (2010), Kriging is well-suited to parallelize optimization, section 4.2 (the constant liar).
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _reached(studies), _shared(spec, seed, study_name(spec, model, parts, seed), studies) as shared:
        searcher = _Searcher(shared, len(parts), on_trial)
        searcher.run(lambda: _bench(spec, model, parts))
        return searcher.found()


def _bench(spec: SearchSpec, model: LightGBM, parts: Parts) -> Bench:
    size = min(spec.n_workers, spec.n_trials)
    return Here(model, parts) if size == 1 else Workers(model, parts, size)


@dataclass
class _Attempt:
    """A trial that this process works on."""

    trial: optuna.Trial
    params: dict[str, float]
    judged: list[Judged] = field(default_factory=list)

    @property
    def losses(self) -> list[float]:
        return [one.loss for one in self.judged]


@dataclass(frozen=True)
class _Shared:
    """A study, and how it is shared."""

    spec: SearchSpec
    seed: int
    study: optuna.Study
    locks: Locks

    def claim(self) -> _Attempt | None:
        """Begin a trial at the first free place; None if every place has a trial that ended or is alive."""
        with self.locks.alone():
            place = self._free_place()
            if place >= self.spec.n_trials:
                return None
            self.study.sampler = self._sampler(place)
            trial = self.study.ask({name: _distribution(allowed) for name, allowed in self.spec.space.items()})
            trial.set_user_attr(_SEARCHER, self.locks.searcher)
            trial.set_user_attr(_PLACE, place)
            return _Attempt(trial, dict(trial.params))

    def ended(self) -> dict[int, FrozenTrial]:
        """Trials that ended, by place, within the budget."""
        trials = {one.user_attrs[_PLACE]: one for one in self.study.get_trials(deepcopy=False, states=_ENDED)}
        return {place: trials[place] for place in sorted(trials) if place < self.spec.n_trials}

    def bar(self, fold: int) -> tuple[float, ...]:
        """The median loss of all trials after every tenth round of a fold; nothing until a few are complete.

        A fit that stopped early stands at its best from then on, and one that gave up above all others: a median of
        the survivors alone would rise with each of them.
        """
        ended = self.ended().values()
        if sum(one.state == TrialState.COMPLETE for one in ended) < _n_unpruned(self.spec):
            return ()
        curves = [(one.user_attrs[_CURVES], one.user_attrs[_GAVE_UP]) for one in ended]
        fitted = [(of[fold], gave_up and fold == len(of) - 1) for of, gave_up in curves if len(of) > fold and of[fold]]
        n_steps = max((len(curve) for curve, _ in fitted), default=0)
        padded = [[*curve, *[math.inf if gave_up else curve[-1]] * (n_steps - len(curve))] for curve, gave_up in fitted]
        return tuple(float(loss) for loss in np.median(padded, axis=0)) if padded else ()

    def _free_place(self) -> int:
        """The first place without a trial that ended or is alive; one look at all trials, as others end theirs now."""
        trials = self.study.get_trials(deepcopy=False)
        dead = [one for one in trials if one.state == TrialState.RUNNING and not self._is_alive(one)]
        for trial in dead:
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        left = {one.number for one in dead}
        kept = [one for one in trials if one.state != TrialState.FAIL and one.number not in left]
        taken = {one.user_attrs[_PLACE] for one in kept}
        return next(place for place in range(len(taken) + 1) if place not in taken)

    def _is_alive(self, trial: FrozenTrial) -> bool:
        """An unsigned trial is dead: its searcher died under the lock, which is ours now, before it signed it."""
        return _PLACE in trial.user_attrs and self.locks.lives(trial.user_attrs[_SEARCHER])

    def _sampler(self, place: int) -> optuna.samplers.BaseSampler:
        """A fresh one per place: a sampler's own state does not survive its process.

        References
        ----------
        Optuna's issue 3255: a seeded sampler that is made again repeats its first suggestions.
        """
        seed = seed_for(self.seed, f"trial {place}")
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self.spec.n_startup, multivariate=True, constant_liar=True
        )


@dataclass
class _Searcher:
    """One process at work on a study."""

    shared: _Shared
    n_folds: int
    on_trial: OnTrial
    active: dict[int, _Attempt] = field(default_factory=dict)
    n_told: int = 0
    best: float = float("nan")
    known: frozenset[int] = frozenset()
    start: float = field(default_factory=time.monotonic)

    def run(self, bench_of: Callable[[], Bench]) -> None:
        """Try configurations until the budget of trials or of time is used up."""
        self.known = frozenset(self.shared.ended())
        self._tell_in_order()
        if len(self.known) == self.shared.spec.n_trials:
            return
        bench = bench_of()
        try:
            self._work(bench)
        finally:
            bench.close()
            for attempt in self.active.values():
                self._end(attempt, TrialState.FAIL)

    def _work(self, bench: Bench) -> None:
        while len(self.shared.ended()) < self.shared.spec.n_trials and (self.active or not self._is_late()):
            while len(self.active) < bench.size and not self._is_late() and (attempt := self.shared.claim()):
                self.active[attempt.trial.number] = attempt
                self._give(bench, attempt)
            if self.active:
                self._advance(bench, bench.next())
            else:
                time.sleep(_WAIT_SECONDS)  # the places that are left belong to other searchers, who may yet die
            self._tell_in_order()

    def _is_late(self) -> bool:
        timeout = self.shared.spec.timeout
        if timeout is None or time.monotonic() - self.start < timeout.total_seconds():
            return False
        return bool(self.active or self.shared.ended())

    def _give(self, bench: Bench, attempt: _Attempt) -> None:
        fold = len(attempt.judged)
        bar = self.shared.bar(fold)
        bench.give(Job(attempt.trial.number, fold, attempt.params, self.shared.seed, bar))

    def _advance(self, bench: Bench, done: Done) -> None:
        """On to the next fold, or the end of the trial."""
        attempt = self.active[done.job.trial]
        attempt.judged.append(_finite(done.judged))
        attempt.trial.report(float(np.mean(attempt.losses)), len(attempt.judged) - 1)
        if done.judged.gave_up:
            self._end(attempt, TrialState.PRUNED)
        elif len(attempt.judged) == self.n_folds:
            self._end(attempt, TrialState.COMPLETE)
        elif attempt.trial.should_prune():
            self._end(attempt, TrialState.PRUNED)
        else:
            self._give(bench, attempt)
            return
        del self.active[done.job.trial]

    def _end(self, attempt: _Attempt, state: TrialState) -> None:
        trial = attempt.trial
        if state in _ENDED:
            trial.set_user_attr(_LOSSES, attempt.losses)
            trial.set_user_attr(_ROUNDS, [one.n_rounds for one in attempt.judged])
            trial.set_user_attr(_CURVES, [one.curve for one in attempt.judged])
            trial.set_user_attr(_GAVE_UP, any(one.gave_up for one in attempt.judged))
        value = float(np.mean(attempt.losses)) if state == TrialState.COMPLETE else None
        self.shared.study.tell(trial.number, value, state, skip_if_finished=True)

    def _tell_in_order(self) -> None:
        ended = self.shared.ended()
        while self.n_told in ended:
            self._tell(ended[self.n_told])
            self.n_told += 1

    def _tell(self, trial: FrozenTrial) -> None:
        told = self._plain(trial)
        if told.loss is not None:
            self.best = float(np.fmin(self.best, told.loss))
        self.on_trial(told, self.best)

    def _plain(self, trial: FrozenTrial) -> Trial:
        is_complete = trial.state == TrialState.COMPLETE
        place, losses = trial.user_attrs[_PLACE], tuple(trial.user_attrs[_LOSSES])
        rounds = max(1, round(float(np.mean(trial.user_attrs[_ROUNDS])))) if is_complete else None
        loss = float(np.mean(losses)) if is_complete else None
        return Trial(place, dict(trial.params), loss, trial.state.name.lower(), rounds, losses, place in self.known)

    def found(self) -> Found:
        """What the trials so far say."""
        ended = self.shared.ended()
        for place in [place for place in ended if place > self.n_told]:  # behind a place that is somebody else's
            self._tell(ended[place])
        trials = tuple(self._plain(trial) for trial in ended.values())
        best = min((one for one in trials if one.loss is not None), key=lambda one: (one.loss, one.number))
        return Found(
            params=best.params,
            n_rounds=best.n_rounds or 1,
            loss=best.loss if best.loss is not None else float("nan"),
            trials=trials,
            n_before=len(self.known),
            importance=_importance(list(ended.values()), self.shared.seed),
            stopped_early=len(trials) < self.shared.spec.n_trials,
        )


def _n_unpruned(spec: SearchSpec) -> int:
    """Complete trials before which none is pruned."""
    return max(2, spec.n_startup // 2)


def _finite(judged: Judged) -> Judged:
    if not np.isfinite(judged.loss):
        raise ModelError(
            f"The validation loss of a trial is {judged.loss}.",
            why="No trial can be told from another by it.",
            fix="Look for extreme values among the features, or narrow search.space.",
        )
    return judged


def _importance(trials: list[FrozenTrial], seed: int) -> dict[str, float]:
    """Shares of the variance of the loss.

    References
    ----------
    Hutter, Hoos & Leyton-Brown (2014), An efficient approach for assessing hyperparameter importance (fANOVA).
    """
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if len(complete) < _ENOUGH or len({trial.value for trial in complete}) == 1 or not complete[0].params:
        return {}
    study = optuna.create_study()
    study.add_trials(complete)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in shares.items()}


def _distribution(allowed: Allowed) -> BaseDistribution:
    if isinstance(allowed, Choices):
        return CategoricalDistribution(allowed.choices)
    is_log = allowed.scale == "log"
    if allowed.kind == "int":
        return IntDistribution(round(allowed.low), round(allowed.high), log=is_log)
    return FloatDistribution(allowed.low, allowed.high, log=is_log)


@contextmanager
def _shared(spec: SearchSpec, seed: int, name: str, studies: str | None) -> Iterator[_Shared]:
    locks = _locks(name, studies)
    storage: BaseStorage | None = None
    try:
        with locks.alone():
            storage = _storage(name, studies)
            study = optuna.create_study(
                study_name=name,
                storage=storage,
                pruner=optuna.pruners.MedianPruner(n_startup_trials=_n_unpruned(spec)),
                load_if_exists=True,
            )
        yield _Shared(spec, seed, study, locks)
    finally:
        locks.close()
        if isinstance(storage, RDBStorage):
            storage.remove_session()
            storage.engine.dispose()


def _locks(name: str, studies: str | None) -> Locks:
    if studies is None:
        return NoOthers()
    if studies.startswith(_POSTGRES):
        return PostgresLocks(studies)
    folder = Path(studies)
    folder.mkdir(parents=True, exist_ok=True)
    return FolderLocks(folder, name)


def _storage(name: str, studies: str | None) -> BaseStorage:
    if studies is None:
        return InMemoryStorage()
    if studies.startswith(_POSTGRES):
        address = f"postgresql+psycopg://{studies.partition('://')[2]}"
        return RDBStorage(address, {"pool_pre_ping": True, "connect_args": KEEPALIVE})
    path = Path(studies) / f"{name}.journal"
    lock = FileLock(path.with_suffix(".lock"))
    cut_torn_line(path, lock)
    return JournalStorage(JournalFileBackend(str(path), lock))  # type: ignore[arg-type]  # its base class is not public


@contextmanager
def _reached(studies: str | None) -> Iterator[None]:
    """Errors of a database as one that a person can act on, without the URL, which holds a password."""
    if studies is not None and "://" in studies and not studies.startswith(_POSTGRES):
        raise ConfigError(
            f"Studies cannot be kept at a URL that begins with {studies.partition('://')[0]}://.",
            why="Searches over machines share a PostgreSQL database; on one machine, a folder.",
            fix="Give a folder, or a postgresql:// URL.",
        )
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # drivers differ in what they raise, and their texts hold addresses; others go on
        is_database = type(error).__module__.partition(".")[0] in {"psycopg", "sqlalchemy", "optuna"}
        if studies is None or not studies.startswith(_POSTGRES) or not (is_database or isinstance(error, ImportError)):
            raise
        raise _unreachable(error) from None


def _unreachable(error: Exception) -> ConfigError:
    is_missing = isinstance(error, ImportError)
    return ConfigError(
        f"The database of the studies cannot be reached ({type(error).__name__}).",
        why="The client for it is not installed." if is_missing else "Trials that ended are kept; others are lost.",
        fix='Run: pip install "regulars[postgres]".'
        if is_missing
        else "Check the URL and that the server runs, then run again.",
    )
