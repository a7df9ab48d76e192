"""How strongly is this promoter expressed in each cell type? From promoters to five figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "alleles",
        "data",
        "explaining",
        "figures",
        "network",
        "predict",
        "predictors",
        "promoters",
        "served",
        "simulate",
        "tasks",
        "variants",
    ],
)
