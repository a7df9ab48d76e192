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
from helpers.training.controls import Shuffled
from helpers.training.cross_validation import cross_validate

SETTINGS = ("preset", "epochs", "batch_size", "trees", "seed")
"""What `one_length` has to be told besides the windows and the length."""


def one_length(
    good: pd.DataFrame, length: int, settings: Mapping[str, Any], *, folder: str | Path, control: bool = False
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
    """
    if missing := [name for name in SETTINGS if name not in settings]:
        raise ValueError(f"one_length: the settings lack {', '.join(missing)}; give all of them")
    shortest = int(good["sequence"].str.len().min())
    if shortest < length:
        raise ValueError(
            f"length is {length} nt, and the shortest window has {shortest}; padding would say something of "
            f"the window. Ask for at most {shortest}, or leave short windows out"
        )
    data = predictors.WindowTable(good, length)
    fold = splits.given(*(np.flatnonzero(good["split"] == part) for part in windows.SPLITS))
    chosen = {name: settings[name] for name in SETTINGS if name != "trees"}
    network = partial(predictors.Network, data, **chosen)
    trees = partial(predictors.Trees, data, trees=settings["trees"], seed=settings["seed"])
    make: dict[str, Any] = {"shared": network}
    if settings["trees"]:
        make["baseline"] = partial(trees, kinds=("baseline",))
    if control:
        make["control"] = lambda: Shuffled(network(), seed=settings["seed"], within=data.of)
    found = cross_validate(make, data.y, [fold], folder=folder, data_key=data.mark, verbosity=0)
    return found.assign(task=data.of[found["row"]], length=length, protocol="given_test")


def ascending(lengths: str | Sequence[int]) -> list[int]:
    """Odd lengths, as numbers or in a text with blanks between them, in ascending order.

    Examples
    --------
    >>> ascending("501 51")
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
        windows.usable(windows.read_table(source)), int(asked), {name: given[name] for name in SETTINGS},
        folder=where, control=int(asked) == ascending(given["lengths"])[0],
    )  # fmt: skip
