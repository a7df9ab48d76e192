"""Sequences to a trained model, to an explanation that can be trusted, to a figure."""

import os
import sys

__version__ = "0.4.0"

# As pandas 3 does: a change of a derived table never reaches its origin. pandas 2 reads this when imported.
os.environ.setdefault("PANDAS_COPY_ON_WRITE", "1")
if "pandas" in sys.modules and sys.modules["pandas"].__version__.startswith("2."):
    sys.modules["pandas"].set_option("mode.copy_on_write", True)
