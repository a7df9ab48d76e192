"""Write figures/index.html: every picture of the real profile, small, with a line on what it shows.

It lists the forms that git holds: PNG, numbers and, where there is one, the interactive page.
"""

import html
import re
from pathlib import Path

from helpers.plots import pages

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "figures"
TRACKS = {
    "stress_response": "Stress response: which promoters answer to a stress?",
    "rna_peptide": "RNA-peptide: do this RNA and this peptide bind?",
    "rna_modification": "RNA modification: is the base in the middle modified?",
    "sirna_efficacy": "siRNA efficacy: how well does this siRNA silence this mRNA?",
    "gene_expression": "Gene expression: how strong is this promoter in each cell type?",
}
SHOWN = {
    "lengths": "How long the sequences are",
    "letters": "How often each letter stands in the sequences of either label",
    "rna_letters": "How often each base stands in the RNAs of either label",
    "peptide_letters": "How often each amino acid stands in the peptides of either label",
    "rows": "What became of every row of the input",
    "split_audit": "How many test items have a copy or a near copy in training",
    "random_split_audit": "The same count for a random split: most test chains are known",
    "sampling_audit": "What the make-up of the negatives gives away without any binding",
    "history": "Loss by epoch, or validation score by trial of a search; the chosen one is marked",
    "models": "Loss of each network by epoch",
    "results": "Score of every model under each protocol, with its 95 % interval",
    "roc": "ROC curves: positives found against negatives called",
    "roc_random": "ROC curves where test chains are known from training",
    "roc_homology_both": "ROC curves where both families are new",
    "learning_curve": "Score by the number of training rows: would more data help?",
    "precision_recall": "Precision against recall",
    "precision_recall_homology_both": "Precision against recall where both families are new",
    "calibration": "Predicted probability against the share that is positive",
    "confusion": "Right and wrong calls by class",
    "attention_map": "Mutual attention of RNA positions and peptide positions",
    "interaction_map": "Interaction maps, pair by pair",
    "interaction_features": "Activation of the units behind the interaction, pair by pair",
    "paired_mutation_map": "What two mutations change together beyond the sum of each",
    "rna_logo": "Attribution of each base of an RNA",
    "peptide_logo": "Attribution of each residue of a peptide",
    "structure": "Attribution beside a known structure",
    "all_saliency_heatmaps": "Attribution maps of all explained pairs",
    "interactive_saliency_heatmap": "Attribution of each letter, pair by pair",
    "loss_parts": "The parts of the loss by epoch: labels, letters, commitment, and the codes in use",
    "reconstruction": "Share of letters that the decoder gets right, by position",
    "input_length": "AUROC by the number of nucleotides around the site",
    "code_cards": "What the codes that mark a modification stand for",
    "importances": "How much each setting of the search moves the validation score",
    "parallel": "The trials of the search, one line each across the settings",
    "slices": "Validation score against each setting of the search",
    "search": "The search: trials, settings and validation score",
    "Importance_Score": "Effect of mutations around the site, for each modification",
    "VQRNA_feature_spectrum": "Codes that mark each modification, by TF-IDF",
    "motifs_combined": "Mean effect of mutations as logos, for each modification",
    "efficacy": "Distribution of the measured efficacy",
    "feature_correlations": "How the named features go together",
    "rule_scores": "Published design rules against measured efficacy",
    "strongest_features": "The features that go most with efficacy",
    "trends": "Mean efficacy along each feature",
    "coverage": "Share of measurements inside the intervals, against the share promised",
    "importance": "What the network goes by: change of its output when a unit is shuffled",
    "paired_mutation": "What two positions of guide and target do together",
    "predicted_measured": "Predicted against measured efficacy",
    "residuals": "Errors against predicted efficacy",
    "attention": "Attention of guide positions on target positions",
    "mutation_logo": "Effect of each letter of a designed guide",
    "mutations_rank_1": "Every single mutation of the first candidate",
    "mutations_rank_2": "Every single mutation of the second candidate",
    "scan": "Predicted efficacy along an mRNA",
    "agreement": "How far the explanation methods agree, and two halves of each",
    "deltas": "Check of the attributions: their sum against the difference of outputs",
    "logo_highest": "Attributions of the promoters with the highest output",
    "logo_lowest": "Attributions of the promoters with the lowest output",
    "logos": "Attribution of each letter, promoter by promoter",
    "effects": "What each motif adds to telling the genes apart",
    "patterns": "Patterns in the attributions and the known motifs they resemble",
    "motifs": "Patterns in the attributions, to look at one by one",
    "figure1_model_performance": "Predicted against measured expression",
    "figure2_error_analysis": "Errors of the predictions: their size, and where they are large",
    "figure3_cell_type_performance": "Score in each cell type",
    "figure4_model_comparison": "Score of every model in each cell type, with its 95 % interval",
    "figure5_attention_mechanism": "Where each cell type looks along some promoters, and the attributions",
}
"""What a picture shows, by its name without the number of its notebook."""
CSS = """
main { max-width: 76rem; }
ul { list-style: none; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
li { border: 1px solid #ccc; border-radius: 4px; padding: .6rem; }
img { width: 100%; height: 11rem; object-fit: contain; background: white; }
p { margin: .4rem 0; }
"""


def shown(stem: str) -> str:
    """What the picture of a file name shows."""
    name = re.sub(r"^\d\d_", "", stem)
    return SHOWN.get(name, name.replace("_", " "))


def card(stem: Path) -> str:
    """A picture with its line and the forms it is there in."""
    forms = [suffix for suffix in ("html", "png", "csv") if stem.with_suffix(f".{suffix}").is_file()]
    place = stem.relative_to(FIGURES).as_posix()
    words = {"html": "interactive", "png": "PNG", "csv": "numbers"}
    links = " · ".join(f'<a href="{place}.{form}">{words[form]}</a>' for form in forms)
    said = html.escape(f"{shown(stem.name)}.")
    picture = f'<img src="{place}.png" alt="{said}" loading="lazy">' if "png" in forms else ""
    return f'<li><a href="{place}.{forms[0]}">{picture}</a><p>{said}</p><p><small>{links}</small></p></li>'


def page() -> str:
    """The whole index."""
    body = [
        "<h1>Pictures of the real profile</h1>",
        "<p>Drawn by <code>make figures</code> from public data, each with its numbers. It "
        "also writes each as SVG, for print, and the script with which the interactive pages work without a "
        "network.</p>",
    ]
    for track, question in TRACKS.items():
        files = (path for form in ("png", "html") for path in (FIGURES / track).glob(f"*.{form}"))
        stems = sorted({path.with_suffix("") for path in files})
        body += [f"<h2>{question}</h2>", "<ul>", *map(card, stems), "</ul>"]
    return pages.document("Pictures", "\n".join(body), CSS)


if __name__ == "__main__":
    (FIGURES / "index.html").write_text(page(), encoding="utf-8")
