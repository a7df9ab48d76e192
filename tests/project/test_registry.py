import hashlib
from pathlib import Path

import pandas as pd
import pooch
import pytest
import requests

from helpers.project import registry


@pytest.fixture
def one_file(monkeypatch, tmp_path):
    """A registry of one small file, an empty cache, and a network that is played."""
    content = b">a\nACGU\n"
    files = pd.DataFrame(
        {
            "dataset": ["toy"],
            "file": ["toy.fa"],
            "url": ["https://example.org/owner/repository/commit/toy.fa"],
            "sha256": [hashlib.sha256(content).hexdigest()],
            "bytes": [len(content)],
            "licence": ["MIT"],
            "citation": ["Nobody 2026"],
        }
    )
    monkeypatch.setattr(registry, "table", lambda: files)
    monkeypatch.setenv(registry.CACHE_VARIABLE, str(tmp_path))
    return content


def serve(monkeypatch, content):
    def download(self, url, output_file, pooch, **_):
        Path(output_file).write_bytes(content)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_table_is_whole():
    files = registry.table()
    assert files["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert files["url"].str.contains("/[0-9a-f]{40}/").all(), "each address names a commit"
    assert not files.duplicated(["dataset", "file"]).any()
    assert files[["licence", "citation"]].notna().all().all()


def test_unknown_name_suggests_the_near_one():
    with pytest.raises(ValueError, match=r"no data set 'rpi224'.*did you mean 'rpi2241'"):
        registry.fetch("rpi224")


def test_fetch_and_describe(monkeypatch, one_file):
    serve(monkeypatch, one_file)
    facts = registry.describe("toy").set_index("fact")["value"]
    assert facts["in the cache"] == "0 of 1"
    path = registry.fetch("toy")["toy.fa"]
    assert path.read_bytes() == one_file
    facts = registry.describe("toy").set_index("fact")["value"]
    assert facts["in the cache"] == "1 of 1"
    assert facts["licence"] == "MIT"
    assert facts["source"] == "github.com/owner/repository at commit"


def test_wrong_content(monkeypatch, one_file):
    serve(monkeypatch, b"<html>log in</html>")
    with pytest.raises(registry.RegistryError, match="not the recorded file"):
        registry.fetch("toy")
    assert not (registry.cache_folder() / "toy" / "toy.fa").exists()


def no_network(monkeypatch):
    def refuse(self, url, output_file, pooch, **_):
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_no_network(monkeypatch, one_file):
    no_network(monkeypatch)
    with pytest.raises(registry.RegistryError, match=r"is not in the cache.*could not be reached.*CACHE"):
        registry.fetch("toy")


def test_broken_cached_file_without_network(monkeypatch, one_file):
    no_network(monkeypatch)
    target = registry.cache_folder() / "toy" / "toy.fa"
    target.parent.mkdir(parents=True)
    target.write_bytes(one_file[:3])
    with pytest.raises(registry.RegistryError, match="does not have the recorded sha256"):
        registry.fetch("toy")


def test_cache_that_cannot_be_written(monkeypatch, one_file, tmp_path):
    serve(monkeypatch, one_file)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(registry.CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(registry.RegistryError, match="cannot be written to"):
        registry.fetch("toy")
