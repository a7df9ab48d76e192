# Track rna_peptide: the rules of its notebooks. Read by the Snakefile, whose functions it uses.

RNA_PEPTIDE = "data/sample/rna_peptide"
POSITIVES = run("rna_peptide", "rna_protein_pairs_full.csv")
LABELLED = run("rna_peptide", "rna_protein_positive_negative_pairs_full_combined.csv")
DUAL_MODELS = run("rna_peptide", "models.json", "models")
VALIDATION_PAIRS = run("rna_peptide", "validation_pairs_03.csv")
TRAINING_PAIRS = run("rna_peptide", "training_pairs_03.csv")


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
        **parameters("rna_peptide", "01_load_positives"),
    # What the longest chain of notebooks hangs on goes first, so that others run beside it.
    priority: 60
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
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
        **parameters("rna_peptide", "02_make_negatives"),
    priority: 60
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_peptide", "logs/02_make_negatives.log"),
    shell:
        EXECUTE


rule rna_peptide_03_train_dual_network:
    input:
        LABELLED,
        notebook=notebook("rna_peptide", "03_train_dual_network"),
    output:
        DUAL_MODELS[0],
        directory(DUAL_MODELS[1]),
        VALIDATION_PAIRS,
        TRAINING_PAIRS,
        run("rna_peptide", "predictions_03.csv", "differences_03.csv", "results/03_train_dual_network.csv"),
        notebook=run("rna_peptide", "03_train_dual_network.ipynb"),
    params:
        **parameters("rna_peptide", "03_train_dual_network"),
    priority: 50
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_peptide", "logs/03_train_dual_network.log"),
    shell:
        EXECUTE


rule rna_peptide_04_interaction_heatmap:
    input:
        VALIDATION_PAIRS,
        TRAINING_PAIRS,
        DUAL_MODELS,
        notebook=notebook("rna_peptide", "04_interaction_heatmap"),
    output:
        run("rna_peptide", "results/04_interaction_heatmap.csv"),
        figures("rna_peptide", "04_interaction_map.html"),
        notebook=run("rna_peptide", "04_interaction_heatmap.ipynb"),
    params:
        **parameters("rna_peptide", "04_interaction_heatmap"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
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
        **parameters("rna_peptide", "05_predict_pairs"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_peptide", "logs/05_predict_pairs.log"),
    shell:
        EXECUTE


rule rna_peptide_06_saliency_maps:
    input:
        VALIDATION_PAIRS,
        TRAINING_PAIRS,
        DUAL_MODELS,
        notebook=notebook("rna_peptide", "06_saliency_maps"),
    output:
        run("rna_peptide", "results/06_saliency_maps.csv"),
        figures("rna_peptide", "all_saliency_heatmaps.png", "interactive_saliency_heatmap.html"),
        notebook=run("rna_peptide", "06_saliency_maps.ipynb"),
    params:
        **parameters("rna_peptide", "06_saliency_maps"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("rna_peptide", "logs/06_saliency_maps.log"),
    shell:
        EXECUTE


rule rna_peptide_results:
    input:
        run(
            "rna_peptide",
            "results/03_train_dual_network.csv",
            "differences_03.csv",
            "results/04_interaction_heatmap.csv",
            "results/06_saliency_maps.csv",
        ),
    output:
        results("rna_peptide"),
    params:
        code=code.key("helpers.stats.results"),
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    shell:
        "python -m helpers.stats.results {output} {input}"
