"""A line a cell while papermill executes a notebook."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from papermill.engines import NBClientEngine, papermill_engines


@contextmanager
def lines(title: str, say: Callable[[str], None]) -> Iterator[str]:
    """Name of a papermill engine that says, before each code cell, which it is and under which heading.

    Parameters
    ----------
    title : str
        Stands before each line.
    say : callable
        Gets each line.

    Yields
    ------
    str
    """

    class Engine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            total = sum(cell.cell_type == "code" for cell in nb_man.nb.cells)
            started, begin, seen, heading = time.monotonic(), nb_man.cell_start, 0, ""

            def cell_start(cell: Any, *args: Any, **kwargs: Any) -> None:
                nonlocal seen, heading
                if cell.cell_type == "markdown" and (
                    found := re.findall(r"^##+ (.+)$", cell.source, re.MULTILINE)
                ):
                    heading = found[-1]
                if cell.cell_type == "code":
                    seen += 1
                    passed = time.monotonic() - started
                    say(f"{title}  cell {seen} of {total}  {passed:4.0f} s  {heading}".rstrip())
                begin(cell, *args, **kwargs)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("lines", Engine)
    yield "lines"
