"""What a cluster and conda need to be told: every rule its share, and one list of versions."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from helpers.project import paths

ROOT = paths.root()
RULES = [
    block
    for path in sorted((ROOT / "workflow").glob("*.smk"))
    for block in re.split(r"(?m)^rule ", path.read_text(encoding="utf-8"))[1:]
]


@pytest.mark.parametrize("rule", RULES, ids=lambda block: block.split(":")[0])
def test_a_rule_states_its_share(rule):
    for stated in (r"\n    threads: ", r"\n        mem_mb=", r"\n        runtime="):
        assert re.search(stated, rule), f"expected {stated.strip()} in the rule"
    assert "workflow.cores" not in rule


def test_profile_of_a_cluster():
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    assert profile["executor"] == "slurm"
    assert profile["jobs"] > 1


def test_conda_installs_what_the_project_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python = next(item for item in conda if str(item).startswith("python="))
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python.split("=")[1])
    assert conda[-1]["pip"] == ["-r requirements.lock", "-e ."]
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==", 1) for line in lines if "==" in line)
    pins = {_same(name): version.split(";")[0].strip() for name, version in pins.items()}
    for needed in map(Requirement, project["dependencies"] + project["optional-dependencies"]["explain"]):
        assert needed.specifier.contains(pins[_same(needed.name)]), str(needed)


def _same(name: str) -> str:
    return name.lower().replace("_", "-")
