"""Hyperparameter search that survives a crash and that several workers share.

Trials live in a storage: a journal file, an SQLite file, or a database server. Whoever opens the
same storage under the same name works on the same study; a search that was killed goes on. A
storage that belongs to another search (another space, other data) is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import keras
import optuna
import pandas as pd
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError
from tqdm.auto import tqdm

from helpers.project import code, paths

Report = Callable[[int, float], None]
"""``report(step, value)``: tells the search how a trial does, and ends one that is pruned."""

_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_SEARCH, _SEEDS, _WORKER = "helpers:search", "helpers:search:seed", "helpers:worker"


class ReportEpochs(keras.callbacks.Callback):
    """Tells a search the validation AUROC of every epoch, by calling ``report(step, value)``."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report
        self._epochs = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch."""
        # A second stage of training counts its epochs from 0 again; a search hears each step once.
        self._report(self._epochs, float((logs or {}).get("val_auroc", 0.0)))
        self._epochs += 1


class Number(NamedTuple):
    """A number between two ends, both included.

    Attributes
    ----------
    log : bool
        Drawn evenly on a logarithmic scale.
    whole : bool
        Whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False


class Choice(NamedTuple):
    """One of several numbers, words or truth values."""

    options: tuple[Any, ...]


Space = Mapping[str, Number | Choice]
"""What is searched: a `Number` or a `Choice` by the name of each parameter."""


def open_study(
    storage: str | Path,
    name: str,
    space: Space,
    *,
    data_key: str = "",
    maker: Any = (),
    seed: int = 0,
    warmup: int = 5,
) -> optuna.Study:
    """Open a study in which the largest value is sought, or make it if it is not there yet.

    Parameters
    ----------
    storage : str or pathlib.Path
        A file ending in ``.journal`` (works on a network drive, too) or in ``.db`` (SQLite), or the
        address of a database server, such as ``postgresql://user@host/name``.
    name : str
        Name of the study; workers that give the same one share it.
    space : dict of str to Number or Choice
        What is searched.
    data_key : str
        What identifies the data and all that is not searched, such as sha256 sums.
    maker : object or sequence of objects
        What is searched for, such as the class of a predictor. A key of its code is added to the
        study's name, so that changed code begins a search of its own.
    seed : int
        Seed of the sampler. A search of one worker gives the same trials again, also when it was
        interrupted in between; with several workers the order of the trials decides.
    warmup : int
        Trials drawn at random before the sampler (TPE, Bergstra 2011,
        https://papers.nips.cc/paper/4443) and the pruner (median of the trials so far) begin.

    Raises
    ------
    ValueError
        If the space is empty or wrong, the storage is of no known kind or cannot be read, or the
        study in it belongs to another search.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.journal"
    >>> study = open_study(path, "demo", {"x": Number(0, 1)})
    >>> open_study(path, "demo", {"x": Number(0, 2)})
    Traceback (most recent call last):
    ...
    ValueError: the study 'demo' in study.journal belongs to another search: its x is \
Number(low=0, high=1, log=False, whole=False), here it is Number(low=0, high=2, log=False, \
whole=False). Give another study name or another storage
    """
    _check_space(space)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    makers = maker if isinstance(maker, list | tuple) else [maker]
    full = f"{name}, code {code.key(*makers)}" if makers else name
    # Neither a password nor the folders of a machine are shown.
    text = str(storage)
    shown = f"{text.split('://')[0]} server" if "://" in text else Path(text).name
    pruner = optuna.pruners.MedianPruner(n_startup_trials=warmup, n_warmup_steps=1)
    try:
        study = optuna.create_study(
            storage=_storage(text), study_name=full, direction="maximize", load_if_exists=True, pruner=pruner
        )
        known = study.user_attrs.get(_SEARCH)
    except (optuna.exceptions.OptunaError, SQLAlchemyError, json.JSONDecodeError, KeyError, OSError) as error:
        raise ValueError(
            f"the storage {shown} cannot be read ({type(error).__name__}: {error}); give another one"
        ) from error
    asked = {f"parameter {key}": repr(one) for key, one in sorted(space.items())} | {"data": data_key}
    if known is None and study.get_trials(deepcopy=False):
        raise ValueError(
            f"the study {name!r} in {shown} was not made by this suite; give another name or another storage"
        )
    if known is not None and known != asked:
        raise ValueError(
            f"the study {name!r} in {shown} belongs to another search: {_change(known, asked)}. "
            "Give another study name or another storage"
        )
    study.set_user_attr(_SEARCH, asked)
    study.set_user_attr(_SEEDS, [seed, warmup])
    return study


