# Track rna_modification: the rules of its notebooks. Read by the Snakefile, whose functions it uses.

MODIFICATION = "data/sample/rna_modification"
WINDOWS = run("rna_modification", "windows.csv")
MODIFICATION_MODELS = run(
    "rna_modification",
    *[f"model/{name}.{suffix}" for name in ("shared", "control") for suffix in ("keras", "card.json")],
    "model/windows.npz",
)
MODIFICATION_LENGTHS = config["rna_modification"]["02_input_length"]["lengths"].split()


rule rna_modification_01_train_vqvae:
    input:
        notebook=notebook("rna_modification", "01_train_vqvae"),
        sample=[] if REAL else MODIFICATION,
    output:
        WINDOWS,
        MODIFICATION_MODELS,
        run(
            "rna_modification",
            "predictions_01.csv",
            "differences_01.csv",
            "results/01_train_vqvae.csv",
        ),
        notebook=run("rna_modification", "01_train_vqvae.ipynb"),
    params:
        **parameters("rna_modification", "01_train_vqvae"),
    # What the longest chain of notebooks hangs on goes first, so that others run beside it.
    priority: 30
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/01_train_vqvae.log"),
    shell:
        EXECUTE


# Lengths run side by side; what they keep is found again by the notebook.
rule rna_modification_02_one_length:
    input:
        WINDOWS,
    output:
        touch(run("rna_modification", "lengths/{length}.done")),
    params:
        **parameters("rna_modification", "02_input_length"),
        folder=run("rna_modification", "lengths")[0],
    wildcard_constraints:
        length=r"\d+",
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/02_length_{length}.log"),
    shell:
        "python -m helpers.tracks.rna_modification.input_length {input} {wildcards.length} {params.folder}"
        " {params.encoded} > {log} 2>&1"


rule rna_modification_02_input_length:
    input:
        WINDOWS,
        [run("rna_modification", f"lengths/{length}.done") for length in MODIFICATION_LENGTHS],
        notebook=notebook("rna_modification", "02_input_length"),
    output:
        run(
            "rna_modification",
            "predictions_02.csv",
            "differences_02.csv",
            "results/02_input_length.csv",
        ),
        notebook=run("rna_modification", "02_input_length.ipynb"),
    params:
        **parameters("rna_modification", "02_input_length"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/02_input_length.log"),
    shell:
        EXECUTE


rule rna_modification_03_ism_motifs:
    input:
        WINDOWS,
        MODIFICATION_MODELS,
        run("rna_modification", "predictions_01.csv"),
        notebook=notebook("rna_modification", "03_ism_motifs"),
    output:
        run("rna_modification", "ism.npz", "results/03_ism_motifs.csv"),
        figures("rna_modification", "Importance_Score.svg", "motifs_combined.svg"),
        notebook=run("rna_modification", "03_ism_motifs.ipynb"),
    params:
        **parameters("rna_modification", "03_ism_motifs"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/03_ism_motifs.log"),
    shell:
        EXECUTE


rule rna_modification_04_feature_spectrum:
    input:
        WINDOWS,
        MODIFICATION_MODELS,
        notebook=notebook("rna_modification", "04_feature_spectrum"),
    output:
        run("rna_modification", "tf_idf_matrix_sorted.csv", "results/04_feature_spectrum.csv"),
        figures("rna_modification", "VQRNA_feature_spectrum.svg", "VQRNA_feature_spectrum.html"),
        notebook=run("rna_modification", "04_feature_spectrum.ipynb"),
    params:
        **parameters("rna_modification", "04_feature_spectrum"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/04_feature_spectrum.log"),
    shell:
        EXECUTE


rule rna_modification_05_hyperparameter_search:
    input:
        WINDOWS,
        notebook=notebook("rna_modification", "05_hyperparameter_search"),
    output:
        run("rna_modification", "best_configuration.json", "trials_05.csv"),
        figures("rna_modification", "05_search.html"),
        notebook=run("rna_modification", "05_hyperparameter_search.ipynb"),
    params:
        **parameters("rna_modification", "05_hyperparameter_search"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/05_hyperparameter_search.log"),
    shell:
        EXECUTE


rule rna_modification_06_predict_sites:
    input:
        MODIFICATION_MODELS,
        f"{MODIFICATION}/transcripts.fasta",
        notebook=notebook("rna_modification", "06_predict_sites"),
    output:
        run(
            "rna_modification",
            *[f"predictions/{name}.csv" for name in ("sites", "expected_06", "calibration_06")],
        ),
        notebook=run("rna_modification", "06_predict_sites.ipynb"),
    params:
        **parameters("rna_modification", "06_predict_sites"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_modification", "logs/06_predict_sites.log"),
    shell:
        EXECUTE


rule rna_modification_results:
    input:
        run("rna_modification", "results/01_train_vqvae.csv", "differences_01.csv"),
        run("rna_modification", "results/02_input_length.csv", "differences_02.csv"),
        run("rna_modification", "results/03_ism_motifs.csv"),
        run("rna_modification", "results/04_feature_spectrum.csv"),
    output:
        results("rna_modification"),
    params:
        code=code.key("helpers.stats.results"),
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    shell:
        "python -m helpers.stats.results {output} {input}"
