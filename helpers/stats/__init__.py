"""Metrics with their intervals, tests, and the table that a result is written to."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "bootstrap", "conformal", "metrics", "odds", "reliability", "results", "scoring", "significance",
        "verdicts",
    ],
)  # fmt: skip
