"""What travels with a model: hashes of its training windows, and what to expect of its calls."""

import numpy as np
import pandas as pd
import pytest

from helpers.tracks.rna_modification import known as hashes
from helpers.tracks.rna_modification import trust
from helpers.tracks.rna_modification.known import KnownWindows


def windows(n, length, seed=0):
    letters = np.random.default_rng(seed).integers(4, size=(n, length))
    return ["".join("ACGU"[code] for code in row) for row in letters]


@pytest.fixture(scope="module")
def texts():
    return windows(200, 151)


def test_every_shared_stretch_is_found_and_no_short_one(texts):
    known = KnownWindows.of(texts, 101)
    assert (known.word, known.stretch) == (30, 60)
    other = windows(200, 101, seed=1)
    middle = [text[25:126] for text in texts]
    for first in range(0, 42, 7):
        placed = [a[:20] + b[first : first + 60] + a[80:] for a, b in zip(other, middle, strict=True)]
        assert set(known.standing(placed)) == {"near"}
    short = [a[:20] + b[:29] + a[49:] for a, b in zip(other, middle, strict=True)]
    assert set(known.standing(short)) == set(known.standing(other)) == {"new"}
    assert set(known.standing(middle)) == set(known.standing(texts)) == {"identical"}


def test_what_lies_beyond_an_rna_does_not_count(texts):
    known = KnownWindows.of(["N" * 40 + texts[0][40:]], 101)
    assert known.standing([texts[0][40:126].rjust(101, "N")]) == ["identical"]
    assert known.standing(["N" * 101]) == ["new"]


@pytest.mark.parametrize("length", [9, 21, 51])
def test_short_windows(length):
    texts = windows(300, length)
    known = KnownWindows.of(texts, length)
    assert set(known.standing(texts)) == {"identical"}
    assert set(known.standing(windows(300, length, seed=2))) <= {"new", "identical"}


def test_saved_and_loaded(texts, tmp_path):
    known, path = KnownWindows.of(texts, 101), tmp_path / "windows.npz"
    known.save(path)
    # Fewer than 4 bytes for each of about 5 numbers a window.
    assert path.stat().st_size < 200 * 6 * 4 + 1500
    again = KnownWindows.load(path)
    assert again[:3] == known[:3]
    for one, other in zip(again[3:], known[3:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_file_is_refused(texts, tmp_path):
    path = tmp_path / "windows.npz"
    with pytest.raises(ValueError, match="copy the whole folder"):
        KnownWindows.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="not the hashes that notebook 01 writes"):
        KnownWindows.load(path)
    np.savez_compressed(path, about=[101, 30, 60], probe=[1], windows=[1], words=[1])
    with pytest.raises(ValueError, match="made in another way"):
        KnownWindows.load(path)


def card(modified, unmodified):
    p = 1 / (1 + np.exp(-np.array([*modified, *unmodified], dtype=float)))
    y = [1] * len(modified) + [0] * len(unmodified)
    scores = trust.held_out(pd.DataFrame({"task": "m6A", "y": y, "p": p}))
    return {"held_out": scores, "prevalence": {"m6A": 0.5}}


def test_precision_falls_with_the_base_rate():
    one = card([3] * 90 + [-3] * 10, [3] * 10 + [-3] * 90)
    balanced = trust.expected(one, 0.5, find=[0.5]).iloc[0]
    assert balanced["found"] == balanced["right"] == 0.9
    assert balanced["n"] == 200
    rare = trust.expected(one, 0.01, find=[0.5]).iloc[0]
    # Odds of e^3 at even odds are odds of e^3 / 99 at one in a hundred.
    assert rare["threshold"] == pytest.approx(np.exp(3) / (np.exp(3) + 99), abs=1e-6)
    assert (rare["found"], rare["false_per_1000"]) == (0.9, 100)
    assert rare["right"] == pytest.approx(0.01 * 0.9 / (0.01 * 0.9 + 0.99 * 0.1))
    assert rare["right_at_least"] < rare["right"]


def test_no_false_call_among_few_is_no_proof():
    row = trust.expected(card([9] * 50, [-9] * 50), 0.001, find=[0.5]).iloc[0]
    assert row["right"] == 1
    assert row["right_at_least"] < 0.02


def test_a_calibrated_model_is_calibrated_at_any_base_rate():
    rng = np.random.default_rng(0)
    # Two normal distributions two apart: the log-odds of a value are twice the value.
    scores = rng.normal([[1.0], [-1.0]], 1, size=(2, 4000)) * 2
    for prior in (0.5, 0.05):
        found = trust.calibration(card(*scores), prior)
        np.testing.assert_allclose(found["predicted"], found["observed"], atol=0.05)
        assert found["n"].sum() == 8000


def test_a_card_without_scores_says_so():
    with pytest.raises(ValueError, match="holds no scores of held-out windows"):
        trust.expected({"prevalence": {}}, 0.1)


@pytest.mark.parametrize("size", [0, 1, 50])
def test_hashes_are_looked_up_as_by_looking_at_each(size):
    rng = np.random.default_rng(size)
    kept = np.unique(rng.integers(10, 90, size=size, dtype=np.uint64))
    asked = np.arange(100, dtype=np.uint64)
    assert np.array_equal(hashes._among(asked, kept), np.isin(asked, kept))
