# What each notebook reads and writes. One rule a notebook, each executed with papermill.
#
#   snakemake --cores 2                                        the sample profile
#   snakemake --cores 2 --configfile config/real.yaml          the real profile
#   snakemake --profile workflow/profiles/slurm --configfile ...   the same on a cluster
import base64
import os

import yaml

from helpers.project import code


configfile: "config/sample.yaml"


PROFILE = config["profile"]
REAL = PROFILE == "real"
# What a notebook may take: megabytes, minutes. A cluster kills what takes more.
MEMORY = 16_000 if REAL else 4_000
MINUTES = 1_440 if REAL else 30

# A notebook inside the pipeline never starts a pipeline of its own.
os.environ["SEQUENCE_NOTEBOOKS_INSIDE_PIPELINE"] = "1"
# Jobs, not threads, fill the cores; a number set outside is kept.
for setting in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(setting, "1")


def run(track, *names):
    return [f"runs/{PROFILE}/{track}/{name}" for name in names]


def figures(track, *names):
    folder = f"figures/{track}" if REAL else f"runs/{PROFILE}/{track}/figures"
    return [f"{folder}/{name}" for name in names]


def results(track):
    # The one place where a track's numbers live; for the real profile git holds it.
    return f"figures/{track}/results.csv" if REAL else f"runs/{PROFILE}/{track}/results.csv"


def notebook(track, name):
    return f"notebooks/{track}/{name}.ipynb"


def parameters(track, name):
    # Base64 keeps quotes and blanks of a value away from the shell. With the hash of the code that
    # the notebook uses, a rule runs again when that code changes; it is taken when a run is planned.
    text = yaml.safe_dump(config[track][name])
    return {
        "encoded": base64.b64encode(text.encode()).decode(),
        "code": lambda wildcards: code.of_notebook(notebook(track, name)),
    }


# The executed notebook appears only when it is whole; a failed one stays beside the log.
EXECUTE = """
mkdir -p $(dirname {log}) &&
python -m helpers.project.execution {input.notebook} {log}.ipynb -b {params.encoded} --no-progress-bar --no-request-save-on-cell-execute \
  > {log} 2>&1 && mv {log}.ipynb {output.notebook}
"""


# A track has a block in config/ and its rules in workflow/<track>.smk.
TRACKS = [name for name in config if name != "profile"]


rule all:
    input:
        [results(track) for track in TRACKS],
        [run(track, f"{name}.ipynb") for track in TRACKS for name in config[track]],


for track in TRACKS:

    include: f"workflow/{track}.smk"