def search(
    study: optuna.Study,
    objective: Callable[[dict[str, Any], Report], float],
    space: Space,
    *,
    trials: int,
    forget_after: float = 12.0,
    verbosity: int = 1,
) -> pd.DataFrame:
    """Run trials until the study holds as many as asked for, whoever ran them.

    Parameters
    ----------
    study : optuna.Study
        From `open_study`.
    objective : callable
        ``objective(parameters, report)`` gives the value of a trial, and calls
        ``report(step, value)`` as often as it likes; a trial that is worse than the median of the
        others at that step ends there.
    space : dict of str to Number or Choice
        As given to `open_study`.
    trials : int
        Finished trials, pruned ones included, that the study holds in the end. Trials that a
        living worker has under way are counted, and not waited for; those of a process of this
        machine that is gone are given up, and their parameters tried again.
    forget_after : float
        Hours after which a trial under way on another machine is given up, too.
    verbosity : int
        1 shows a progress bar.

    Returns
    -------
    pandas.DataFrame
        As `table` gives it.

    Raises
    ------
    ValueError
        If a trial gives no finite number.

    Examples
    --------
    >>> import tempfile
    >>> space = {"x": Number(-1, 1)}
    >>> study = open_study(Path(tempfile.mkdtemp()) / "study.journal", "demo", space)
    >>> found = search(study, lambda p, report: -(p["x"] ** 2), space, trials=8, verbosity=0)
    >>> len(found), bool(found["value"].max() > -0.1)
    (8, True)
    """
    with tqdm(total=trials, unit="trial", desc="search", disable=verbosity == 0) as bar:
        while True:
            _give_up_lost(study, forget_after)
            held = [one.state for one in study.get_trials(deepcopy=False)]
            done = sum(state in _DONE for state in held)
            bar.n = min(done, trials)
            bar.refresh()
            if done + held.count(TrialState.RUNNING) >= trials:
                return table(study)
            _one_trial(study, objective, space)


def table(study: optuna.Study) -> pd.DataFrame:
    """All trials of a study.

    Returns
    -------
    pandas.DataFrame
        One row a trial: ``number, state`` (complete, pruned, fail, running), ``value`` (of a
        pruned trial the last it reported), ``best`` (so far, by trial number), ``seconds``, and a
        column for each parameter.
    """
    names = list(dict.fromkeys(key for one in study.get_trials(deepcopy=False) for key in one.params))
    frame = study.trials_dataframe(attrs=("number", "state", "value", "duration", "params"))
    frame = frame.rename(columns=lambda column: column.removeprefix("params_"))
    frame = frame.reindex(columns=["number", "state", "value", "duration", *names])
    frame = frame[frame["state"] != "WAITING"].reset_index(drop=True)
    frame["state"] = frame["state"].astype("str").str.lower()
    frame["value"] = frame["value"].astype(float)
    frame.insert(3, "best", frame["value"].where(frame["state"] == "complete").cummax().ffill())
    frame.insert(4, "seconds", pd.to_timedelta(frame.pop("duration")).dt.total_seconds())
    return frame


def finished(frame: pd.DataFrame, parameters: Sequence[str]) -> pd.DataFrame:
    """Complete and pruned trials of `table`: ``number, state, value`` and these parameters."""
    done = frame["state"].isin(["complete", "pruned"]) & frame["value"].notna()
    return frame.loc[done, ["number", "state", "value", *parameters]].reset_index(drop=True)


def importances(study: optuna.Study, *, seed: int = 0) -> pd.DataFrame:
    """How much of the differences between trials each parameter explains.

    Returns
    -------
    pandas.DataFrame
        ``parameter, importance``, falling; the importances sum to 1. Functional analysis of
        variance, Hutter 2014, https://proceedings.mlr.press/v32/hutter14.html.

    Raises
    ------
    ValueError
        If there are fewer than four complete trials, or all gave the same value.
    """
    values = [one.value for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    if len(values) < 4 or len(set(values)) < 2:
        raise ValueError(
            f"the study {study.study_name!r} holds {len(values)} complete trials with {len(set(values))} "
            "values; importances need four trials or more and two values"
        )
    forest = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=forest)
    return pd.DataFrame(found.items(), columns=["parameter", "importance"])


