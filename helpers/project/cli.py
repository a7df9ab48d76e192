"""The command ``sequence-notebooks``: check a file, run a track over it, predict, lay out the suite."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
import yaml

from helpers.project import backend, cards, code, execution, own, paths, pipeline, shards

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

Track = Annotated[str, typer.Argument(help="rna_peptide, stress_response, ... (see `tracks`)")]
Source = Annotated[str, typer.Option(help="your file or folder")]
Columns = Annotated[
    str, typer.Option(help="ours=theirs, with commas between, where your columns have other names")
]
Out = Annotated[Path, typer.Option(help="folder for notebooks, tables, models and figures")]
Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="parameter=value of every notebook that has it (separator=;), or notebook.parameter=value",
    ),
]
_LAID_OUT = ("Snakefile", "config", "data", "notebooks", "workflow")
TABLES = ("figures/*/results.csv", "figures/*/*_scores.csv", "figures/*/*_outside.csv")
"""Tables of the real profile that pages read; setup.py puts the same into the wheel."""


class Step(NamedTuple):
    """One notebook of a run over one's own data."""

    notebook: str
    """Track and name, such as ``gene_expression/01_train_hybrid_network``."""
    parameters: dict[str, Any]


def tracks_known() -> dict[str, dict[str, Any]]:
    """The tracks of ``config/own.yaml``: what a user has, which columns, what comes out, which notebooks."""
    return yaml.safe_load((paths.root() / "config" / "own.yaml").read_text(encoding="utf-8"))


def plan(
    track: str, names: Mapping[str, Any], *, out: Path, settings: Sequence[str] = (), **given: str
) -> list[Step]:
    """The notebooks of a run over own data, each with every parameter that it gets.

    Parameters
    ----------
    track : str
    names : mapping
        Notebooks in order, each with what differs from its defaults.
    out : pathlib.Path
    settings : sequence of str
        ``parameter=value``, or ``notebook.parameter=value``; a value is read as YAML.
    **given
        Source, columns, separator, dataset, model: set where a notebook has a parameter of that name.

    Raises
    ------
    ValueError
        If a setting is no such text, or no notebook has its parameter.
    """
    steps = []
    used: set[str] = set()
    for name, differs in names.items():
        notebook = f"{track}/{name}"
        defaults = pipeline.declared(notebook)
        values = {key: _moved(value, track, out) for key, value in defaults.items()} | dict(differs)
        values |= {"profile": own.profile("sample", given.get("source", ""))} if "profile" in values else {}
        values |= {key: value for key, value in given.items() if key in values and value}
        for setting in settings:
            where, text = _setting(setting)
            first, _, second = where.rpartition(".")
            if second in values and first in ("", name):
                values[second] = _value(text, defaults[second])
                used.add(setting)
        pipeline.check(notebook, values)
        steps.append(Step(notebook, values))
    known = sorted({key for step in steps for key in step.parameters})
    if "source" not in known:
        raise ValueError(
            f"{track} takes no file through this command; open notebooks/{track} and set its paths"
        )
    for setting in settings:
        if setting not in used:
            asked = setting.partition("=")[0].rpartition(".")[2]
            raise ValueError(f"--set {setting!r}: no notebook of this run has it.{_near(asked, known)}")
    return steps


def execute(steps: Sequence[Step], out: Path, *, say: Callable[[str], None] = typer.echo) -> None:
    """Execute notebooks in order into ``out/notebooks``; one whose inputs and code are the same is kept.

    Raises
    ------
    ValueError
        If a notebook stops: with its own message, and where the executed part lies. Before the first one,
        if any needs torch where there is none.
    """
    pipeline.check_backend(*(step.notebook for step in steps))
    execution.without_grammar()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from helpers.project import progress

    # `plan` checked the parameters; papermill stumbles over quotes in their comments and calls them unknown.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ[pipeline.INSIDE_VARIABLE] = "1"
    before = ""
    folder = paths.output_folder(out / "notebooks")
    for number, step in enumerate(steps, start=1):
        origin = _origin(step)
        target = folder / origin.name
        stamp = target.with_suffix(".json")
        before = _key(step, origin, out=out, before=before)
        title = f"[{number}/{len(steps)}] {step.notebook}"
        if target.is_file() and stamp.is_file() and paths.read_json(stamp) == {"key": before}:
            say(f"{title}: done before with the same data, settings and code")
            continue
        stamp.unlink(missing_ok=True)
        failed, part = target.with_suffix(".failed.ipynb"), target.with_suffix(".part.ipynb")
        # An earlier run's page does not stand beside what this run leaves.
        for old in (target, failed):
            old.unlink(missing_ok=True)
        started = time.monotonic()
        with progress.lines(title, say) as engine:
            try:
                papermill.execute_notebook(
                    origin, part, step.parameters, engine_name=engine, progress_bar=False, log_output=False,
                    # The kernel's own warnings (of its TCP port) are not for a reader of these lines.
                    extra_arguments=["--log-level=50"],  # a kernel that is stopped calls that an error
                )  # fmt: skip
            except PapermillExecutionError as error:
                part.replace(failed)
                # The product's own errors say what to do; of another one the kind helps to report it.
                kind = "" if error.ename == "ValueError" else f"{error.ename}: "
                said = paths.refused_text(error.evalue) or f"{kind}{error.evalue}"
                raise ValueError(f"{step.notebook} stopped. {said}\n(up to there: {failed})") from None
            except DeadKernelError:
                raise ValueError(
                    f"{step.notebook} was killed, most often because memory ran out. "
                    "Close other programs, or give fewer rows, and run again: what is done is kept"
                ) from None
            else:
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        paths.write_json(stamp, {"key": before})
        say(f"{title}: {time.monotonic() - started:.0f} s, {target}")


