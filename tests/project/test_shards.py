"""Files predicted in shards: every row once, in order, the same bytes for any number of shards."""

import functools
import importlib
import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from helpers.project import backend, cli, paths, shards
from helpers.readers import own
from helpers.sequences.alphabet import RNA
from helpers.sequences.encoding import reverse_complement

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ROOT = paths.root()
SAMPLE = ROOT / "data/sample"


@pytest.fixture
def small_blocks(monkeypatch):
    modules = [shards, own]
    modules += [importlib.import_module(f"helpers.tracks.{track}.predict") for track in cli.tracks_known()]
    for module in modules:
        if hasattr(module, "BLOCK"):
            monkeypatch.setattr(module, "BLOCK", 4)


def table(folder):
    """A FASTA file of the sample as a table, with rows that cannot be used."""
    mrna = own.iter_fasta(SAMPLE / "sirna_efficacy/predict_mRNA.fa")
    record = next(mrna)
    text = record.sequence.replace("T", "U")
    guides = [reverse_complement(text[start : start + 21], RNA) for start in range(50, 63)]
    rows = [f"{guide};{record.id}" for guide in guides]
    rows[3], rows[9] = ";x", f"AC7G;{record.id}"
    (folder / "pairs.csv").write_text("\n".join(["Guide;mRNA", *rows, ""]))
    return folder / "pairs.csv"


def beginning(path, folder):
    """The first rows of a file: three blocks, the last one not full."""
    records = [[]]
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith(">") or path.suffix == ".csv":
            records.append([])
        records[-1].append(line)
    short = folder / path.name
    short.write_text("".join(line for record in records[:11] for line in record))
    return short


MRNA = f"mrna_fasta={SAMPLE / 'sirna_efficacy/predict_mRNA.fa'}"
ASKED = [
    ("gene_expression", "gene_expression/predict.csv", {}),
    ("stress_response", "stress_response/predict.fasta", {}),
    ("rna_modification", "rna_modification/transcripts.fasta", {"settings": ["least=0.01"]}),
    ("rna_peptide", "rna_peptide/predict.csv", {}),
    ("sirna_efficacy", "sirna_efficacy/predict_siRNA.fa", {"settings": [MRNA, "max_mismatches=2"]}),
    ("sirna_efficacy", table, {"settings": [MRNA], "columns": "siRNA=Guide"}),
]


@pytest.mark.parametrize(("track", "source", "options"), ASKED)
def test_shards_joined_are_the_whole(track, source, options, tmp_path, small_blocks, monkeypatch):
    source = source(tmp_path) if callable(source) else beginning(SAMPLE / source, tmp_path)
    backend.use("tensorflow")
    given = {"source": str(source), "model": str(ROOT / "data/models" / track)}
    given |= {"columns": options["columns"]} if "columns" in options else {}
    name = cli.tracks_known()[track]["predict"]
    (step,) = cli.plan(track, {name: {}}, out=tmp_path, settings=options.get("settings", ()), **given)
    module = importlib.import_module(f"helpers.tracks.{track}.predict")
    monkeypatch.setattr(module, "load", functools.cache(module.load))  # a network is traced once
    door = module.predict_shard
    whole = tmp_path / "whole.csv"
    counts = door(step.parameters, whole, shards.WHOLE)
    for number in (2, 1):
        part = shards.Shard(number, 2)
        assert "shards/000" in shards.predict(door, step.parameters, tmp_path, shard=part, key="k")
    path, rows = shards.join(tmp_path)
    assert path.read_bytes() == whole.read_bytes()
    found = pd.read_csv(path)
    assert rows == len(found) == sum(counts.values()) > 8
    line = "line" if "line" in found else "sirna_id"
    if line == "line":
        assert found["line"].is_monotonic_increasing
        expected = own.fasta_blocks(source, shards.WHOLE) if own.is_fasta(source) else ()
        lines = [record.line for _, block in expected for record in block]
        assert not lines or sorted(set(found["line"])) == lines


def test_rows_of_shards_begin_at_whole_blocks():
    parts = [shards.Shard(number, 3).rows(lambda: 9_000) for number in (1, 2, 3)]
    assert [row for part in parts for row in part] == list(range(9_000))
    assert all(part.start % shards.BLOCK == 0 for part in parts)
    few = [shards.Shard(number, 40).rows(lambda: 10) for number in range(1, 41)]
    assert [row for part in few for row in part] == list(range(10))


@pytest.mark.parametrize("text", ["", "3", "0/4", "5/4", "a/b", "1/0"])
def test_a_shard_is_named_by_two_numbers(text):
    with pytest.raises(ValueError, match="expected number/of"):
        shards.Shard.named(text)


def kept(folder, text, *, key="k", header='a,"b\nc"\n'):
    path = shards.Shard.named(text).path(folder)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{header}{text},1\n")
    path.with_suffix(".json").write_text(json.dumps({"key": key, "rows": {"ok": 1}}))
    return path


def test_join_keeps_one_header_and_refuses_what_is_missing_or_mixed(tmp_path):
    with pytest.raises(ValueError, match="there is no shard in it"):
        shards.join(tmp_path)
    files = [kept(tmp_path, f"{number}/3") for number in (1, 2, 3)]
    path, rows = shards.join(tmp_path)
    assert (rows, path.read_text()) == (3, 'a,"b\nc"\n1/3,1\n2/3,1\n3/3,1\n')
    files[1].unlink()
    files[2].with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="2 shards are missing: 2/3, 3/3"):
        shards.join(tmp_path)
    kept(tmp_path, "2/3", key="other")
    kept(tmp_path, "3/3")
    with pytest.raises(ValueError, match="0002-of-0003 were predicted from other data"):
        shards.join(tmp_path)
    kept(tmp_path, "1/4")
    with pytest.raises(ValueError, match="of 3 and of 4"):
        shards.join(tmp_path)


def test_a_shard_that_lies_there_is_kept_and_a_failed_one_leaves_nothing(tmp_path):
    def door(given, out, shard):
        if given:
            raise ValueError(given["fault"])
        out.parent.mkdir(exist_ok=True)
        out.write_text("a\n1\n")
        return {"ok": 1}

    part = shards.Shard(1, 2)
    with pytest.raises(ValueError, match="bad"):
        shards.predict(door, {"fault": "bad"}, tmp_path, shard=part, key="k")
    assert not list(tmp_path.rglob("*.csv"))
    assert shards.predict(door, {}, tmp_path, shard=part, key="k").endswith(": 1 ok")
    assert "done before" in shards.predict(door, {"fault": "bad"}, tmp_path, shard=part, key="k")
    with pytest.raises(ValueError, match="bad"):
        shards.predict(door, {"fault": "bad"}, tmp_path, shard=part, key="another")


@pytest.mark.pipeline
def test_a_run_killed_at_random_points_ends_the_same():
    """The points are the same each time; tests/hostile/kills.py takes more of them, and the sample, too."""
    command = [sys.executable, ROOT / "tests/hostile/kills.py", "shards", "--shards", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [*command, "--rows", "4100", "--kills", "2"], capture_output=True, text=True, env=environment
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "other than in the run that was not killed: none" in answer.stdout
