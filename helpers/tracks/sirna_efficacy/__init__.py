"""How well does this siRNA silence this mRNA? From guides and targets to a design."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "associations", "data", "design_rules", "features", "figures", "importance", "network", "outside",
        "predict", "predictors", "rivals", "scan", "simulate", "target_sites",
    ],
)  # fmt: skip
