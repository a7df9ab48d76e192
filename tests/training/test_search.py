"""A search that survives a crash, is shared, and refuses a storage of another search."""

import multiprocessing
import os
import socket
import subprocess

import optuna
import pytest

from helpers.project import paths
from helpers.training import search

SPACE = {
    "x": search.Number(-1.0, 1.0),
    "rate": search.Number(1e-4, 1e-1, log=True),
    "units": search.Number(4, 16, whole=True),
    "kind": search.Choice(("a", "b")),
}


def valley(parameters, report):
    report(0, -abs(parameters["x"]))
    return -(parameters["x"] ** 2) - (parameters["kind"] == "b")


def open_at(path, **options):
    return search.open_study(path, "demo", SPACE, **{"data_key": "d", "seed": 1} | options)


@pytest.mark.parametrize("ending", ["journal", "db"])
def test_it_finds_the_valley(tmp_path, ending):
    study = open_at(tmp_path / f"study.{ending}")
    found = search.search(study, valley, SPACE, trials=15, verbosity=0)
    assert len(found) == 15
    assert set(SPACE) <= set(found.columns)
    assert set(found["state"]) <= {"complete", "pruned"}
    assert found["best"].dropna().is_monotonic_increasing
    assert search.best(study)["kind"] == "a"
    assert found["units"].between(4, 16).all()


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(tmp_path):
    whole = search.search(open_at(tmp_path / "a.journal"), valley, SPACE, trials=12, verbosity=0)
    for trials in (5, 12):
        halves = search.search(open_at(tmp_path / "b.journal"), valley, SPACE, trials=trials, verbosity=0)
    assert halves["x"].tolist() == whole["x"].tolist()
    assert search.search(open_at(tmp_path / "b.journal"), valley, SPACE, trials=12, verbosity=0)[
        "number"
    ].tolist() == list(range(12))


def test_a_crash_inside_a_trial_loses_that_trial_only(tmp_path):
    calls = []

    def breaks(parameters, report):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return valley(parameters, report)

    with pytest.raises(KeyboardInterrupt):
        search.search(open_at(tmp_path / "a.journal"), breaks, SPACE, trials=6, verbosity=0)
    found = search.search(open_at(tmp_path / "a.journal"), valley, SPACE, trials=6, verbosity=0)
    assert (found["state"] == "fail").sum() == 1
    assert found["state"].isin(["complete", "pruned"]).sum() == 6


def _worker(path):
    search.search(open_at(path), valley, SPACE, trials=12, verbosity=0)