def best(study: optuna.Study) -> dict[str, Any]:
    """Parameters of the best complete trial; ValueError if there is none."""
    return dict(_best(study).params)


def write_best(path: str | Path, study: optuna.Study, configuration: Mapping[str, Any]) -> Path:
    """Write the best configuration, made from `best`, with where it comes from.

    The key ``search`` holds the study's name, the trial, its value, and how many trials there were.
    """
    one = _best(study)
    states = [held.state.name.lower() for held in study.get_trials(deepcopy=False)]
    origin = {
        "study": study.study_name, "trial": one.number, "value": one.value, "parameters": one.params,
        "trials": {state: states.count(state) for state in sorted(set(states))},
    }  # fmt: skip
    return paths.write_json(path, {**configuration, "search": origin})


def _one_trial(
    study: optuna.Study, objective: Callable[[dict[str, Any], Report], float], space: Space
) -> None:
    trial = study.ask()
    trial.set_user_attr(_WORKER, [socket.gethostname(), os.getpid()])
    seed, warmup = study.user_attrs[_SEEDS]
    # A sampler for each trial, seeded by its own number: an interrupted search goes on as if it
    # had not been, and no two workers draw the same point.
    own = int(hashlib.sha256(f"{seed}/{trial.number}".encode()).hexdigest()[:8], 16)
    study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=warmup)

    def report(step: int, value: float) -> None:
        trial.report(float(value), step)
        if trial.should_prune():
            raise optuna.TrialPruned

    try:
        value = float(objective(_suggested(trial, space), report))
        if not math.isfinite(value):
            raise ValueError(
                f"trial {trial.number} gave {value}; expected a finite number. Its parameters: {trial.params}"
            )
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        # The trial is marked, so that it does not look as if it were still under way.
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, value)


def _suggested(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in space.items():
        if isinstance(one, Choice):
            found[name] = trial.suggest_categorical(name, list(one.options))
        elif one.whole:
            found[name] = trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
        else:
            found[name] = trial.suggest_float(name, one.low, one.high, log=one.log)
    return found


def _give_up_lost(study: optuna.Study, forget_after: float) -> None:
    """Give up trials of workers that are gone, and queue their parameters again."""
    limit = datetime.now() - timedelta(hours=forget_after)
    for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, process = one.user_attrs.get(_WORKER, ("", 0))
        here = host == socket.gethostname()
        gone = not _is_alive(process) if here else one.datetime_start and one.datetime_start < limit
        if gone:
            study.tell(one.number, state=TrialState.FAIL)
            study.enqueue_trial(one.params)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _best(study: optuna.Study) -> FrozenTrial:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise ValueError(f"the study {study.study_name!r} holds no complete trial yet; run `search` first")
    return study.best_trial


def _storage(text: str) -> optuna.storages.BaseStorage:
    if "://" in text:
        return optuna.storages.RDBStorage(text)
    path = Path(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".journal":
        return optuna.storages.JournalStorage(JournalFileBackend(str(path)))
    if path.suffix == ".db":
        return optuna.storages.RDBStorage(f"sqlite:///{path}")
    raise ValueError(
        f"storage {text!r} is of no known kind; expected a file ending in .journal or .db, or an address"
    )


def _change(known: Mapping[str, str], asked: Mapping[str, str]) -> str:
    name = next(name for name in sorted({*known, *asked}) if known.get(name) != asked.get(name))
    there, here = known.get(name, "not searched"), asked.get(name, "not searched")
    return f"its {name.removeprefix('parameter ')} is {there}, here it is {here}"


def _check_space(space: Space) -> None:
    if not space:
        raise ValueError("the space is empty; expected a Number or a Choice for each parameter")
    for name, one in space.items():
        if isinstance(one, Choice):
            if not one.options:
                raise ValueError(f"parameter {name}: the choice has no options")
        elif not one.low <= one.high or (one.log and one.low <= 0):
            raise ValueError(
                f"parameter {name}: from {one.low} to {one.high}{' (log)' if one.log else ''} is no range"
            )
