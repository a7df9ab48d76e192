"""What the builder of the site calls: the parts that tools/build_site.py rendered take their places."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any


@cache
def parts(path: str) -> dict[str, list[str]]:
    """The rendered parts of every page."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def on_page_content(content: str, page: Any, config: Any, **_: Any) -> str:
    """Put the parts of a page where their numbers stand."""
    found = parts(str(Path(config.config_file_path).with_name("parts.json"))).get(page.file.src_uri, [])
    return re.sub(r"<p>@@PART-(\d+)@@</p>", lambda number: found[int(number[1])], content)
