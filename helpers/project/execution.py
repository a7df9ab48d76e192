"""papermill as a command, started in half the time: ``python -m helpers.project.execution IN OUT ...``."""

import sys


def without_grammar() -> None:
    """Spare this process a grammar of web addresses; call it before papermill or nbformat is imported.

    Both check notebooks with jsonschema, which builds the grammar on import (1.5 seconds) though no check of
    a notebook asks for it; where it is missing, jsonschema goes without.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


if __name__ == "__main__":
    without_grammar()
    from papermill.cli import papermill

    papermill()
