# A file of your own, predicted in shards side by side and joined: on this machine or, with a profile, a cluster.
#
#   snakemake --snakefile workflow/predict.smk --cores 4 --config track=gene_expression source=mine.csv out=results shards=8
#
# columns, model: as those of `sequence-notebooks predict`; settings: its --set, several as a list in a --configfile.
import os
import shlex


OUT = os.path.abspath(os.path.expanduser(config["out"]))
SHARDS = int(config.get("shards", 8))
NUMBERS = [f"{number:04d}" for number in range(1, SHARDS + 1)]
GIVEN = config.get("settings", [])
OPTIONS = [f"--{name}={config[name]}" for name in ("columns", "model") if config.get(name)]
OPTIONS += [f"--set={one}" for one in ([GIVEN] if isinstance(GIVEN, str) else GIVEN)]

# Jobs, not threads, fill the cores; a number set outside is kept.
for setting in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(setting, "1")


rule join:
    input:
        expand("{out}/shards/{number}-of-{of:04d}.{kind}", out=OUT, number=NUMBERS, of=SHARDS, kind=["csv", "json"]),
    output:
        f"{OUT}/predictions.csv",
    params:
        out=OUT,
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=60,
    shell:
        "python -m helpers.project.cli join {params.out:q}"


rule shard:
    input:
        os.path.expanduser(config["source"]),
    output:
        *(f"{OUT}/shards/{{number}}-of-{SHARDS:04d}.{kind}" for kind in ("csv", "json")),
    params:
        out=OUT,
        track=config["track"],
        options=shlex.join(OPTIONS),
        share=lambda wildcards: f"{int(wildcards.number)}/{SHARDS}",
    threads: 1
    resources:
        mem_mb=4_000,
        runtime=1_440,
    log:
        f"{OUT}/shards/{{number}}-of-{SHARDS:04d}.log",
    shell:
        "python -m helpers.project.cli predict {params.track} --source {input:q} --out {params.out:q}"
        " --shard {params.share} {params.options} > {log:q} 2>&1"
