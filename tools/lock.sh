#!/usr/bin/env bash
# Write requirements.lock: what pip resolves from pyproject.toml today, in a fresh environment.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet torch==2.13.0
"$work/env/bin/python" -m pip install --quiet "setuptools>=77" ".[dev,explain]"
{
  echo "# Made by tools/lock.sh; do not edit. Read by the Makefile, environment.yml and CI."
  # torch is pinned without a build tag, and what only its CUDA build needs is left to pip.
  "$work/env/bin/python" -m pip freeze --all --exclude pip --exclude wheel --exclude sequence-notebooks \
    | sed -E 's/\+cpu$//' | grep -viE '^(nvidia-|triton|cuda-)'
} > "$work/lock"
mv "$work/lock" requirements.lock
rm -rf build
