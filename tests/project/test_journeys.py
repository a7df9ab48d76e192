"""A user's first minutes in a track, by the command line alone."""

import random
import re
import subprocess
import sys

import pytest

from helpers.project import cli, paths

TARGET = "".join(random.Random(2).choices("ACGU", k=300))
TARGETS = {"target": TARGET} | {
    f"other{seed}": "".join(random.Random(seed).choices("ACGU", k=300)) for seed in range(3, 8)
}
AMINO = "ACDEFGHIKLMNPQRSTVWY"
PAIRS = str.maketrans("ACGU", "TGCA")
NUMBERS = [f"{i / 7:.2f};{i / 9:.2f}".replace(".", ",") for i in range(20)]
FILES = {
    "rna_peptide": (
        "rna_seq,protein_seq,label",
        lambda i: f"{letters(40, 'ACGU')},{letters(20, 'ACDEFGHIKLMNPQRSTVWY')},{i % 2}",
    ),
    "stress_response": ("gene_id,sequence,label", lambda i: f"g{i},{letters(100)},{i % 2}"),
    "rna_modification": (
        "sequence,label,modification",
        lambda i: f"{letters(50, 'ACGU')}A{letters(50, 'ACGU')},{i % 2},m6A",
    ),
    "sirna_efficacy": (
        "guide,mRNA,efficacy",
        lambda i: f"{TARGET[9 * i : 9 * i + 21].translate(PAIRS)[::-1]},target,{i / 20}",
    ),
    "gene_expression": ("sequence;K562;HepG2", lambda i: f"{letters(100)};{NUMBERS[i]}"),
}


def letters(count, alphabet="ACGT"):
    return "".join(random.choice(alphabet) for _ in range(count))


@pytest.fixture
def mine(tmp_path, monkeypatch):
    random.seed(1)
    for track, (head, row) in FILES.items():
        (tmp_path / f"{track}.csv").write_text("\n".join([head, *map(row, range(20))]) + "\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "target.fa").write_text(f">target\n{TARGET}\n")
    return tmp_path


def call(*words):
    line = "from helpers.project.cli import main; main()"
    # The user is elsewhere: the package is found, the folder of the checkout is not the current one.
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(paths.root())!r}); {line}", *words],
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("track", FILES)
def test_check_reads_and_says_what_a_run_would_do(mine, track):
    further = ["--set", f"mrna_fasta={mine / 'target.fa'}"] if track == "sirna_efficacy" else []
    found = call("check", f"{track}.csv", "--track", track, *further)
    assert found.returncode == 0, found.stderr
    assert "20" in found.stdout
    assert " ".join(["sequence-notebooks run", track, "--source", f"{track}.csv", *further]) in found.stdout
    assert {path.name for path in mine.iterdir()} == {"target.fa", *(f"{name}.csv" for name in FILES)}


def test_check_says_that_a_later_page_needs_torch(mine, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="stress_response/05_saliency_maps explains with torch, and"):
        cli.check("stress_response.csv", track="stress_response")
    # What was read is told first.
    assert "20" in capsys.readouterr().out


@pytest.mark.parametrize("track", FILES)
def test_a_plan_over_own_data_holds_nothing_of_the_sample(mine, track):
    source = str(mine / f"{track}.csv")
    steps = cli.plan(track, cli.tracks_known()[track]["run"], out=mine / "out", source=source)
    assert steps[0].parameters["source"] == source
    for step in steps:
        assert step.parameters["profile"] == "own data"
        texts = [str(value) for value in step.parameters.values()]
        assert not [text for text in texts if text.startswith(("data/sample", "runs/sample"))]


def test_another_tracks_file_is_refused_with_its_columns_and_no_traceback(mine):
    found = call("check", "gene_expression.csv", "--track", "stress_response")
    assert found.returncode == 1
    assert "there is no column gene_id, label; found sequence, K562, HepG2" in found.stderr
    assert "Traceback" not in found.stderr


def test_percentages_stop_a_run_with_its_message_and_leave_the_report_of_rows(mine):
    text = (mine / "sirna_efficacy.csv").read_text().replace("0.95", "95")
    (mine / "percent.csv").write_text(text)
    found = call(
        "run", "sirna_efficacy", "--source", "percent.csv", "--set", f"mrna_fasta={mine / 'target.fa'}",
        "--out", "results", "--only", "01",
    )  # fmt: skip
    assert found.returncode == 1
    assert "efficacy is no fraction silenced" in found.stderr
    assert not [word for word in ("Traceback", "IPKernelApp") if word in found.stderr]
    assert len((mine / "results" / "rows_01.csv").read_text().splitlines()) == 21


