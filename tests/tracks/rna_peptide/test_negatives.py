"""Negatives: never positive, never twice, with the degrees that were asked; refusals by message."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.sequences.alphabet import PEPTIDE, RNA
from helpers.tracks.rna_peptide import negatives
from helpers.tracks.rna_peptide.data import PAIR


def chains(n, length, letters, seed):
    codes = np.random.default_rng(seed).integers(len(letters), size=(n, length))
    return ["".join(row) for row in np.array(list(letters))[codes]]


RNAS, PEPTIDES = chains(12, 30, RNA.letters, 0), chains(12, 30, PEPTIDE.letters, 1)


def table(cells):
    rna, peptide = np.array(sorted(cells)).T
    return pd.DataFrame(
        {
            "rna_id": [f"r{i}" for i in rna],
            "protein_id": [f"p{i}" for i in peptide],
            "rna_seq": [RNAS[i] for i in rna],
            "protein_seq": [PEPTIDES[i] for i in peptide],
        }
    )


def keys(frame):
    return list(zip(frame.rna_seq, frame.protein_seq, strict=True))


CELLS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=30)


@settings(max_examples=80)
@given(CELLS, st.sampled_from(negatives.METHODS), st.floats(0, 3), st.integers(0, 99))
def test_negatives_are_new_and_distinct(cells, method, ratio, seed):
    positives = table(cells)
    wanted = round(ratio * len(positives))
    exist = positives.rna_seq.nunique() * positives.protein_seq.nunique() - len(positives)
    if wanted > exist:
        with pytest.raises(ValueError, match=f"{wanted} negatives were asked for and {exist} exi"):
            negatives.sample_negatives(positives, ratio=ratio, method=method, seed=seed)
        return
    found = negatives.sample_negatives(positives, ratio=ratio, method=method, seed=seed)
    assert len(found) == wanted == len(set(keys(found)))
    assert not set(keys(found)) & set(keys(positives))
    assert (found.label == 0).all()
    assert found.columns.tolist() == [*PAIR, "label"]
    named = set(zip(positives.rna_id, positives.rna_seq, strict=True))
    assert set(zip(found.rna_id, found.rna_seq, strict=True)) <= named


@settings(max_examples=60)
@given(CELLS, st.integers(1, 2), st.integers(0, 99))
def test_degrees_are_kept_or_the_miss_is_said(cells, ratio, seed):
    positives = table(cells)
    exist = positives.rna_seq.nunique() * positives.protein_seq.nunique() - len(positives)
    if ratio * len(positives) > exist:
        return
    found = negatives.sample_negatives(positives, ratio=ratio, method="degree", seed=seed)
    for column, name in (("rna_seq", "rna_off"), ("protein_seq", "peptide_off")):
        target = positives[column].value_counts() * ratio
        off = found[column].value_counts().reindex(target.index, fill_value=0) - target
        assert off.abs().sum() == found.attrs[name]


def test_degrees_are_exact_where_hubs_allow_it():
    cells = {(i, j) for i in range(12) for j in range(12) if (i + j) % 5 == 0}
    cells |= {(3, j) for j in range(4)}
    positives = table(cells)
    found = negatives.sample_negatives(positives, method="degree", seed=0)
    assert (found.attrs["rna_off"], found.attrs["peptide_off"]) == (0, 0)
    for column in ("rna_seq", "protein_seq"):
        pd.testing.assert_series_equal(
            found[column].value_counts().sort_index(), positives[column].value_counts().sort_index()
        )


def test_a_full_hub_is_said():
    cells = [(0, j) for j in range(6)] + [(i, i) for i in range(1, 6)]
    found = negatives.sample_negatives(table(cells), method="degree", seed=0)
    assert len(found) == 11
    assert found.attrs["rna_off"] > 0


def test_a_chain_is_its_sequence():
    positives = table([(0, 0), (1, 1)])
    again = positives.assign(rna_id=["s0", "s1"])
    found = negatives.sample_negatives(pd.concat([positives, again]), n=2)
    assert found.attrs["positives"] == 2
    assert sorted(found.rna_id) == ["r0", "r1"]
    with pytest.raises(ValueError, match="3 negatives were asked for and 2 exist"):
        negatives.sample_negatives(pd.concat([positives, again]), n=3)


def test_every_free_pair_is_as_likely():
    positives = table([(0, 0), (1, 1), (2, 2)])
    counts: dict[tuple, int] = {}
    for seed in range(600):
        for key in keys(negatives.sample_negatives(positives, n=2, seed=seed)):
            counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 140


def test_same_seed_same_rows():
    positives = table([(i, j) for i in range(9) for j in range(9) if (i * j) % 4 == 0])
    for method in negatives.METHODS:
        one, two = (negatives.sample_negatives(positives, n=10, method=method, seed=3) for _ in range(2))
        pd.testing.assert_frame_equal(one, two)
        assert keys(one) != keys(negatives.sample_negatives(positives, n=10, method=method, seed=4))


def test_no_negative_is_near_a_positive():
    copies = [RNAS[0], RNAS[0][:-1], RNAS[1]], [PEPTIDES[0], PEPTIDES[0][1:], PEPTIDES[1]]
    positives = pd.DataFrame(
        {
            "rna_id": ["r0", "r1", "r2"],
            "protein_id": ["p0", "p1", "p2"],
            "rna_seq": copies[0],
            "protein_seq": [copies[1][0], copies[1][2], copies[1][1]],
        }
    )
    # r0, r1 are near, and p0, p2 are: r0-p0, r1-p1 and r2-p2 block all but r2-p1.
    found = negatives.sample_negatives(positives, n=1, method="similarity")
    assert (found.rna_id[0], found.protein_id[0]) == ("r2", "p1")
    assert found.attrs["available"] == 1
    with pytest.raises(ValueError, match=r"2 negatives were asked for and 1 exist.*or near one"):
        negatives.sample_negatives(positives, n=2, method="similarity")
    strict = {"k_rna": 30, "k_peptide": 30, "threshold": 1.0}
    found = negatives.sample_negatives(positives, n=6, method="similarity", similarity=strict)
    assert found.attrs["available"] == 6


def test_similarity_equals_a_plain_search():
    base = table([(i, (i * 5) % 9) for i in range(9)])
    near = base.assign(
        rna_id=base.rna_id + "b",
        protein_id=base.protein_id + "b",
        rna_seq=base.rna_seq.str[:-2],
        protein_seq=base.protein_seq.str[2:],
    )
    positives = pd.concat([base, near.iloc[:5]], ignore_index=True)
    kind = {"rna": dict(zip(positives.rna_seq, positives.rna_id.str.rstrip("b"), strict=True))}
    kind["peptide"] = dict(zip(positives.protein_seq, positives.protein_id.str.rstrip("b"), strict=True))
    blocked = {(kind["rna"][r], kind["peptide"][p]) for r, p in keys(positives)}
    free = {
        (r, p)
        for r in kind["rna"]
        for p in kind["peptide"]
        if (kind["rna"][r], kind["peptide"][p]) not in blocked
    }
    found = negatives.sample_negatives(positives, n=len(free), method="similarity")
    assert set(keys(found)) == free
    assert found.attrs["available"] == len(free)


def test_combine_keeps_every_row():
    positives = table({(0, 0), (1, 1), (2, 2)}).assign(source="PDB")
    drawn = negatives.sample_negatives(positives, n=4)
    both = negatives.combine(positives, drawn, seed=1)
    assert both.label.value_counts().to_dict() == {0: 4, 1: 3}
    assert both.source.notna().sum() == 3
    pd.testing.assert_frame_equal(both, negatives.combine(positives, drawn, seed=1))
    assert keys(both) != keys(negatives.combine(positives, drawn, seed=2))


def hub_table(method):
    """Positives of few hubs; all chains as partners."""
    rng = np.random.default_rng(0)
    rnas, peptides = chains(40, 25, RNA.letters, 3), chains(40, 25, PEPTIDE.letters, 4)
    rna = np.concatenate([np.arange(40), rng.integers(0, 6, 160)])
    peptide = np.concatenate([np.arange(40), rng.integers(0, 40, 160)])
    positives = pd.DataFrame(
        {
            "rna_id": rna.astype(str),
            "protein_id": peptide.astype(str),
            "rna_seq": [rnas[i] for i in rna],
            "protein_seq": [peptides[i] for i in peptide],
        }
    ).drop_duplicates(["rna_seq", "protein_seq"])
    return negatives.combine(positives, negatives.sample_negatives(positives, method=method, ratio=0.8))


def test_sampling_audit_finds_hubs_and_not_matched_degrees():
    tables = {method: hub_table(method) for method in ("random", "degree")}
    found = negatives.sampling_audit(tables, n_boot=100).set_index(["method", "sees"])
    assert found.shape == (8, 5)
    assert found.loc[("random", "RNA identity"), "ci_low"] > 0.6
    assert found.loc[("random", "RNA k-mers"), "ci_low"] > 0.6
    assert found.loc[("degree", "RNA identity"), "ci_low"] < 0.5
    assert found.loc[("degree", "peptide k-mers"), "ci_low"] < 0.5
    single = negatives.sampling_audit(tables["random"], n_boot=10, max_rows=100)
    assert single.n.tolist() == [100] * 4


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"method": "x"}, "method is 'x'; expected one of random, degree, similarity"),
        ({}, {"similarity": {}}, "similarity was given with method='random'"),
        ({}, {"n": -1}, "-1 negatives were asked for"),
        (
            {},
            {"method": "similarity", "similarity": {"k": 3}},
            "similarity has the unknown entries k; expected some of k_rna",
        ),
        ({}, {"n": 5}, r"5 negatives.*2 RNAs x 2 peptides are 4 pairs.*ratio \(at most 1\)"),
        ({"rna_seq": ["ACGU", None]}, {}, "pairs, row 1, rna_seq: found no sequence"),
        ({"protein_seq": ["", "M"]}, {}, "pairs, row 0, protein_seq: found no sequence"),
    ],
)
def test_sampling_refuses(change, options, message):
    with pytest.raises(ValueError, match=message):
        negatives.sample_negatives(table([(0, 0), (1, 1)]).assign(**change), **options)


def test_other_refusals():
    positives = table([(0, 0), (1, 1)])
    with pytest.raises(ValueError, match=r"pairs lacks the columns rna_seq.*Rename"):
        negatives.sample_negatives(positives.drop(columns="rna_seq"))
    with pytest.raises(ValueError, match="pairs has no row"):
        negatives.sample_negatives(positives.iloc[:0])
    with pytest.raises(ValueError, match="negatives, row 0: the pair r0, p0 has the sequences"):
        negatives.combine(positives, positives)
    with pytest.raises(ValueError, match="positives, row 0: label is 0, expected 1"):
        negatives.combine(positives.assign(label=0), positives)
    with pytest.raises(ValueError, match="table '' has no column label"):
        negatives.sampling_audit(positives)
    with pytest.raises(ValueError, match="table 'a' has 0 pairs of label 0; expected at least 5"):
        negatives.sampling_audit({"a": positives.assign(label=1)})


# Random pairs on a grid: distinct, outside what is excluded, with the sums that were asked


@settings(max_examples=100)
@given(st.sets(st.integers(0, 29)), st.integers(0, 30), st.integers(0, 99))
def test_draw_outside(excluded, n, seed):
    n = min(n, 30 - len(excluded))
    starts = np.array(sorted(excluded), dtype=np.int64)
    rng = np.random.default_rng(seed)
    drawn = negatives.draw_outside(starts, np.ones_like(starts), total=30, n=n, rng=rng)
    assert len(set(drawn.tolist())) == drawn.size == n
    assert not set(drawn.tolist()) & excluded


@pytest.mark.parametrize("n", [3, 40])
def test_draws_are_uniform(n):
    """Both ways to draw (few and many of all) take each allowed number as often."""
    starts, lengths = np.array([10, 60]), np.array([20, 30])
    rng = np.random.default_rng(0)
    counts = np.zeros(110)
    for _ in range(2000):
        counts[negatives.draw_outside(starts, lengths, total=110, n=n, rng=rng)] += 1
    allowed = np.r_[0:10, 30:60, 90:110]
    assert counts.sum() == counts[allowed].sum()
    expected = 2000 * n / 60
    assert np.abs(counts[allowed] - expected).max() < 5 * np.sqrt(expected)


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(any), st.integers(0, 200), st.integers(0, 9)
)
def test_shares(counts, n, seed):
    counts = np.array(counts)
    found = negatives.shares(counts, n, rng=np.random.default_rng(seed))
    assert found.sum() == n
    assert (np.abs(found - counts * n / counts.sum()) < 1 + 1e-9).all()


def test_shares_do_not_favour_the_first():
    rng = np.random.default_rng(0)
    total = sum(negatives.shares(np.ones(10, int), 3, rng=rng) for _ in range(1000))
    assert np.abs(total - 300).max() < 75


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(1, 6), st.data(), st.integers(0, 99))
def test_pairs_are_new_distinct_and_as_many_as_asked(rows, columns, data, seed):
    """Cells of a grid are excluded, wanted or neither; however full it is, no pair is lost."""
    kinds = data.draw(st.lists(st.integers(0, 2), min_size=rows * columns, max_size=rows * columns))
    kinds = np.array(kinds)
    excluded, wanted = np.flatnonzero(kinds == 0), np.flatnonzero(kinds == 1)
    row_sums = np.bincount(wanted // columns, minlength=rows)
    column_sums = np.bincount(wanted % columns, minlength=columns)
    rng = np.random.default_rng(seed)
    codes = negatives.bipartite(row_sums, column_sums, excluded, rng=rng)
    assert np.unique(codes).size == codes.size == wanted.size
    assert not set(codes.tolist()) & set(excluded.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_met_where_half_the_grid_is_free(seed):
    rng = np.random.default_rng(seed)
    cells = rng.permutation(144)
    excluded, wanted = np.sort(cells[:36]), cells[36:72]
    sums = [np.bincount(side, minlength=12) for side in np.divmod(wanted, 12)]
    codes = negatives.bipartite(*sums, excluded, rng=rng)
    for found, expected in zip(np.divmod(codes, 12), sums, strict=True):
        np.testing.assert_array_equal(np.bincount(found, minlength=12), expected)


def test_what_cannot_be_met_is_filled():
    # Row 0 may only take column 2, yet is asked for two pairs.
    excluded = np.array([0, 1])
    rng = np.random.default_rng(0)
    codes = negatives.bipartite(np.array([2, 1]), np.array([1, 1, 1]), excluded, rng=rng)
    assert np.unique(codes).size == codes.size == 3
    assert not set(codes.tolist()) & {0, 1}
    assert 2 in codes


def test_swaps_reach_every_graph_about_as_often():
    """Two by two blocks out of a full 3 x 3 grid: six permutation matrices, all alike."""
    ones = np.ones(3, dtype=np.int64)
    seen: dict[tuple, int] = {}
    rng = np.random.default_rng(0)
    for _ in range(600):
        codes = negatives.bipartite(ones, ones, np.empty(0, np.int64), rng=rng)
        key = tuple(sorted(codes.tolist()))
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 6
    assert min(seen.values()) > 60


def test_all_draws_and_the_one_that_is_chosen():
    pairs = pd.DataFrame(
        [[f"r{i}", f"p{i}", "ACGU" * (i + 3), "MKVW" * (i + 3)] for i in range(6)], columns=PAIR
    )
    none = pairs.iloc[:0]
    drawn = negatives.draw_all(pairs, pairs.tail(1), method="auto", ratio=1.0)
    assert drawn.method == "given"
    assert drawn.said[0] == "method: given, 1 pairs"
    drawn = negatives.draw_all(pairs, none, method="random")
    assert drawn.method == "random"
    assert any(said.startswith("given: none, the source lists no pairs") for said in drawn.said)
    with pytest.raises(ValueError, match="'given': the source lists no pairs that do not bind"):
        negatives.draw_all(pairs, none, method="given")
    with pytest.raises(ValueError, match="expected one of auto, given, similarity, degree, random"):
        negatives.draw_all(pairs, none, method="own")
