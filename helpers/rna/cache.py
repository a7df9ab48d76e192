"""Folding results kept on disk, found again by the content of what was folded.

The key is the hash of the sequences and the settings, never a name: a changed sequence is folded
anew, the same one never twice.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.project.paths import atomic_path

Arrays = dict[str, np.ndarray]


def key(sequences: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Name of a result: 16 hexadecimal digits of what it was computed from.

    Parameters
    ----------
    sequences : sequence of str
        Sequences in the order of the result.
    settings : dict
        Plain values that the result depends on.

    Returns
    -------
    str

    Examples
    --------
    >>> key(["ACGU"], {"window": 80}) == key(["ACGU"], {"window": 80})
    True
    >>> key(["ACGU"], {"window": 80}) == key(["ACG", "U"], {"window": 80})
    False
    """
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for sequence in sequences:
        digest.update(b"|" + sequence.encode())
    return digest.hexdigest()[:16]


def cached(
    folder: str | Path | None,
    sequences: Sequence[str],
    settings: Mapping[str, Any],
    compute: Callable[[Sequence[str]], Arrays],
) -> Arrays:
    """Arrays of some sequences, computed once.

    Parameters
    ----------
    folder : str, pathlib.Path or None
        Folder of the cache; None computes and keeps nothing.
    sequences : sequence of str
        What is folded.
    settings : dict
        As for `key`.
    compute : callable
        Gives the arrays of the sequences by name.

    Returns
    -------
    dict of str to numpy.ndarray
        As `compute` gives them. A file that is damaged is computed and written anew.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> lengths = lambda items: {"nt": np.array([len(item) for item in items])}
    >>> cached(folder, ["ACGU"], {}, lengths)["nt"].tolist()
    [4]
    >>> cached(folder, ["ACGU"], {}, lambda items: {})["nt"].tolist()    # from the disk
    [4]
    """
    if folder is None:
        return compute(sequences)
    path = Path(folder) / f"{key(sequences, settings)}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, zipfile.BadZipFile):
            path.unlink()
    arrays = compute(sequences)
    with atomic_path(path) as part:
        np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    return arrays
