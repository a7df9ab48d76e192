"""Pictures: arrays and tables in, a matplotlib or a plotly figure out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "canvas",
        "cells",
        "colours",
        "composition",
        "costs",
        "curves",
        "documents",
        "embed",
        "heatmaps",
        "interactive",
        "logos",
        "motifs",
        "pages",
        "predictions",
        "presets",
        "publication",
        "results",
        "saliency",
        "scales",
        "search",
        "style",
        "tables",
        "words",
    ],
)