@app.command()
def tracks(
    track: Annotated[str, typer.Argument(help="a track, for the parameters of its notebooks")] = "",
) -> None:
    """What you have, which columns it needs and what you get, track by track."""
    for name, block in {track: _block(track)}.items() if track else tracks_known().items():
        runs = f"{', '.join(block['run'])}; predict: {block['predict']}"
        said = [block["have"], block["columns"], block["get"], runs]
        typer.echo(name)
        for word, text in zip(("have", "columns", "get", "runs"), said, strict=True):
            typer.echo(f"  {word + ':':<9}{text}")
    for name in (*_block(track)["run"], _block(track)["predict"]) if track else ():
        typer.echo(f"{name}, set with --set parameter=value:")
        for line in pipeline.parameters_cell(f"{track}/{name}").splitlines():
            typer.echo(f"  {line}")


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="your file or folder")],
    track: Annotated[str, typer.Option(help="which track it is for")],
    *,
    columns: Columns = "", settings: Setting = None,
) -> None:  # fmt: skip
    """Read a file as a track would, and say what `run` would do with it; nothing is trained."""
    block = _block(track)
    data = importlib.import_module(f"helpers.tracks.{track}.data")
    if not hasattr(data, "from_own"):
        raise ValueError(
            f"{track} takes no file through this command; open notebooks/{track} and set its paths"
        )
    known = dict(list(inspect.signature(data.from_own).parameters.items())[1:])
    given = {"columns": columns} if columns else {}
    for name, text in map(_setting, settings or ()):
        if name not in known:
            raise ValueError(f"--set {name}: {track} reads nothing of that name.{_near(name, known)}")
        given[name] = _value(text, known[name].default)
    loaded = data.from_own(_source(file), **given)
    for sentence in getattr(loaded, "said", ()):
        typer.echo(sentence)
    typer.echo(data.outcome(loaded).to_string(index=False))
    rows = loaded.rows
    for row in rows[rows["status"] == "rejected"].head(5).to_dict("records"):
        typer.echo(f"rejected, line {row.get('line', '?')}: {row['note']}")
    if hasattr(data, "check"):
        data.check(loaded, file)
    pipeline.check_backend(*(f"{track}/{name}" for name in block["run"]))
    typer.echo(f"`run` would execute {', '.join(block['run'])}:")
    typer.echo(own.command(track, source=file, out="results", **given))


@app.command()
def run(
    track: Track, source: Source, out: Out, *, columns: Columns = "",
    dataset: Annotated[str, typer.Option(help="name in titles and tables; the file's by default")] = "",
    settings: Setting = None,
    only: Annotated[str, typer.Option(help="stop after this notebook, such as 01")] = "",
) -> None:  # fmt: skip
    """Run a track over your own data: every notebook in order, executed copies kept."""
    names = _block(track)["run"]
    if only:
        found = [name for name in names if name.startswith(only)]
        if not found:
            raise ValueError(f"--only {only!r}: {track} runs {', '.join(names)}; give the start of one")
        names = dict(list(names.items())[: list(names).index(found[0]) + 1])
    given = {"source": _source(source), "columns": columns}
    own.check_folder(given["source"], out)
    folder = paths.output_folder(out)
    steps = plan(
        track, names, out=folder, settings=settings or (),
        dataset=dataset or Path(source).name.partition(".")[0], **given,
    )  # fmt: skip
    with paths.alone(folder):
        execute(steps, folder)
    typer.echo(f"done: {folder}")


@app.command()
def predict(
    track: Track, source: Source, out: Out, *,
    model: Annotated[str, typer.Option(help="a trained model; by default ours of public data")] = "",
    columns: Columns = "", settings: Setting = None,
    shard: Annotated[str, typer.Option(help="predict a share of the rows alone, such as 3/40")] = "",
) -> None:  # fmt: skip
    """Predict for your own sequences with a trained model: a row out for every row in."""
    name = _block(track)["predict"]
    ours = f"data/models/{track}"
    if not model:
        typer.echo(f"model: {ours}, shipped with the suite; sequence-notebooks card {track} describes it")
    if not model and not (paths.root() / ours).is_dir():
        raise ValueError(f"{ours} is not there; give --model, the results folder of `run {track}`")
    # What a training notebook keeps for use lies in the folder `model` of its results, where there is one.
    kept = Path(model or ours) / "model"
    given = {
        "source": _source(source),
        "columns": columns,
        "model": _source(str(kept) if kept.is_dir() else model or ours),
    }
    own.check_folder(given["source"], out)
    folder = paths.output_folder(out)
    dataset = Path(source).name.partition(".")[0]
    steps = plan(track, {name: {}}, out=folder, settings=settings or (), dataset=dataset, **given)
    if not shard:
        with paths.alone(folder):
            execute(steps, folder)
        typer.echo(f"done: {folder}")
        return
    part = shards.Shard.named(shard)
    backend.use("tensorflow")
    door = importlib.import_module(f"helpers.tracks.{track}.predict").predict_shard
    key = _key(steps[0], _origin(steps[0]), out=folder, before="")
    typer.echo(shards.predict(door, steps[0].parameters, folder, shard=part, key=key))


