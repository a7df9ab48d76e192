"""The project around the notebooks: its paths, its pipeline, its public data, the Keras backend."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["backend", "own", "paths", "pipeline", "registry"]
)
