"""One network for each length of the input, from one code path; the length is a parameter.

    python -m helpers.tracks.rna_modification.input_length windows.csv 501 folder PARAMETERS

where PARAMETERS are those of the notebook, as base64 of YAML (papermill's form), trains one length,
so that a pipeline can run lengths side by side; the notebook reads them back.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from helpers import splits
from helpers.tracks.rna_modification import data as windows
from helpers.tracks.rna_modification import predictors
from helpers.training.cross_validation import cross_validate

SETTINGS = ("preset", "epochs", "batch_size", "trees", "seed")
"""What `one_length` has to be told besides the windows and the length."""


def one_length(
    good: pd.DataFrame,
    length: int,
    settings: Mapping[str, Any],
    *,
    folder: str | Path,
    control: bool = False,
) -> pd.DataFrame:
    """Test predictions of the shared network and the baseline that read this much of a window.

    Parameters
    ----------
    good : pandas.DataFrame
        Usable windows.
    length : int
        Length, in nt; odd. No window may be shorter.
    settings : dict
        A value for each of `SETTINGS`.
    folder : str or pathlib.Path
        Folder of the predictions; what is there is read back.
    control : bool
        Whether to train the network on shuffled labels, too.

    Returns
    -------
    pandas.DataFrame
        ``row, y, p, model, task, length, protocol``.

    Raises
    ------
    ValueError
        If a setting is missing, the length is even, or a window is shorter.
    """
    if missing := [name for name in SETTINGS if name not in settings]:
        raise ValueError(f"one_length: the settings lack {', '.join(missing)}; give all of them")
    shortest = int(good["sequence"].str.len().min())
    if shortest < length:
        raise ValueError(
            f"length is {length} nt, and the shortest window has {shortest}; padding would say "
            f"something of the window. Ask for at most {shortest}, or leave short windows out"
        )
    data = predictors.WindowTable(good, length)
    rows = [np.flatnonzero(good["split"] == part) for part in windows.SPLITS]
    fold = splits.given(*rows)
    network = partial(
        predictors.Network, data, preset=settings["preset"], epochs=settings["epochs"],
        batch_size=settings["batch_size"], seed=settings["seed"],
    )  # fmt: skip
    make: dict[str, Any] = {"shared": network}
    if settings["trees"]:
        make["baseline"] = lambda: predictors.Trees(
            data, trees=settings["trees"], seed=settings["seed"], kinds=("baseline",)
        )
    if control:
        make["control"] = lambda: predictors.Shuffled(network(), seed=settings["seed"])
    found = cross_validate(make, data.y, [fold], folder=folder, data_key=data.mark, verbosity=0)
    of = good["modification"].to_numpy()[found["row"]]
    return found.assign(task=of, length=length, protocol="given_test")


def needed(lengths: str | Sequence[int]) -> list[int]:
    """Lengths as numbers, ascending.

    Parameters
    ----------
    lengths : str or sequence of int
        Odd numbers, blanks between them.

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If one is no odd number.

    Examples
    --------
    >>> needed("501 51")
    [51, 501]
    """
    given = lengths.split() if isinstance(lengths, str) else list(lengths)
    for one in given:
        if not str(one).isdigit() or int(one) % 2 == 0:
            raise ValueError(f"length {one!r}: expected odd numbers with blanks between them")
    return sorted(int(one) for one in given)


if __name__ == "__main__":
    source, asked, where, told = sys.argv[1:]
    given = yaml.safe_load(base64.b64decode(told))
    one_length(
        windows.usable(windows.read_table(source)),
        int(asked),
        {name: given[name] for name in SETTINGS},
        folder=where,
        control=int(asked) == needed(given["lengths"])[0],
    )
