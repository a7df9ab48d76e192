"""Which published networks are asked for, by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


def named(text: str, known: Iterable[str]) -> list[str]:
    """Names in a text such as ``"legnet, dream_rnn"``, each once, in their order; none in an empty one.

    Raises
    ------
    ValueError
        If a name is not among the `known` ones; the nearest is said.

    Examples
    --------
    >>> named("b, a", ["a", "b"]), named("", ["a"])
    (['b', 'a'], [])
    """
    found, known = list(dict.fromkeys(re.findall(r"[^\s,]+", text))), list(known)
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.4)
            mend = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(
                f"rivals: {name!r} is no published network that is known here; {mend}Known are "
                f"{', '.join(known)}"
            )
    return found
