"""Layers and models that more than one track uses."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["gaussian_process", "layers"])
