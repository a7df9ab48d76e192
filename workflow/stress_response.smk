# Track stress_response: the rules of its notebooks. Read by the Snakefile, whose functions it uses.

STRESS = "data/sample/stress_response"
ENSEMBLE = run("stress_response", "ensemble.json", "ensemble")
PROMOTERS = run("stress_response", "promoters.csv", "orthologs.csv")


rule stress_response_01_train_cnn:
    input:
        notebook=notebook("stress_response", "01_train_cnn"),
        sample=[] if REAL else STRESS,
    output:
        PROMOTERS,
        run(
            "stress_response",
            "rows_01.csv",
            "predictions_01.csv",
            "results/01_train_cnn.csv",
            "differences_01.csv",
            "stress_response_cnn.keras",
            "stress_response_cnn.card.json",
        ),
        notebook=run("stress_response", "01_train_cnn.ipynb"),
    params:
        **parameters("stress_response", "01_train_cnn"),
    # What the longest chain of notebooks hangs on goes first, so that others run beside it.
    priority: 40
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/01_train_cnn.log"),
    shell:
        EXECUTE


rule stress_response_02_phylogenetic_augmentation:
    input:
        PROMOTERS,
        notebook=notebook("stress_response", "02_phylogenetic_augmentation"),
    output:
        run(
            "stress_response",
            "predictions_02.csv",
            "results/02_phylogenetic_augmentation.csv",
            "differences_02.csv",
        ),
        notebook=run("stress_response", "02_phylogenetic_augmentation.ipynb"),
    params:
        **parameters("stress_response", "02_phylogenetic_augmentation"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/02_phylogenetic_augmentation.log"),
    shell:
        EXECUTE


rule stress_response_03_cross_validation:
    input:
        PROMOTERS,
        notebook=notebook("stress_response", "03_cross_validation"),
        sample=[] if REAL else STRESS,
    output:
        ENSEMBLE[0],
        directory(ENSEMBLE[1]),
        run(
            "stress_response",
            "predictions_03.csv",
            "differences_03.csv",
            "results/03_cross_validation.csv",
        ),
        notebook=run("stress_response", "03_cross_validation.ipynb"),
    params:
        **parameters("stress_response", "03_cross_validation"),
    priority: 40
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/03_cross_validation.log"),
    shell:
        EXECUTE


rule stress_response_04_hyperparameter_search:
    input:
        PROMOTERS,
        notebook=notebook("stress_response", "04_hyperparameter_search"),
    output:
        run("stress_response", "best_configuration.json", "trials_04.csv"),
        notebook=run("stress_response", "04_hyperparameter_search.ipynb"),
    params:
        **parameters("stress_response", "04_hyperparameter_search"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/04_hyperparameter_search.log"),
    shell:
        EXECUTE


rule stress_response_05_saliency_maps:
    input:
        PROMOTERS,
        ENSEMBLE,
        run("stress_response", "predictions_03.csv"),
        notebook=notebook("stress_response", "05_saliency_maps"),
        sample=[] if REAL else STRESS,
    output:
        run("stress_response", "attributions.npz", "results/05_saliency_maps.csv"),
        figures("stress_response", "05_logos.html"),
        notebook=run("stress_response", "05_saliency_maps.ipynb"),
    params:
        **parameters("stress_response", "05_saliency_maps"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/05_saliency_maps.log"),
    shell:
        EXECUTE


rule stress_response_06_modisco_motifs:
    input:
        PROMOTERS,
        ENSEMBLE,
        run("stress_response", "attributions.npz"),
        notebook=notebook("stress_response", "06_modisco_motifs"),
        sample=[] if REAL else STRESS,
    output:
        run("stress_response", "matches_06.csv", "results/06_modisco_motifs.csv"),
        figures("stress_response", "06_motifs.html"),
        notebook=run("stress_response", "06_modisco_motifs.ipynb"),
    params:
        **parameters("stress_response", "06_modisco_motifs"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/06_modisco_motifs.log"),
    shell:
        EXECUTE


rule stress_response_07_predict_promoters:
    input:
        ENSEMBLE,
        notebook=notebook("stress_response", "07_predict_promoters"),
        promoters=PROMOTERS if REAL else STRESS,
    output:
        run("stress_response", "predictions/predictions.csv", "predictions/logos.html"),
        notebook=run("stress_response", "07_predict_promoters.ipynb"),
    params:
        **parameters("stress_response", "07_predict_promoters"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/07_predict_promoters.log"),
    shell:
        EXECUTE


rule stress_response_08_design:
    input:
        ENSEMBLE,
        notebook=notebook("stress_response", "08_design"),
        promoters=PROMOTERS if REAL else STRESS,
    output:
        run("stress_response", *[f"designs/{name}_08.csv" for name in ("designs", "judged")]),
        run("stress_response", "designs/designs_08.fasta"),
        notebook=run("stress_response", "08_design.ipynb"),
    params:
        **parameters("stress_response", "08_design"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("stress_response", "logs/08_design.log"),
    shell:
        EXECUTE


rule stress_response_results:
    input:
        run(
            "stress_response",
            "results/01_train_cnn.csv",
            "differences_01.csv",
            "results/02_phylogenetic_augmentation.csv",
            "differences_02.csv",
            "results/03_cross_validation.csv",
            "differences_03.csv",
            "results/05_saliency_maps.csv",
            "results/06_modisco_motifs.csv",
        ),
    output:
        results("stress_response"),
    params:
        code=code.key("helpers.stats.results"),
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    shell:
        "python -m helpers.stats.results {output} {input}"
