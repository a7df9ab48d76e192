"""Build the site from what git holds: notebooks docs and figures. Nothing is executed.

    python tools/build_site.py [FOLDER]      build/site by default

Pages keep the paths that they have in the repository. A link to a file that is no page and no picture
goes to the repository's address, which stands in pyproject.toml.
"""

import html
import json
import os
import re
import shutil
import sys
import tomllib
from base64 import b64decode
from pathlib import Path

import latex2mathml.converter
import nbformat
import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from nbconvert.filters import markdown2html
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from helpers.plots.pages import ensure_plotly_js

ROOT = Path(__file__).resolve().parents[1]
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
PARTS = "parts.json"
TRACKS = {
    "stress_response": "Stress response",
    "rna_peptide": "RNA-peptide",
    "rna_modification": "RNA modification",
    "sirna_efficacy": "siRNA efficacy",
    "gene_expression": "Gene expression",
}
MATHS = r"(?P<code>```[\s\S]*?```|`[^`\n]*`)|\$\$(?P<block>[\s\S]+?)\$\$|\$(?P<line>[^$\s][^$\n]*?)\$(?!\d)"
CSS = """
.md-typeset .output_area { overflow-x: auto; margin: .6em 0; font-size: .72rem; }
.md-typeset .output_area img { background: white; border-radius: 2px; }
.md-typeset .output_area .dataframe { border-collapse: collapse; }
.md-typeset .output_area .dataframe :is(td, th) { padding: .2em .6em; text-align: right; }
.md-typeset .output_area pre { background: none; padding: 0; white-space: pre-wrap; }
.md-typeset .output_area :is(td, th) { vertical-align: top; }
.md-typeset math[display=block] { margin: 1em 0; overflow-x: auto; }
.js-plotly-plot { background: white; }
@media (max-width: 600px) {
  .md-typeset pre code { white-space: pre-wrap; overflow-wrap: anywhere; }
  .md-typeset .output_area td { min-width: 3.5em; }
  .md-typeset .output_area img { max-width: 100%; height: auto; }
  .js-plotly-plot .gtitle { font-size: 9px !important; }
}
"""


