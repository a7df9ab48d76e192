"""Explanations: which positions, and which pairs of positions, a prediction rests on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "attribution", "controls", "counterfactual", "gradients", "heads", "interaction", "scores",
        "torch_view",
    ],
)  # fmt: skip
