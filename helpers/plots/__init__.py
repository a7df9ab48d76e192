"""Pictures: arrays and tables in, a matplotlib or a plotly figure out."""

import lazy_loader

_MODULES = [
    "composition", "curves", "heatmaps", "interactive", "logos", "motifs",
    "pages", "publication", "results", "search", "style", "words",
]  # fmt: skip
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, _MODULES)
