"""Controls of explanations: what a map looks like when nothing was learnt."""

from __future__ import annotations

import random

import keras

from helpers.project import backend


def untrained(model: keras.Model, *, seed: int = 0) -> keras.Model:
    """The same network with its weights drawn anew; `model` is not changed.

    An explanation that looks the same for this network shows the architecture and the input, not
    what was learnt (the randomisation test of Adebayo 2018, doi:10.48550/arXiv.1810.03292).

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> other = untrained(model)
    >>> bool((other.get_weights()[0] == model.get_weights()[0]).any())
    False
    """
    # Initialisers draw their seeds from Python's generator, whose state is given back. Cloning
    # imports TensorFlow even under torch, which would write its log on the page.
    state = random.getstate()
    random.seed(seed)
    try:
        with backend.quiet_stderr():
            return keras.models.clone_model(model)
    finally:
        random.setstate(state)
