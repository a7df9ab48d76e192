"""papermill as a command, started in half the time: ``python -m helpers.project.execution IN OUT ...``.

Papermill checks notebooks with jsonschema, which on import builds a grammar of web addresses (1.5 seconds
of each notebook's start) that no check of a notebook asks for; it goes without where there is none.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from papermill.cli import papermill  # noqa: E402

if __name__ == "__main__":
    papermill()