class Pages:
    """The pages of the site by their path in the repository, and where links from them lead."""

    def __init__(self, stage: Path) -> None:
        docs = [
            ROOT / "README.md",
            ROOT / "CHANGELOG.md",
            ROOT / "CONTRIBUTING.md",
            ROOT / "data" / "README.md",
        ]
        docs += sorted((ROOT / "docs").rglob("*.md"))
        notebooks = sorted((ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb"))
        self.stage, self.sources = stage, [*docs, *notebooks]
        self.page = {path: self.target(path) for path in self.sources}
        self.parts: dict[str, list[str]] = {}

    @staticmethod
    def target(path: Path) -> Path:
        """Where the page of a source stands, from the top of the site, as Markdown for the builder."""
        inside = path.relative_to(ROOT)
        if path.suffix == ".ipynb":
            return inside.with_suffix(".md")
        return inside.with_name("index.md") if path.name == "README.md" else inside

    def link(self, source: Path, address: str) -> str:
        """An address as it stands in a source, as the page has to write it."""
        if re.match(r"[a-z]+:|#|//", address):
            return address
        place, _, anchor = address.partition("#")
        found = Path(os.path.normpath(source.parent / place))
        anchor = f"#{anchor}" if anchor else ""
        if found in self.page:
            to = self.page[found].with_suffix(".html")
        elif ROOT / "figures" in found.parents and found.is_file():
            to = found.relative_to(ROOT)
        elif found.exists():
            kind = "tree" if found.is_dir() else "blob"
            return f"{REPOSITORY}/{kind}/main/{found.relative_to(ROOT).as_posix()}{anchor}"
        else:
            return address
        return os.path.relpath(to, self.page[source].parent) + anchor

    def render(self, source: Path, text: str) -> str:
        """Markdown of a source as HTML, links led to their pages and formulas in MathML."""
        text = re.sub(r"\[!\[Open in Colab\]\([^)]*\)\]\(([^)]*)\)", r"[Open in Colab](\1)", text)
        formulas: list[str] = []

        def formula(found: re.Match[str]) -> str:
            if found["code"]:
                return found[0]
            display = "block" if found["block"] else "inline"
            formulas.append(latex2mathml.converter.convert(found["block"] or found["line"], display=display))
            return f"@@FORMULA-{len(formulas) - 1}@@"

        made = markdown2html(re.sub(MATHS, formula, text))
        made = re.sub(r"@@FORMULA-(\d+)@@", lambda found: formulas[int(found[1])], made)
        return re.sub(
            r'(<(?:a|img)\b[^>]*?\b(?:href|src)=")([^"]+)(")',
            lambda found: found[1] + html.escape(self.link(source, html.unescape(found[2]))) + found[3],
            made,
        )

    def write(self, source: Path) -> None:
        """Stage one page: headings as Markdown, which search and contents know, the rest by number."""
        parts, lines = [], []

        def add(made: str) -> None:
            lines.append(f"\n@@PART-{len(parts)}@@\n")
            parts.append(made)

        if source.suffix == ".ipynb":
            blocks = self.cells(source)
        else:
            blocks = [("text", source.read_text(encoding="utf-8"))]
        for kind, block in blocks:
            if kind == "html":
                add(block)
                continue
            # A line that begins with # inside a block of code is no heading.
            for piece in re.split(r"(```[\s\S]*?```|^#{1,6} .+$)", block, flags=re.MULTILINE):
                if re.match(r"#{1,6} ", piece):
                    lines.append(f"\n{piece}\n")
                elif piece.strip():
                    add(self.render(source, piece))
        page = self.page[source]
        self.parts[page.as_posix()] = parts
        (self.stage / page).parent.mkdir(parents=True, exist_ok=True)
        (self.stage / page).write_text("".join(lines), encoding="utf-8")

    def cells(self, source: Path) -> list[tuple[str, str]]:
        """Cells of a notebook as text to render or HTML; the cell that installs in Colab is left out."""
        found, heading, pictures = [], source.stem, 0
        for cell in nbformat.read(source, as_version=4).cells:
            if cell.cell_type == "markdown":
                found.append(("text", cell.source))
                heading = (re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE) or [heading])[-1]
            elif cell.cell_type == "code" and "COLAB_RELEASE_TAG" not in cell.source:
                code = highlight(cell.source, PythonLexer(), HtmlFormatter(wrapcode=True))
                if "hide-input" in cell.metadata.get("tags", []):
                    name = cell.source.splitlines()[0].removeprefix("# @title ")
                    code = f"<details><summary>{html.escape(name)}</summary>{code}</details>"
                found.append(("html", code))
                for output in cell.outputs:
                    data = output.get("data", {})
                    if "image/png" in data:
                        pictures += 1
                        name = f"{source.stem}-{pictures}.png"
                        path = self.stage / source.relative_to(ROOT).with_name(name)
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(b64decode(data["image/png"]))
                        said = data.get("text/plain", "")
                        said = (
                            f"Figure of the section {heading}" if said.startswith("<") or not said else said
                        )
                        made = f'<img src="{name}" alt="{html.escape(said)}" loading="lazy">'
                    elif "text/html" in data:
                        made = data["text/html"]
                    elif "text/markdown" in data:
                        made = self.render(source, data["text/markdown"])
                    else:
                        made = f"<pre>{html.escape(output.get('text') or data.get('text/plain', ''))}</pre>"
                    if made != "<pre></pre>":
                        found.append(("html", f'<div class="output_area">{made}</div>'))
        return found

    def navigation(self) -> list[dict[str, object]]:
        """What the menu lists, in the order of teaching."""
        pages = ("00_start_here", "01_one_hot_convolution_auroc", "02_records_under_audit")
        first = [f"notebooks/{name}.md" for name in pages]
        menu: list[dict[str, object]] = [{"Home": "index.md"}, {"Start": first}]
        for track, name in TRACKS.items():
            pages = [p.as_posix() for p in self.page.values() if p.parts[:2] == ("notebooks", track)]
            menu.append({name: [*pages, {"Results": f"docs/results/{track}.md"}]})
        about = ["docs/what_we_got_wrong.md", "data/index.md", "CHANGELOG.md", "CONTRIBUTING.md"]
        menu.append({"Course": ["docs/course.md", "docs/failures.md", "docs/glossary.md"]})
        return [*menu, {"Pictures": "figures/index.html"}, {"About": about}]


def settings(stage: Path, folder: Path, pages: Pages) -> dict[str, object]:
    """The builder's settings; nothing is fetched when a page is read."""
    dark = {"scheme": "slate", "toggle": {"icon": "material/weather-night", "name": "Light mode"}}
    light = {"scheme": "default", "toggle": {"icon": "material/weather-sunny", "name": "Dark mode"}}
    return {
        "site_name": "sequence-notebooks",
        "repo_url": REPOSITORY,
        "edit_uri": "",
        "docs_dir": str(stage),
        "site_dir": str(folder),
        "use_directory_urls": False,
        "hooks": [str(ROOT / "tools" / "site_hooks.py")],
        "theme": {
            "name": "material",
            "font": False,
            "features": [
                "navigation.top",
                "navigation.tabs",
                "toc.follow",
                "search.highlight",
                "search.suggest",
            ],
            "palette": [
                {"media": "(prefers-color-scheme: light)", **light},
                {"media": "(prefers-color-scheme: dark)", **dark},
            ],
        },
        "plugins": ["search", "offline"],
        "extra": {"generator": False},
        "extra_css": ["site.css"],
        "nav": pages.navigation(),
        "validation": {
            "nav": {"omitted_files": "ignore", "not_found": "ignore"},
            "unrecognized_links": "ignore",
        },
    }


def main(folder: Path) -> None:
    """Build the site into a folder, which is made anew."""
    stage = folder.with_name(f"{folder.name}-source")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    pages = Pages(stage)
    for source in pages.sources:
        pages.write(source)
    # The pictures, their interactive pages and tables as git holds them, and the script of the pages.
    unwanted = shutil.ignore_patterns("*.svg", "*.pdf")
    shutil.copytree(ROOT / "figures", stage / "figures", dirs_exist_ok=True, ignore=unwanted)
    ensure_plotly_js(stage / "figures")
    (stage / "site.css").write_text(CSS, encoding="utf-8")
    (stage.parent / PARTS).write_text(json.dumps(pages.parts), encoding="utf-8")
    config = stage.parent / "mkdocs.yml"
    config.write_text(yaml.safe_dump(settings(stage, folder, pages), sort_keys=False), encoding="utf-8")
    build(load_config(str(config)))
    for made in (config, stage.parent / PARTS):
        made.unlink()
    shutil.rmtree(stage)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{len(pages.sources)} pages, {size / 1e6:.0f} MB: {folder / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "site")
