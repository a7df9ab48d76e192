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


def results(track):
    # The one place where a track's numbers live; for the real profile git holds it.
    return f"figures/{track}/results.csv" if REAL else f"runs/{PROFILE}/{track}/results.csv"


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
        results("rna_peptide"),
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
DUAL_MODELS = run("rna_peptide", "models.json")


rule rna_peptide_01_load_positives:
    input:
        notebook=notebook("rna_peptide", "01_load_positives"),
        sample=[] if REAL else f"{RNA_PEPTIDE}/chunks",
    output:
        POSITIVES,
        run(
            "rna_peptide",
            "rna_protein_pairs_full.pkl",
            "rna_protein_pairs_given_negatives.csv",
            "rows_01.csv",
        ),
        notebook=run("rna_peptide", "01_load_positives.ipynb"),
    params:
        encoded=parameters("rna_peptide", "01_load_positives"),
    log:
        run("rna_peptide", "logs/01_load_positives.log"),
    shell:
        EXECUTE


rule rna_peptide_02_make_negatives:
    input:
        POSITIVES,
        run("rna_peptide", "rna_protein_pairs_given_negatives.csv"),
        notebook=notebook("rna_peptide", "02_make_negatives"),
    output:
        LABELLED,
        notebook=run("rna_peptide", "02_make_negatives.ipynb"),
    params:
        encoded=parameters("rna_peptide", "02_make_negatives"),
    log:
        run("rna_peptide", "logs/02_make_negatives.log"),
    shell:
        EXECUTE


rule rna_peptide_03_train_dual_network:
    input:
        LABELLED,
        notebook=notebook("rna_peptide", "03_train_dual_network"),
    output:
        DUAL_MODELS,
        run("rna_peptide", "predictions_03.csv", "results/03_train_dual_network.csv"),
        notebook=run("rna_peptide", "03_train_dual_network.ipynb"),
    params:
        encoded=parameters("rna_peptide", "03_train_dual_network"),
    threads: workflow.cores
    log:
        run("rna_peptide", "logs/03_train_dual_network.log"),
    shell:
        EXECUTE


rule rna_peptide_04_interaction_heatmap:
    input:
        LABELLED,
        DUAL_MODELS,
        notebook=notebook("rna_peptide", "04_interaction_heatmap"),
    output:
        run("rna_peptide", "results/04_interaction_heatmap.csv"),
        figures("rna_peptide", "04_interaction_map.html"),
        notebook=run("rna_peptide", "04_interaction_heatmap.ipynb"),
    params:
        encoded=parameters("rna_peptide", "04_interaction_heatmap"),
    log:
        run("rna_peptide", "logs/04_interaction_heatmap.log"),
    shell:
        EXECUTE


rule rna_peptide_05_predict_pairs:
    input:
        DUAL_MODELS,
        notebook=notebook("rna_peptide", "05_predict_pairs"),
    output:
        run("rna_peptide", "predictions/predictions.csv", "predictions/overview.html"),
        notebook=run("rna_peptide", "05_predict_pairs.ipynb"),
    params:
        encoded=parameters("rna_peptide", "05_predict_pairs"),
    log:
        run("rna_peptide", "logs/05_predict_pairs.log"),
    shell:
        EXECUTE


rule rna_peptide_06_saliency_maps:
    input:
        LABELLED,
        DUAL_MODELS,
        notebook=notebook("rna_peptide", "06_saliency_maps"),
    output:
        run("rna_peptide", "results/06_saliency_maps.csv"),
        figures("rna_peptide", "all_saliency_heatmaps.png", "interactive_saliency_heatmap.html"),
        notebook=run("rna_peptide", "06_saliency_maps.ipynb"),
    params:
        encoded=parameters("rna_peptide", "06_saliency_maps"),
    log:
        run("rna_peptide", "logs/06_saliency_maps.log"),
    shell:
        EXECUTE


rule rna_peptide_results:
    input:
        run(
            "rna_peptide",
            "results/03_train_dual_network.csv",
            "results/04_interaction_heatmap.csv",
            "results/06_saliency_maps.csv",
        ),
    output:
        results("rna_peptide"),
    shell:
        "python -m helpers.results {output} {input}"
