"""Is the base at the centre of this window modified? From windows to codes and their spectrum."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "data", "figures", "heads", "input_length", "known", "network", "original", "predict",
        "predictors", "scan_figures", "search", "served", "simulate", "specificity", "spectrum", "trust",
    ],
)  # fmt: skip
