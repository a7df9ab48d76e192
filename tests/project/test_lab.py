"""Pages in JupyterLab, as a reader opens them: a real browser, Run All, nothing red."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from helpers.project import paths

ROOT = paths.root()
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here (apt-get install chromium)"),
]
# What the page holds is asked of JupyterLab's own model: cells out of sight are not in the document.
PAGE = "[...jupyterapp.shell.widgets('main')][0]"
LOADED = f"""!!(window.jupyterapp && jupyterapp.shell.currentWidget && {PAGE}.content?.widgets?.length
  && {PAGE}.sessionContext?.session?.kernel?.status === 'idle')"""
RUN = "jupyterapp.commands.execute('runmenu:run-all').then(() => 'done', error => String(error))"
RED = f"""JSON.stringify({PAGE}.content.widgets
  .filter(cell => cell.model.type === 'code')
  .flatMap(cell => cell.model.outputs.toJSON())
  .filter(output => output.output_type === 'error' || output.name === 'stderr')
  .map(output => output.ename || output.text))"""
LEFT = f"""{PAGE}.content.widgets.filter(cell => cell.model.type === 'code'
  && cell.model.sharedModel.source.trim() && !cell.model.executionCount).length"""
PAINTED = (
    "document.querySelectorAll('.jp-RenderedHTMLCommon table, .jp-RenderedImage img, .jp-RenderedSVG').length"
)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def answered(address, seconds):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


class Page:
    """One page of the browser, by the protocol of its developer tools."""

    def __init__(self, port):
        import websocket

        tabs = json.loads(answered(f"http://127.0.0.1:{port}/json", 240))
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        self.socket = websocket.create_connection(address, timeout=300, suppress_origin=True)
        self.numbers = itertools.count(1)
        # Without a focus JupyterLab has no current notebook to run.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def close(self):
        self.socket.close()

    def call(self, method, **given):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        return answer.get("result", answer)

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer.get("result", {}).get("value")

    def wait(self, expression, seconds):
        deadline = time.monotonic() + seconds
        while not (found := self.value(expression)):
            assert time.monotonic() < deadline, f"not within {seconds} s: {expression}"
            time.sleep(0.5)
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab over a copy of the suite, and a page of a browser."""
    tmp_path = tmp_path_factory.mktemp("lab")
    for name in ("config", "notebooks", "data", "figures", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    port, debugging = free_port(), free_port()
    environment = os.environ | {paths.ROOT_VARIABLE: str(tmp_path), "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}",
         "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
         f"--ServerApp.root_dir={tmp_path}",],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    browser = subprocess.Popen(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1200,1600",
         f"--user-data-dir={tmp_path / '.browser'}", f"--remote-debugging-port={debugging}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        answered(f"http://127.0.0.1:{port}/api", 240)
        with contextlib.closing(Page(debugging)) as page:
            yield f"http://127.0.0.1:{port}/lab/tree/", page
    finally:
        for process in (browser, server):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", ["00_start_here", "rna_peptide/01_load_positives"])
def test_run_all_leaves_nothing_red(lab, name, tmp_path):
    address, page = lab
    page.call("Page.navigate", url=f"{address}notebooks/{name}.ipynb?reset")
    page.wait(LOADED, 240)
    assert page.value(RUN) == "done"
    assert page.value(LEFT) == 0
    assert json.loads(page.value(RED)) == []
    assert page.value(PAINTED) > 0
    picture = page.call("Page.captureScreenshot")["data"]
    (tmp_path / "page.png").write_bytes(base64.b64decode(picture))
    assert (tmp_path / "page.png").stat().st_size > 20_000
