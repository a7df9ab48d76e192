"""Named public data sets: where each file is, its hash, its licence and whom to cite.

The files are fetched with pooch into a cache, one folder a data set, and checked against the
sha256 in ``registry.csv``. The variable ``SEQUENCE_NOTEBOOKS_CACHE`` names the cache.
"""

from __future__ import annotations

import difflib
import importlib.resources
import logging
import os
from functools import cache
from pathlib import Path

import pandas as pd
import pooch
import requests

CACHE_VARIABLE = "SEQUENCE_NOTEBOOKS_CACHE"


class RegistryError(ValueError):
    """A data set that is not known, or a file that cannot be had as it should be."""


@cache
def table() -> pd.DataFrame:
    """Every file of every data set; treat it as read-only.

    Examples
    --------
    >>> sorted(table()["dataset"].unique())
    ['promoter_mpra', 'rna_modification', 'rpi2241', 'sirbench', 'sirna', 'stress_response']
    """
    with importlib.resources.files("helpers.project").joinpath("registry.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file)


def names() -> list[str]:
    """Names of the data sets."""
    return sorted(table()["dataset"].unique())


def cache_folder() -> Path:
    """Folder that holds the fetched files, one folder a data set."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("sequence-notebooks"))


def describe(name: str) -> pd.DataFrame:
    """What a data set is, whom to cite, under which licence, and whether it is here already.

    Examples
    --------
    >>> describe("rpi2241").set_index("fact").loc["licence", "value"]
    'MIT (repository)'
    """
    files = _files(name)
    here = sum((cache_folder() / name / file).is_file() for file in files["file"])
    facts = {
        "data set": name,
        "files": f"{len(files)}, {files['bytes'].sum() / 1e6:.1f} MB",
        "licence": "; ".join(files["licence"].unique()),
        "cite": "; ".join(files["citation"].unique()),
        "source": "; ".join(sorted({_repository(url) for url in files["url"]})),
        "in the cache": f"{here} of {len(files)}",
    }
    return pd.DataFrame({"fact": facts.keys(), "value": facts.values()})


def fetch(name: str) -> dict[str, Path]:
    """Files of a data set by their names, fetched if they are not in the cache, each hash checked.

    Raises
    ------
    RegistryError
        If the name is not known, a file cannot be fetched, or its content is not what was recorded.
    """
    files = _files(name)
    store = pooch.create(
        path=cache_folder() / name,
        base_url="",
        registry={row.file: f"sha256:{row.sha256}" for row in files.itertuples()},
        urls={row.file: row.url for row in files.itertuples()},
        retry_if_failed=2,
    )
    pooch.get_logger().setLevel(logging.WARNING)
    return {row.file: _fetch_one(store, row.file, row.url) for row in files.itertuples()}


def _fetch_one(store: pooch.Pooch, file: str, url: str) -> Path:
    target = Path(store.abspath) / file
    try:
        return Path(store.fetch(file, downloader=pooch.HTTPDownloader(progressbar=True)))
    except requests.exceptions.RequestException as error:
        state = "does not have the recorded sha256" if target.is_file() else "is not in the cache"
        fault = (
            f"{target} {state}, and {url} could not be reached ({type(error).__name__}). Connect to a "
            f"network, copy the file there by hand, or set {CACHE_VARIABLE} to a folder that holds it"
        )
        raise RegistryError(fault) from error
    except OSError as error:
        fault = f"the cache {store.abspath} cannot be written to ({error}). Set {CACHE_VARIABLE} to another"
        raise RegistryError(fault) from error
    except ValueError as error:
        raise RegistryError(
            f"what was fetched from {url} is not the recorded file: {error}. Try again; if it stays, "
            f"a proxy or login page changes the file on its way: copy the right one to {target}"
        ) from error


def _files(name: str) -> pd.DataFrame:
    files = table()[table()["dataset"] == name]
    if files.empty:
        near = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RegistryError(f"no data set {name!r}; expected one of {', '.join(names())}{hint}")
    return files


def _repository(url: str) -> str:
    """Repository and commit of a raw file's address."""
    _, _, _, owner, repository, commit, *_ = url.split("/")
    return f"github.com/{owner}/{repository} at {commit[:12]}"
