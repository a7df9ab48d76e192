"""Motifs: libraries, scanning, matching, patterns, seqlets, effects; known answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.motifs import effects, library, matching, patterns, reading, scanning
from helpers.motifs.library import Motif
from helpers.sequences.alphabet import DNA, PEPTIDE, RNA
from helpers.sequences.encoding import one_hot, reverse_complement

WORD = "CACGTGTC"
PPM = 0.94 * np.eye(4)[[DNA.letters.index(x) for x in WORD]] + 0.015


def random_sequences(n, length=80, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]


def meme(tmp_path, text, name="a.meme"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """MEME version 4

ALPHABET= ACGT

MOTIF M1 first one
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0
0.25 0.25 0.25 0.25
1.0 0 0 0

MOTIF M2
letter-probability matrix: alength= 4 w= 1
0.5 0.5 0.0 0.0
"""


def test_meme_files_are_read_and_written(tmp_path):
    first, second = reading.read_meme(meme(tmp_path, GOOD), DNA)
    assert (first.id, first.name, second.name) == ("M1", "first one", "M2")
    assert first.ppm.tolist() == [[0.25] * 4, [1, 0, 0, 0]]
    assert first.url == ""
    again = reading.read_meme(library.write_meme(tmp_path / "b.meme", [first, second], DNA), DNA)
    assert [motif.id for motif in again] == ["M1", "M2"]


@settings(max_examples=20, derandomize=True)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 99))
def test_what_is_written_is_read_back(tmp_path_factory, widths, seed):
    rng = np.random.default_rng(seed)
    motifs = [Motif(f"M{i}", f"n{i}", "", rng.dirichlet(np.ones(4), width)) for i, width in enumerate(widths)]
    path = tmp_path_factory.mktemp("meme") / "x.meme"
    for alphabet in (DNA, RNA):
        again = reading.read_meme(library.write_meme(path, motifs, alphabet), alphabet)
        for one, other in zip(motifs, again, strict=True):
            np.testing.assert_allclose(one.ppm, other.ppm, atol=1e-5)


def test_a_meme_file_cut_anywhere_is_refused_or_whole(tmp_path):
    text = GOOD.rstrip()
    for cut in range(len(text)):
        path = meme(tmp_path, text[:cut])
        try:
            found = reading.read_meme(path, DNA)
        except ValueError:
            continue
        # Cut between two motifs, or inside the last digits of a whole row.
        assert all(np.allclose(m.ppm.sum(axis=1), 1) for m in found)
        assert found[0].ppm.shape == (2, 4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MEME version 4", "# motifs", "line 1: found '# motifs'; expected 'MEME version 4'"),
        ("ALPHABET= ACGT", "ALPHABET= ACGU", "line 3: the alphabet is ACGU; expected ACGT"),
        ("ALPHABET= ACGT", "ALPHABET", "not named"),
        ("1.0 0 0 0", "0.5 0 0 0", r"line 8: the row sums to 0.5; expected 1"),
        ("1.0 0 0 0", "1.0 0 0", r"line 8: found '1.0 0 0'; expected 4 probabilities"),
        ("1.0 0 0 0", "1.0 0 0 x", "expected 4 probabilities"),
        ("1.0 0 0 0", "1.5 -.5 0 0", "from 0 to 1"),
        ("MOTIF M2", "MOTIF M1", "line 10: the motif 'M1' stands twice"),
        ("MOTIF M2", "MOTIF", "MOTIF without an id"),
        ("MOTIF M1 first one\n", "", "line 5: a matrix without a 'MOTIF' line above it"),
        (
            "letter-probability matrix: alength= 4 w= 1\n0",
            "log-odds matrix\n0",
            "'MOTIF M2' has no letter-prob",
        ),
        ("MOTIF M2\n", "", "line 10: a matrix without a 'MOTIF' line above it"),
        ("alength= 4 w= 1", "alength= 20 w= 1", "alength= 20; expected 4"),
        ("w= 1", "w= 3", "line 11: the matrix of 'MOTIF M2' ends after 1 of 3 rows"),
        ("MOTIF M2", "MOTIF M3\nMOTIF M2", "'MOTIF M3' has no letter-probability matrix"),
    ],
)
def test_what_is_wrong_with_a_meme_file_is_said(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message):
        reading.read_meme(meme(tmp_path, GOOD.replace(old, new, 1)), DNA)


WIDTHLESS = """MEME version 5.5.5

