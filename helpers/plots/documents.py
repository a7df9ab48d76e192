"""The frame of an HTML page: it stands alone, and every text in it is escaped by its writer."""

from __future__ import annotations

import html

_CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 "DejaVu Sans", Arial, sans-serif; color: #262626; background: #fff;
  max-width: 1180px; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-bottom: .2rem; }
figure { margin: 0 0 2rem; } figcaption, .note { color: #555; font-size: .9rem; }
.missing { border: 1px solid #D55E00; padding: .6rem; }
"""


def document(title: str, body: str, css: str = "") -> str:
    """A whole page in the house style, without any other file; `body` is HTML, `title` any text."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_CSS}{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
