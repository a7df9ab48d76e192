# Track gene_expression: the rules of its notebooks. Read by the Snakefile, whose functions it uses.

EXPRESSION = "data/sample/gene_expression"
EXPRESSION_RESULTS = run("gene_expression", "results/01_train_hybrid_network.csv")
# What the figures are drawn from: no model is needed to draw them again.
EXPRESSION_TABLES = run(
    "gene_expression",
    "predictions_01.csv",
    "differences_01.csv",
    "tests_01.csv",
    "ceiling_01.csv",
    "attention_01.csv",
    "elements_01.csv",
    "enrichment_01.csv",
    "gate_01.csv",
)
EXPRESSION_FIGURES = [
    "figure1_model_performance",
    "figure2_error_analysis",
    "figure3_cell_type_performance",
    "figure4_model_comparison",
    "figure5_attention_mechanism",
]


rule gene_expression_01_train_hybrid_network:
    input:
        notebook=notebook("gene_expression", "01_train_hybrid_network"),
        sample=[] if REAL else EXPRESSION,
    output:
        EXPRESSION_RESULTS,
        EXPRESSION_TABLES,
        run(
            "gene_expression",
            "model/gene_expression_hybrid.keras",
            "model/gene_expression_hybrid.card.json",
            "model/training.npz",
            "rows_01.csv",
        ),
        notebook=run("gene_expression", "01_train_hybrid_network.ipynb"),
    params:
        **parameters("gene_expression", "01_train_hybrid_network"),
    # What the longest chain of notebooks hangs on goes first, so that others run beside it.
    priority: 30
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("gene_expression", "logs/01_train_hybrid_network.log"),
    shell:
        EXECUTE


rule gene_expression_02_publication_figures:
    input:
        EXPRESSION_RESULTS,
        EXPRESSION_TABLES,
        notebook=notebook("gene_expression", "02_publication_figures"),
    output:
        figures(
            "gene_expression",
            *[
                f"{name}.{suffix}"
                for name in EXPRESSION_FIGURES
                for suffix in ("png", "svg", "html", "csv")
            ],
        ),
        notebook=run("gene_expression", "02_publication_figures.ipynb"),
    params:
        **parameters("gene_expression", "02_publication_figures"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("gene_expression", "logs/02_publication_figures.log"),
    shell:
        EXECUTE


rule gene_expression_03_predict_expression:
    input:
        run("gene_expression", "model/gene_expression_hybrid.keras"),
        f"{EXPRESSION}/predict.csv",
        notebook=notebook("gene_expression", "03_predict_expression"),
    output:
        run("gene_expression", "predictions/predictions.csv"),
        notebook=run("gene_expression", "03_predict_expression.ipynb"),
    params:
        **parameters("gene_expression", "03_predict_expression"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("gene_expression", "logs/03_predict_expression.log"),
    shell:
        EXECUTE


rule gene_expression_04_variant_effects:
    input:
        run("gene_expression", "model/gene_expression_hybrid.keras", "predictions_01.csv"),
        notebook=notebook("gene_expression", "04_variant_effects"),
    output:
        run(
            "gene_expression",
            "alleles_04.csv",
            "variants_04.csv",
            "results/04_variant_effects.csv",
            "differences_04.csv",
        ),
        notebook=run("gene_expression", "04_variant_effects.ipynb"),
    params:
        **parameters("gene_expression", "04_variant_effects"),
    threads: 1
    resources:
        mem_mb=MEMORY,
        runtime=MINUTES,
    log:
        run("gene_expression", "logs/04_variant_effects.log"),
    shell:
        EXECUTE


rule gene_expression_results:
    input:
        EXPRESSION_RESULTS,
        run("gene_expression", "differences_01.csv"),
        run("gene_expression", "results/04_variant_effects.csv", "differences_04.csv"),
    output:
        results("gene_expression"),
    params:
        code=code.key("helpers.stats.results"),
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    shell:
        "python -m helpers.stats.results {output} {input}"