@app.command()
def join(folder: Annotated[Path, typer.Argument(help="the --out of predict --shard")]) -> None:
    """Put the shards of a prediction together: predictions.csv, in the order of the input."""
    path, rows = shards.join(folder)
    typer.echo(f"{path}: {rows} rows")


@app.command()
def card(model: Annotated[str, typer.Argument(help="folder or file of a trained model")]) -> None:
    """What a model was trained on, and how well it did there; a track's name is the model shipped for it."""
    place = f"data/models/{model}" if model in tracks_known() else model
    for line in cards.shown(paths.find(place)):
        typer.echo(line)


@app.command()
def start(folder: Annotated[Path, typer.Argument(help="a new folder")]) -> None:
    """Lay the whole suite into a folder: notebooks, sample, parameters and pipeline."""
    folder = folder.expanduser().resolve()
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} is not empty; nothing is overwritten. Give a folder that does not exist yet"
        )
    for name in _LAID_OUT:
        place = paths.root() / name
        if place.is_dir():
            shutil.copytree(place, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(place, folder / name)
    for table in (path for pattern in TABLES for path in paths.root().glob(pattern)):
        target = folder / table.relative_to(paths.root())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(table, target)
    typer.echo(
        f"the suite lies in {folder}. Next:\n  cd {folder}\n  jupyter lab notebooks/00_start_here.ipynb"
    )
    typer.echo("  snakemake --cores 2        # the sample profile of every notebook")


def main() -> None:
    """Entry point: an error of the product is one message and exit code 1, never a traceback."""
    try:
        app()
    except (ValueError, OSError) as error:
        said = str(error) if isinstance(error, ValueError) else paths.refused(error)
        if not said:
            raise
        typer.echo(f"error: {said}", err=True)
        raise SystemExit(1) from None


def _origin(step: Step) -> Path:
    return paths.root() / "notebooks" / f"{step.notebook}.ipynb"


def _block(track: str) -> dict[str, Any]:
    known = tracks_known()
    if track not in known:
        raise ValueError(f"no track {track!r}; expected one of {', '.join(known)}.{_near(track, known)}")
    return known[track]


def _source(given: str) -> str:
    """The user's file as an absolute path; of a wrong name, the nearest right one is said."""
    try:
        return str(paths.find(given))
    except ValueError as error:
        folder = Path(given).expanduser().parent
        beside = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        near = difflib.get_close_matches(Path(given).name, beside, n=1)
        raise ValueError(f"{error}.{_near(near[0], near) if near else ''}") from None


def _moved(value: Any, track: str, out: Path) -> Any:
    """A default under ``runs/sample/<track>`` as the same file of the output folder; none of the sample."""
    place = f"runs/sample/{track}"
    if isinstance(value, str) and value.startswith("data/sample/"):
        return ""
    if isinstance(value, str) and (value == place or value.startswith(place + "/")):
        return str(out) + value.removeprefix(place)
    return value


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r}; expected parameter=value, such as epochs=5")
    return name.strip(), value


def _value(text: str, default: Any) -> Any:
    """A value as YAML, unless the parameter is a text: there ``007`` and ``1e5`` stay what they are."""
    if isinstance(default, str):
        found = Path(text).expanduser()
        return str(found.resolve()) if text and found.exists() else text
    value = yaml.safe_load(text)
    return float(value) if isinstance(default, float) and isinstance(value, int) else value


def _key(step: Step, origin: Path, *, out: Path, before: str) -> str:
    """Key of a step's data, settings and code, and of all that came before it."""
    texts = {name: value for name, value in step.parameters.items() if isinstance(value, str) and value}
    files = {name: paths.sha256(value) for name, value in texts.items() if Path(value).is_file()}
    for folder in (Path(texts[name]) for name in ("source", "model") if name in texts):
        # The executed notebooks of a run lie in its results, and a model may, too.
        read = (one for one in sorted(folder.rglob("*")) if one.is_file() and not one.is_relative_to(out))
        files |= {str(one): paths.sha256(one) for one in read}
    known = [before, step.parameters, files, code.of_notebook(origin), paths.sha256(origin)]
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _near(asked: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(asked, list(known), n=1, cutoff=0.5)
    return f" Is it {near[0]!r}?" if near else f" Known: {', '.join(known)}"


if __name__ == "__main__":
    main()
