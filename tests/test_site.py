"""The site: it is built from stored outputs, every link leads somewhere, and every picture has a text."""

import importlib.util
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Read(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.targets, self.names, self.bare = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.names |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag in ("a", "link") and given.get("href"):
            self.targets.append(given["href"])
        if tag in ("img", "script") and given.get("src"):
            self.targets.append(given["src"])
        if tag == "img" and not given.get("alt"):
            self.bare.append(given.get("src", "")[:80])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not all(importlib.util.find_spec(name) for name in ("material", "mkdocs", "latex2mathml")):
        pytest.skip("the builder is not installed; `make site` installs it, or pip install -e '.[site]'")
    folder = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, str(ROOT / "tools" / "build_site.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def read(site):
    return {path: Read(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_somewhere(site, read):
    lost = []
    for path, page in read.items():
        for target in page.targets:
            if re.match(r"[a-z]+:|//", target):
                continue
            place, _, anchor = unquote(target).partition("#")
            found = (path.parent / place).resolve() if place else path
            if not found.is_file():
                lost.append(f"{path.relative_to(site)}: {target}")
            elif anchor and found.suffix == ".html" and anchor not in read[found].names:
                lost.append(f"{path.relative_to(site)}: {target} (no such heading)")
    assert lost == []


def test_pages_and_pictures(site, read):
    notebooks = [path.relative_to(ROOT) for path in (ROOT / "notebooks").rglob("[0-9][0-9]_*.ipynb")]
    for path in notebooks:
        text = (site / path.with_suffix(".html")).read_text(encoding="utf-8")
        assert not re.search("@@(PART|FORMULA)", text), path
        assert 'class="output_area"' in text or path.stem == "00_start_here", path
    assert [f"{path.relative_to(site)}: {bare}" for path, page in read.items() for bare in page.bare] == []
    assert (site / "search" / "search_index.js").is_file()
    home = (site / "index.html").read_text(encoding="utf-8")
    assert 'data-md-color-scheme="slate"' in home
    assert "fonts.googleapis" not in home


def test_the_index_of_pictures_is_up_to_date():
    index = ROOT / "figures" / "index.html"
    assert index.read_text(encoding="utf-8") == tool("figure_index").page(), (
        "run python tools/figure_index.py"
    )
    page = Read(index)
    assert page.bare == []
    assert [target for target in page.targets if not (index.parent / target).is_file()] == []


def test_git_holds_one_form_of_each_picture():
    held = [path for path in (ROOT / "figures").rglob("*") if path.suffix in (".png", ".html", ".csv")]
    assert sum(path.stat().st_size for path in held) < 12e6
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"figures/**/*.svg", "figures/**/*.pdf", "figures/plotly.min.js"} <= set(ignored)


def test_interactive_figures_paint(site):
    browser = next((found for name in ("chromium", "google-chrome") if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium to paint with; on Debian `apt-get install chromium`")
    pages = [page for page in (site / "notebooks").rglob("*.html") if "data-figure" in page.read_text()]
    assert pages
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    for page in pages[:: max(1, len(pages) // 4)]:
        asked = set(re.findall(r'data-figure="(\w+)"', page.read_text()))
        done = subprocess.run([browser, *options, page.as_uri()], capture_output=True, text=True, timeout=100)
        assert done.stdout.count('class="main-svg"') >= len(asked), page.name


def test_interactive_pages_hold_a_picture():
    pages = [page for page in (ROOT / "figures").glob("*/*.html") if "plotly" in page.read_text()]
    assert len(pages) > 8
    assert [page.name for page in pages if '<img class="still"' not in page.read_text()] == []
    for notebook in (ROOT / "notebooks").rglob("*.ipynb"):
        for call in re.findall(r"pages\.Panel\([^)]*\)", notebook.read_text(encoding="utf-8")):
            assert re.search(r", fig\w*(\\n|[\",\s])*\)$", call), (notebook.name, call)
