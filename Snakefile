# What each notebook reads and writes. One rule a notebook, each executed with papermill.
#
#   snakemake --cores 2                                        the sample profile
#   snakemake --cores 2 --configfile config/real.yaml          the real profile
#   snakemake --executor slurm --jobs 20 --configfile ...      the same on a cluster
import base64
import os

import yaml


configfile: "config/sample.yaml"


PROFILE = config["profile"]
REAL = PROFILE == "real"

# A notebook inside the pipeline never starts a pipeline of its own.
os.environ["SEQUENCE_NOTEBOOKS_INSIDE_PIPELINE"] = "1"


def run(track, *names):
    return [f"runs/{PROFILE}/{track}/{name}" for name in names]


def figures(track, *names):
    folder = f"figures/{track}" if REAL else f"runs/{PROFILE}/{track}/figures"
    return [f"{folder}/{name}" for name in names]


def notebook(track, name):
    return f"notebooks/{track}/{name}.ipynb"


def parameters(track, name):
    # Base64 keeps quotes and blanks of a value away from the shell.
    text = yaml.safe_dump(config[track][name])
    return base64.b64encode(text.encode()).decode()


# The executed notebook appears only when it is whole; a failed one stays beside the log.
EXECUTE = """
mkdir -p $(dirname {log}) &&
papermill {input.notebook} {log}.ipynb -b {params.encoded} --no-progress-bar --no-request-save-on-cell-execute \
  > {log} 2>&1 && mv {log}.ipynb {output.notebook}
"""


rule all:
    input:
        run("rna_peptide", "results.csv"),
        run(
            "rna_peptide",
            "01_load_positives.ipynb",
            "02_make_negatives.ipynb",
            "03_train_dual_network.ipynb",
            "04_interaction_heatmap.ipynb",
            "05_predict_pairs.ipynb",
            "06_saliency_maps.ipynb",
        ),


# ---------------------------------------------------------------------- rna_peptide

RNA_PEPTIDE = "data/sample/rna_peptide"
POSITIVES = run("rna_peptide", "rna_protein_pairs_full.csv")
LABELLED = run("rna_peptide", "rna_protein_positive_negative_pairs_full_combined.csv")
DUAL_MODEL = run("rna_peptide", "model/run.json")


rule rna_peptide_01_load_positives:
    input:
        notebook=notebook("rna_peptide", "01_load_positives"),
        sample=[] if REAL else f"{RNA_PEPTIDE}/chunks",
    output:
        POSITIVES,
        run("rna_peptide", "rna_protein_pairs_full.pkl", "rows_01.csv"),
        notebook=run("rna_peptide", "01_load_positives.ipynb"),
    params:
        encoded=parameters("rna_peptide", "01_load_positives"),
    log:
        run("rna_peptide", "logs/01_load_positives.log"),
    shell:
        EXECUTE
