"""Explanations: which positions, and which pairs of positions, a prediction rests on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["attribution", "controls", "gradients", "heads", "interaction", "scores", "torch_view"]
)