def motifs(count, centre=""):
    """Rows of a sequence and 1 where a word stands in it: something that can be learnt."""
    for i in range(count):
        left, right = letters(40, "ACGU"), letters(40, "ACGU")
        word = "GGACUG" if i % 2 else letters(6, "ACGU")
        yield i, left[:-6] + word + centre + right, i % 2


def guides(count):
    """Guides along six mRNAs, of which those that start with A or U work better."""
    for i in range(count):
        name, place = list(TARGETS)[i // 40], i % 40 * 6
        guide = TARGETS[name][place : place + 21].translate(PAIRS)[::-1].replace("T", "U")
        yield f"{guide},{name},{(0.7 if guide[0] in 'AU' else 0.3) + i % 5 / 20:.2f}"


def pairs(count):
    for _, text, label in motifs(count):
        yield f"{text},{letters(15, AMINO)}{'RGGRW' if label else letters(5, AMINO)},{label}"


# A track's columns, rows, the last notebook that is run, its settings, and how a new file begins.
RUNS = {
    "rna_modification": (
        "sequence,label,modification",
        lambda: [f"{text},{label},m6A" for _, text, label in motifs(240, "A")],
        "01",
        [
            "01_train_vqvae.length=81", "01_train_vqvae.epochs=1", "01_train_vqvae.original_epochs=1",
            "runs=1", "trees=10", "preset=small", "n_boot=100",
        ],
        "id,sequence",
    ),
    "gene_expression": (
        "sequence,K562,HepG2",
        lambda: [f"{text.replace('U', 'T')},{label + i % 5 / 10},{i % 7}" for i, text, label in motifs(240)],
        "01",
        [
            "01_train_hybrid_network.epochs=1", "01_train_hybrid_network.folds_run=1",
            "runs=1", "known=0", "hybrid=false", "n_explained=4", "n_boot=100",
        ],
        "id,sequence",
    ),
    "stress_response": (
        "sequence,label,gene_id",
        lambda: [f"{text.replace('U', 'T')},{label},g{i}" for i, text, label in motifs(240)],
        "03",
        [
            "epochs=1", "fine_tune=0", "original_epochs=1", "runs=1", "folds_run=1", "n_trees=10",
            "n_boot=100",
        ],
        "gene_id,sequence",
    ),
    "sirna_efficacy": (
        "guide,mRNA,efficacy",
        lambda: list(guides(240)),
        "02",
        [
            "mrna_fasta=targets.fa", "workers=1", "epochs=1", "runs=1", "folds_run=1", "n_explained=4",
            "n_boot=100",
        ],
        "",
    ),
    "rna_peptide": (
        "rna_seq,protein_seq,label",
        lambda: list(pairs(240)),
        "03",
        [
            "preset=sample", "hybrid=false", "epochs=1", "final_epochs=1", "original_epochs=1", "trees=10",
            "runs=1", "folds_run=1", "n_boot=100",
        ],
        "rna_id,rna_seq,protein_seq",
    ),
}  # fmt: skip


@pytest.mark.pipeline
@pytest.mark.parametrize("track", RUNS)
def test_two_commands_train_on_a_file_and_predict_a_row_for_every_row(mine, track):
    head, rows, last, settings, new = RUNS[track]
    texts = rows()
    (mine / "mine.csv").write_text("\n".join([head, *texts]) + "\n")
    (mine / "targets.fa").write_text("".join(f">{name}\n{text}\n" for name, text in TARGETS.items()))
    words = [word for setting in settings for word in ("--set", setting)]
    found = call("run", track, "--source", "mine.csv", "--out", "results", "--only", last, *words)
    assert found.returncode == 0, found.stderr
    report = "windows.csv" if track == "rna_modification" else "rows_01.csv"
    assert len((mine / "results" / report).read_text().splitlines()) == 241
    cells = [text.split(",") for text in texts[:6]]
    if new:
        wide = new.count(",")
        lines = [
            new,
            *(f"new{i},{','.join(row[:wide])}" for i, row in enumerate(cells)),
            "empty" + "," * wide,
        ]
    else:
        lines = [*(f">new{i}\n{row[0]}" for i, row in enumerate(cells)), ">empty\nAC"]
    (mine / "new.csv").write_text("\n".join(lines) + "\n")
    further = ["--set", "mrna_fasta=target.fa"] if track == "sirna_efficacy" else []
    found = call(
        "predict", track, "--source", "new.csv", "--model", "results", "--out", "predicted", *further
    )
    assert found.returncode == 0, found.stderr
    written = [path.read_text() for path in (mine / "predicted").rglob("*.csv")]
    assert any("identical" in text for text in written)
    assert any(re.search("empty,.*rejected", text) for text in written)
    # A head, six rows that are scored and one that is not; of a window there is a row for each modification.
    assert track == "rna_modification" or any(len(text.splitlines()) == 8 for text in written)
