"""Folding results kept on disk, found by the sequences, the settings and the code, never by a name."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.project import code
from helpers.project.paths import atomic_path

Arrays = dict[str, np.ndarray]


def cached(
    folder: str | Path | None,
    sequences: Sequence[str],
    settings: Mapping[str, Any],
    *,
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
        Plain values that the result depends on.
    compute : callable
        Gives the arrays of the sequences by name. When its code changes, or code that this
        imports, the arrays are computed anew; so they are when their file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> lengths = lambda items: {"nt": np.array([len(item) for item in items])}
    >>> cached(folder, ["ACGU"], {}, compute=lengths)["nt"].tolist()
    [4]
    """
    if folder is None:
        return compute(sequences)
    known_by = json.dumps([dict(settings), list(sequences), code.key(compute)], sort_keys=True)
    path = Path(folder) / f"{hashlib.sha256(known_by.encode()).hexdigest()[:16]}.npz"
    if path.is_file():
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, zipfile.BadZipFile):
            path.unlink()
    arrays = compute(sequences)
    with atomic_path(path) as part:
        np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    return arrays