ALPHABET= acgu

MOTIF clusterA RBPx
letter-probability matrix: alength= 4
0.70\t0.10\t0.10\t0.10
0.05\t0.05\t0.85\t0.05

MOTIF clusterB
letter-probability matrix:
0.70\t0.10\t0.10\t0.10
URL https://example.org
"""

WHOLE_OUTPUT = """****************************************
MEME - Motif discovery tool
****************************************
MEME version 5.5.2 (Release date: Sun Jan 29 2023)

TRAINING SET
ALPHABET= ACGT
Background letter frequencies (from file dataset with add-one prior applied):
A 0.25 C 0.25 G 0.25 T 0.25
MOTIF AGT MEME-1\twidth =   2  sites =  20  llr = 150  E-value = 1.2e-050
\tMotif AGT MEME-1 position-specific scoring matrix
log-odds matrix: alength= 4 w= 2 n= 100 bayes= 6 E= 1e-50
 100 -200 -200 -200
 -200 -200 170 -200

\tMotif AGT MEME-1 position-specific probability matrix
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 1.2e-050
 0.7 0.1 0.1 0.1
 0.05 0.05 0.85 0.05

SUMMARY OF MOTIFS
"""


def test_meme_files_without_widths_and_the_whole_output_of_meme_are_read(tmp_path):
    first, second = reading.read_meme(meme(tmp_path, WIDTHLESS), RNA)
    np.testing.assert_allclose(first.ppm, [[0.7, 0.1, 0.1, 0.1], [0.05, 0.05, 0.85, 0.05]])
    assert (second.id, second.ppm.shape) == ("clusterB", (1, 4))
    (only,) = reading.read_meme(meme(tmp_path, WHOLE_OUTPUT), DNA)
    assert (only.id, only.name, only.ppm.shape) == ("AGT", "MEME-1", (2, 4))
    with pytest.raises(ValueError, match="after 0 of its rows"):
        reading.read_meme(meme(tmp_path, GOOD.replace("w= 1\n0.5 0.5 0.0 0.0", "")), DNA)


def test_a_meme_file_without_motifs(tmp_path):
    with pytest.raises(ValueError, match="no motif in it"):
        reading.read_meme(meme(tmp_path, "MEME version 4\nALPHABET= ACGT\n"), DNA)


def test_cases_of_meme_files():
    cases = Path(__file__).parents[1] / "cases"
    for name in ("01_meme_without_w/dna_alph_block.meme", "01_meme_without_w/lower.meme"):
        (only,) = reading.read_meme(cases / name, DNA)
        assert only.ppm.argmax(axis=1).tolist() == [0, 2, 3]
    assert [m.id for m in reading.read_meme(cases / "01_meme_without_w/rna_no_w.meme", RNA)] == [
        "clusterA",
        "clusterB",
    ]
    assert len(reading.read_meme(cases / "02_meme_full_output/meme.txt", DNA)) == 1
    for alphabet in (DNA, RNA):
        with pytest.raises(
            ValueError, match=f"line 1: no ALPHABET line .* write 'ALPHABET= {alphabet.letters}'"
        ):
            reading.read_meme(cases / "01_meme_without_w/no_alphabet.meme", alphabet)


def test_jaspar_is_a_library(tmp_path):
    motifs = library.load("jaspar_plants")
    assert len({motif.id for motif in motifs}) == 927
    assert all(motif.counts.shape[1] == 4 for motif in motifs)
    again = library.load(library.write_meme(tmp_path / "plants.meme", motifs, DNA))
    assert [m.id for m in again] == [m.id for m in motifs]
    assert again[5].family == motifs[5].family
    with pytest.raises(ValueError, match="holds DNA motifs; RNA was asked for"):
        library.load("jaspar_plants", RNA)
    with pytest.raises(ValueError, match="taxon 'dragons' is no group"):
        library.load("jaspar_dragons")


def test_sites_are_found_on_both_strands_or_on_one():
    X = one_hot(["T" * 10 + WORD + "T" * 12, "A" * 5 + reverse_complement(WORD, DNA) + "A" * 17], DNA)
    both = scanning.sites(X, PPM, DNA)
    assert both[["row", "start", "strand"]].values.tolist() == [[0, 10, "+"], [1, 5, "-"]]
    assert scanning.sites(X, PPM, DNA, strands=1)["row"].tolist() == [0]
    with pytest.raises(ValueError, match="strands is 3"):
        scanning.sites(X, PPM, DNA, strands=3)
    with pytest.raises(ValueError, match="no complement"):
        scanning.other_strand(PPM, PEPTIDE)


def test_the_cut_has_the_probability_that_was_asked_for():
    X = one_hot(random_sequences(200, 500, seed=3), DNA)
    for p_value in (1e-2, 1e-3):
        table, cut = scanning.weights(PPM, p_value=p_value)
        share = (scanning.scores(X, table) >= cut).mean()
        assert 0.3 * p_value < share < 1.5 * p_value
    with pytest.raises(ValueError, match="best score has a p-value"):
        scanning.weights(PPM[:2], p_value=1e-4)
    with pytest.raises(ValueError, match="rows are no probabilities"):
        scanning.weights(np.ones((3, 4)))


def test_padding_holds_no_site_and_overlaps_are_resolved():
    X = one_hot(["ACGT" + WORD[:4], "A" * 30], DNA, length=30)
    found = scanning.scores(X, scanning.weights(PPM)[0])
    assert np.isneginf(found[0, 1:]).all()
    assert np.isfinite(found[1]).all()
    runs = scanning.sites(X[1:], np.tile([0.97, 0.01, 0.01, 0.01], (8, 1)), DNA, strands=1)
    assert runs["start"].tolist() == [0, 8, 16]
    with pytest.raises(ValueError, match="cannot be scanned"):
        scanning.scores(X[:, :3], PPM)


def test_matches_are_ranked_and_have_q_values():
    rng = np.random.default_rng(0)
    known = [Motif(f"M{i}", f"M{i}", "f", rng.dirichlet(np.full(4, 0.2), 8)) for i in range(40)]
    query = {"a": known[7].ppm, "b": scanning.other_strand(known[9].ppm, DNA)}
    found = matching.match(query, known, best=3)
    first = found[found["rank"] == 1].set_index("query")
    assert first["id"].to_dict() == {"a": "M7", "b": "M9"}
    assert first["strand"].to_dict() == {"a": "+", "b": "-"}
    assert (found["q"] >= found["p"] - 1e-12).all()
    alone = matching.match(query, known, best=40, strands=1)
    assert alone["strand"].unique().tolist() == ["+"]
    turned = alone[(alone["query"] == "b") & (alone["id"] == "M9")].iloc[0]
    assert turned["p"] > 100 * first.loc["b", "p"]
    assert matching.match({}, known).empty
    for arguments, message in (
        ((query, []), "the library holds 0 motifs"),
        (({"a": np.ones((3, 5))}, known), r"query 'a' has the shape \(3, 5\)"),
    ):
        with pytest.raises(ValueError, match=message):
            matching.match(*arguments)
    with pytest.raises(ValueError, match="strands is 0"):
        matching.match(query, known, strands=0)


def small_library():
    """Seven motifs as narrow and sharp as those of enzymes that modify RNA."""
    rng = np.random.default_rng(5)
    words = ["AGACU", "CCA", "GUUCAAAUC", "UGUAG", "CAGGG", "CUCCA", "AGAUCGAGG"]
    letters = [["ACGU".index(letter) for letter in word] for word in words]
    return [
        Motif(w, w, "", 0.95 * np.eye(4)[row] + 0.0125) for w, row in zip(words, letters, strict=True)
    ], rng


def test_random_logos_seldom_match_a_small_library():
    known, rng = small_library()
    found, single, trials = 0, 0, 200
    for _ in range(trials):
        queries = {str(k): rng.dirichlet(np.full(4, 0.5), rng.integers(5, 9)) for k in range(8)}
        best = matching.match(queries, known, strands=1, best=1)
        found += (best["q"] <= 0.05).any()
        # What was done before: each query is held against the library alone, without decoys.
        single += (best["p"] * len(known) <= 0.05).any()
    assert found <= 0.06 * trials
    assert single > 0.12 * trials


def test_a_true_match_to_a_small_library_is_found_among_random_logos():
    known, rng = small_library()
    queries = {str(k): rng.dirichlet(np.full(4, 0.5), 7) for k in range(7)}
    queries["mine"] = np.concatenate([np.full((1, 4), 0.25), 0.8 * known[2].ppm + 0.05])
    best = matching.match(queries, known, strands=1, best=1).set_index("query")
    assert best.loc["mine", "id"] == known[2].id
    assert best.loc["mine", "q"] < 0.02
    again = matching.match(queries, known, strands=1, best=1).set_index("query")
    assert best.equals(again)
    flat = [Motif("flat", "flat", "", np.full((3, 4), 0.25))]  # has no other order of its columns
    assert matching.match({"a": np.full((3, 4), 0.25)}, flat, strands=1)["p"].tolist() == [1.0]


def test_patterns_of_both_signs_are_found():
    n, low = 160, "TTGACCGG"
    X = one_hot(random_sequences(n, 90, seed=5), DNA)
    hypothetical = np.random.default_rng(1).normal(0, 0.02, X.shape).astype(np.float32)
    rng = np.random.default_rng(2)
    for row in range(n):
        for word, sign, place in ((WORD, 1, rng.integers(10, 30)), (low, -1, rng.integers(45, 70))):
            rows = np.eye(4)[[DNA.letters.index(x) for x in word]]
            if rng.random() < 0.5:
                rows = rows[::-1, ::-1]
            X[row, place : place + 8] = rows
            hypothetical[row, place : place + 8] += sign * (rows - 0.25)
    found = patterns.discover(X, hypothetical, window=12, flank=3, fewest_seqlets=30)
    by_sign = {one.sign: one for one in found}
    assert set(by_sign) == {1, -1}
    for sign, word in ((1, WORD), (-1, low)):
        core = by_sign[sign].ppm[by_sign[sign].core()]
        text = library.consensus(core)
        assert text in (word, reverse_complement(word, DNA))
        assert len(by_sign[sign].seqlets) > 30
        held = effects.contributions(hypothetical * X, by_sign[sign].seqlets)
        assert (sign * held > 3).all()


@pytest.mark.parametrize(
    ("X", "hypothetical", "message"),
    [
        (np.zeros((2, 60, 4)), np.zeros((2, 50, 4)), "expected .n, length, 4. twice"),
        (np.zeros((2, 60, 4)), np.full((2, 60, 4), np.nan), "sequence 0 are not all finite"),
        (np.zeros((2, 20, 4)), np.zeros((2, 20, 4)), "sequences of 20 positions"),
    ],
)
def test_what_modisco_is_not_given(X, hypothetical, message):
    with pytest.raises(ValueError, match=message):
        patterns.discover(X, hypothetical)


def test_seqlets_of_both_signs():
    values = np.random.default_rng(0).normal(0, 0.1, (30, 60))
    values[:, 10:18] += 2
    values[:, 40:48] -= 2
    found = patterns.seqlets(values)
    best = found.head(60)
    assert set(best["sign"]) == {1, -1}
    assert (np.sign(best["attribution"]) == best["sign"]).all()
    assert (best.loc[best["sign"] == 1, "start"] < 20).all()
    with pytest.raises(ValueError, match="expected finite numbers"):
        patterns.seqlets(np.full((2, 30), np.nan))


def count_word(X, rows):
    places = X.shape[1] - len(WORD) + 1
    word = np.eye(4)[[DNA.letters.index(x) for x in WORD]]
    same = [(X[:, i : i + len(WORD)] == word).all(axis=(1, 2)) for i in range(places)]
    return np.sum(same, axis=0).astype(float)


def test_effects_of_a_motif():
    X = one_hot(["T" * 20 + WORD + "AG" * 10, "AC" * 24, WORD + "TA" * 12 + WORD + "AGATGCAT"], DNA)
    sites = scanning.sites(X, PPM, DNA, strands=1)
    gone = effects.ablate(count_word, X, sites, draws=3)
    assert gone.rows.tolist() == [0, 2]
    np.testing.assert_allclose(gone.effects, [1, 2])
    np.testing.assert_allclose(gone.excess, gone.effects - gone.elsewhere)
    assert np.abs(gone.elsewhere).max() < 0.7
    assert effects.insert(count_word, X, PPM, draws=2, seed=1).tolist() == pytest.approx([1] * 3, abs=0.6)
    assert effects.ablate(count_word, X, sites.iloc[:0]).effects.size == 0
    table = effects.summary({"ablation": gone.effects, "none": []}, groups={"ablation": ["a", "a"]})
    assert table["value"].tolist()[0] == 1.5
    assert np.isnan(table["ci_low"]).all()
    assert set(table["verdict"]) == {"not shown"}
    many = effects.summary({"up": np.arange(1.0, 21), "noise": np.tile([-1.0, 1.0], 10)})
    assert many["verdict"].tolist() == ["shown", "not shown"]
    with pytest.raises(ValueError, match="lies outside sequences"):
        effects.ablate(count_word, X, pd.DataFrame({"row": [0], "start": [45], "stop": [60]}))
    with pytest.raises(ValueError, match="does not fit into sequences"):
        effects.insert(count_word, X, PPM, at=44)


def test_other_places_are_as_wide_and_lie_off_the_motif_and_off_padding():
    covered, there = np.zeros((50, 40), dtype=bool), np.ones((50, 40), dtype=bool)
    covered[:, 3:8], covered[:, 20:24], there[:, 32:] = True, True, False
    moved = effects._moved(covered, there, np.random.default_rng(0))
    assert (moved.sum(axis=1) == 9).all()
    assert not (moved & (covered | ~there)).any()
    assert len({tuple(line) for line in moved.tolist()}) > 3


def test_an_unknown_matrix():
    with pytest.raises(ValueError, match=r"no plant motif 'MA0570.9' in JASPAR2026"):
        library.plant_motif("MA0570.9")
    assert library.plant_motif("MA1258.2").family == "ERF/DREB"


def test_log_odds_of_the_background_are_zero_whatever_the_unit():
    share = np.array([0.32, 0.18, 0.18, 0.32])
    np.testing.assert_allclose(library.log_odds(100 * share[None], share), 0, atol=1e-12)
    motif = library.plant_motif("MA0570.3")
    found = library.log_odds(motif.ppm)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found.argmax(1), library.log_odds(motif.counts).argmax(1))


@pytest.mark.parametrize(
    ("counts", "reason"),
    [(np.ones((4, 7)), r"shape \(4, 7\); expected \(width, 4\)"), (np.zeros((2, 4)), "position 0 sums to 0")],
)
def test_bad_counts(counts, reason):
    with pytest.raises(ValueError, match=reason):
        library.log_odds(counts)


def test_sites_of_named_factors_whatever_their_capitals():
    X = one_hot(["TTTTGCCGCCATGTTGGCCTTTT", "TTTTTTTTTTTTTTTTTTTTTTT"], DNA)
    found = scanning.named_sites(X, ["TBP", " YY1"], "vertebrates")
    assert found["element"].unique().tolist() == ["YY1"]
    assert found["row"].tolist() == [0] * len(found)
    assert found.columns.tolist() == ["element", *scanning.COLUMNS]
    with pytest.raises(ValueError, match="no matrix of the factor 'TPB' among the vertebrates"):
        scanning.named_sites(X, ["TPB"], "vertebrates")