def test_two_workers_share_a_journal(tmp_path):
    path = tmp_path / "shared.journal"
    open_at(path)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_worker, args=(path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(240)
        assert worker.exitcode == 0
    found = search.table(open_at(path))
    assert found["number"].is_unique
    assert 12 <= found["state"].isin(["complete", "pruned"]).sum() <= 13


@pytest.mark.parametrize("how", ["dead here", "long ago elsewhere"])
def test_a_trial_of_a_killed_worker_is_tried_again(tmp_path, how):
    study = open_at(tmp_path / "a.journal")
    trial = study.ask()
    lost = search._suggested(trial, SPACE)
    gone = subprocess.Popen(["true"])
    gone.wait()
    trial.set_user_attr(search._WORKER, [socket.gethostname() if how == "dead here" else "x", gone.pid])
    hours = 12 if how == "dead here" else 0
    found = search.search(study, valley, SPACE, trials=3, forget_after=hours, verbosity=0)
    assert found["state"].iloc[0] == "fail"
    assert found["state"].isin(["complete", "pruned"]).sum() == 3
    assert found.loc[1, list(lost)].tolist() == list(lost.values())


@pytest.mark.parametrize("host", [socket.gethostname(), "another"])
def test_a_trial_of_a_living_worker_is_counted(tmp_path, host):
    study = open_at(tmp_path / "a.journal")
    study.ask().set_user_attr(search._WORKER, [host, os.getpid()])
    found = search.search(study, valley, SPACE, trials=3, verbosity=0)
    assert found["state"].tolist()[0] == "running"
    assert len(found) == 3


def test_workers_that_start_together_draw_different_points(tmp_path):
    """Both see as many trials before they ask."""
    first, second = (open_at(tmp_path / "a.journal") for _ in range(2))
    drawn = []

    def both(parameters, report):
        drawn.append(parameters["x"])
        if len(drawn) == 1:
            search._one_trial(second, both, SPACE)
        return 0.0

    search._one_trial(first, both, SPACE)
    assert len(set(drawn)) == 2


def test_changed_code_begins_a_search_of_its_own(tmp_path, monkeypatch):
    search.search(open_at(tmp_path / "a.journal", maker=valley), valley, SPACE, trials=2, verbosity=0)
    assert len(search.table(open_at(tmp_path / "a.journal", maker=valley))) == 2
    monkeypatch.setattr(search.code, "key", lambda *things: "changed")
    assert search.table(open_at(tmp_path / "a.journal", maker=valley)).empty


def test_bad_trials_are_pruned(tmp_path):
    study = open_at(tmp_path / "a.journal", warmup=2)
    values = iter(range(20, 0, -1))

    def falling(parameters, report):
        value = next(values)
        for step in range(3):
            report(step, value)
        return value

    found = search.search(study, falling, SPACE, trials=6, verbosity=0)
    assert "pruned" in found["state"].tolist()
    assert found["value"].notna().all()


@pytest.mark.parametrize(("options", "reason"), [({"data_key": "other"}, "its data is d, here it is other")])
def test_a_storage_of_another_search(tmp_path, options, reason):
    open_at(tmp_path / "a.journal")
    with pytest.raises(ValueError, match=rf"'demo' in a.journal belongs to another search: {reason}"):
        open_at(tmp_path / "a.journal", **options)


def test_a_storage_with_another_space(tmp_path):
    open_at(tmp_path / "a.journal")
    with pytest.raises(ValueError, match=r"its kind is Choice.* here it is not searched"):
        search.open_study(
            tmp_path / "a.journal", "demo", {k: v for k, v in SPACE.items() if k != "kind"},
            data_key="d",
        )  # fmt: skip


def test_a_study_of_another_program(tmp_path):
    path = tmp_path / "a.db"
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="demo", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(ValueError, match="was not made by this suite"):
        open_at(path)


def test_a_file_that_is_no_storage(tmp_path):
    (tmp_path / "a.db").write_text("not a database, but a text of some length\n" * 50)
    with pytest.raises(ValueError, match=r"the storage a.db cannot be read"):
        open_at(tmp_path / "a.db")
    with pytest.raises(ValueError, match=r"is of no known kind; expected a file ending in .journal"):
        open_at(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        ({}, "the space is empty"),
        ({"x": search.Choice(())}, "parameter x: the choice has no options"),
        ({"x": search.Number(2, 1)}, "parameter x: from 2 to 1"),
        ({"x": search.Number(0, 1, log=True)}, r"parameter x: from 0 to 1 \(log\)"),
    ],
)
def test_a_bad_space(tmp_path, space, reason):
    with pytest.raises(ValueError, match=reason):
        search.open_study(tmp_path / "a.journal", "demo", space)


def test_other_errors(tmp_path):
    study = open_at(tmp_path / "a.journal")
    with pytest.raises(ValueError, match="holds no complete trial yet"):
        search.best(study)
    with pytest.raises(ValueError, match="holds 0 complete trials with 0 values"):
        search.importances(study)
    with pytest.raises(ValueError, match="trial 0 gave nan; expected a finite number"):
        search.search(study, lambda p, report: float("nan"), SPACE, trials=1, verbosity=0)


def test_importances_and_the_best_file(tmp_path):
    study = open_at(tmp_path / "a.journal")
    search.search(study, lambda p, report: p["x"], SPACE, trials=15, verbosity=0)
    found = search.importances(study)
    assert found["parameter"].iloc[0] == "x"
    assert found["importance"].sum() == pytest.approx(1)
    path = search.write_best(tmp_path / "best.json", study, {"build": {}})
    written = paths.read_json(path)
    assert written["build"] == {}
    assert written["search"]["parameters"] == search.best(study)
    assert sum(written["search"]["trials"].values()) == 15
