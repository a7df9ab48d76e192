# Track sirna_efficacy: the rules of its notebooks. Read by the Snakefile, whose functions it uses.

SIRNA = "data/sample/sirna_efficacy"
SIRNA_PAIRS = run("sirna_efficacy", "pairs.csv", "mrnas.fasta", "features.csv")
SIRNA_MODELS = run(
    "sirna_efficacy",
    "models.json",
    "sirna_process.npz",
    *[
        f"sirna_siamese_{number}.{suffix}"
        for number in range(1, config["sirna_efficacy"]["02_train_siamese_network"]["members"] + 1)
        for suffix in ("keras", "card.json")
    ],
)


rule sirna_efficacy_01_explore_features:
    input:
        notebook=notebook("sirna_efficacy", "01_explore_features"),
        sample=[] if REAL else [f"{SIRNA}/{name}" for name in ("efficacy.csv", "siRNA.fa", "mRNA.fa")],
    output:
        SIRNA_PAIRS,
        run("sirna_efficacy", "rows_01.csv", "relations_01.csv"),
        notebook=run("sirna_efficacy", "01_explore_features.ipynb"),
    params:
        **parameters("sirna_efficacy", "01_explore_features"),
    # What the longest chain of notebooks hangs on goes first, so that others run beside it.
    priority: 30
    threads: max(1, int(config["sirna_efficacy"]["01_explore_features"].get("workers", 1)))
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("sirna_efficacy", "logs/01_explore_features.log"),
    shell:
        EXECUTE


rule sirna_efficacy_02_train_siamese_network:
    input:
        SIRNA_PAIRS,
        notebook=notebook("sirna_efficacy", "02_train_siamese_network"),
    output:
        SIRNA_MODELS,
        run(
            "sirna_efficacy",
            "predictions_02.csv",
            "validation_pairs_02.csv",
            "results/02_train_siamese_network.csv",
            "differences_02.csv",
        ),
        notebook=run("sirna_efficacy", "02_train_siamese_network.ipynb"),
    params:
        **parameters("sirna_efficacy", "02_train_siamese_network"),
    priority: 30
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("sirna_efficacy", "logs/02_train_siamese_network.log"),
    shell:
        EXECUTE


rule sirna_efficacy_03_predict_from_fasta:
    input:
        SIRNA_MODELS,
        notebook=notebook("sirna_efficacy", "03_predict_from_fasta"),
    output:
        run("sirna_efficacy", "predictions/predictions.csv", "predictions/overview.html"),
        notebook=run("sirna_efficacy", "03_predict_from_fasta.ipynb"),
    params:
        **parameters("sirna_efficacy", "03_predict_from_fasta"),
    threads: max(1, int(config["sirna_efficacy"]["03_predict_from_fasta"].get("workers", 1)))
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("sirna_efficacy", "logs/03_predict_from_fasta.log"),
    shell:
        EXECUTE


rule sirna_efficacy_04_design_scan:
    input:
        SIRNA_MODELS,
        SIRNA_PAIRS,
        notebook=notebook("sirna_efficacy", "04_design_scan"),
    output:
        run("sirna_efficacy", "design/candidates.csv", "design/order.fasta"),
        notebook=run("sirna_efficacy", "04_design_scan.ipynb"),
    params:
        **parameters("sirna_efficacy", "04_design_scan"),
    threads: max(1, int(config["sirna_efficacy"]["04_design_scan"].get("workers", 1)))
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("sirna_efficacy", "logs/04_design_scan.log"),
    shell:
        EXECUTE


rule sirna_efficacy_05_outside_test:
    input:
        run("sirna_efficacy", "models.json", "pairs.csv"),
        notebook=notebook("sirna_efficacy", "05_outside_test"),
    output:
        run(
            "sirna_efficacy",
            "outside_05.csv",
            "results/05_outside_test.csv",
            "differences_05.csv",
        ),
        notebook=run("sirna_efficacy", "05_outside_test.ipynb"),
    params:
        **parameters("sirna_efficacy", "05_outside_test"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("sirna_efficacy", "logs/05_outside_test.log"),
    shell:
        EXECUTE


rule sirna_efficacy_results:
    input:
        run("sirna_efficacy", "results/02_train_siamese_network.csv", "differences_02.csv"),
        run("sirna_efficacy", "results/05_outside_test.csv", "differences_05.csv"),
    output:
        results("sirna_efficacy"),
    params:
        code=code.key("helpers.stats.results"),
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    shell:
        "python -m helpers.stats.results {output} {input}"
