"""Report of patterns and the known motifs they are like: one file, images inside, to be mailed."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.plots import logos, style
from helpers.plots.documents import document
from helpers.plots.motifs import PatternCard, small_logo, turned
from helpers.sequences.alphabet import Alphabet

_CSS = """
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ddd;
  vertical-align: top; }
thead th { border-bottom: 2px solid #262626; }
td.logos img { display: block; height: 62px; margin-bottom: .2rem; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.match { display: flex; gap: .8rem; align-items: center; margin-bottom: .4rem; }
.match img { height: 52px; } .lowers { color: #0072B2; } .raises { color: #D55E00; }
@media print { tr { break-inside: avoid; } }
"""


def motif_report(
    path: str | os.PathLike[str],
    cards: Sequence[PatternCard],
    alphabet: Alphabet,
    *,
    title: str,
    notes: Sequence[str] = (),
    most_q: float = 0.05,
    both_strands: bool = True,
) -> Path:
    """Write the report: every pattern with its seqlets, its logo, and its significant matches.

    Parameters
    ----------
    path : path
        The page; it needs no other file and no network, but its links lead to JASPAR.
    cards : sequence of PatternCard
        In the order in which they are listed; an empty sequence gives a page that says so.
    alphabet : Alphabet
    title : str
        Any text.
    notes : sequence of str, optional
        Lines below the title: data, model, library, settings.
    most_q : float, optional
        Largest q-value of a match that is listed.
    both_strands : bool, optional
        Draw each logo on the other strand as well; False for RNA.

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> import tempfile
    >>> from helpers.sequences.alphabet import DNA
    >>> page = motif_report(Path(tempfile.mkdtemp()) / "m.html", [], DNA, title="A < B")
    >>> "A &lt; B" in page.read_text(), "No pattern" in page.read_text()
    (True, True)
    """
    body = [f"<h1>{html.escape(title)}</h1>"]
    body += [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    if not cards:
        body.append("<p>No pattern stands out from these attributions.</p>")
    else:
        body.append(
            f'<p class="note">Logos show mean contributions (logit). Matches by TOMTOM with a '
            f"q-value of at most {most_q:g}; a pattern without one has none so good.</p>"
        )
        body.append(
            '<table><thead><tr><th scope="col">pattern</th><th scope="col">seqlets</th>'
            '<th scope="col">contributions</th><th scope="col">known motifs</th></tr></thead>'
            "<tbody>"
        )
        body += [_row(card, alphabet, most_q, both_strands) for card in cards]
        body.append("</tbody></table>")
    return style.write_whole(Path(path), document(title, "\n".join(body), _CSS).encode())


def _row(card: PatternCard, alphabet: Alphabet, most_q: float, both_strands: bool) -> str:
    name = html.escape(card.name)
    what = "raises" if card.sign > 0 else "lowers"
    pictures = [_image(card.contributions, alphabet, f"logo of {card.name}")]
    if both_strands:
        order = [alphabet.letters.index(alphabet.complement(x)) for x in alphabet.letters]
        turned = np.asarray(card.contributions)[::-1, order]
        pictures.append(_image(turned, alphabet, f"logo of {card.name}, other strand"))
    found = card.significant(most_q)
    listed = "".join(_match(match, card, alphabet) for _, match in found.iterrows())
    return (
        f'<tr><th scope="row">{name}<br><span class="{what}">{what} the output</span></th>'
        f'<td class="number">{card.count}</td><td class="logos">{"".join(pictures)}</td>'
        f"<td>{listed or 'none'}</td></tr>"
    )


def _match(match: pd.Series, card: PatternCard, alphabet: Alphabet) -> str:
    text = html.escape(str(match["id"]))
    if match["url"]:
        text = f'<a href="{html.escape(str(match["url"]), quote=True)}">{text}</a>'
    family = f", {html.escape(str(match['family']))}" if match["family"] else ""
    picture = ""
    if match["id"] in card.known:
        heights = logos.information(turned(card.known[match["id"]], match, alphabet), alphabet)
        picture = _image(heights, alphabet, f"logo of {match['id']}")
    return (
        f'<div class="match">{picture}<span>{html.escape(str(match["name"]))} ({text}){family}'
        f"<br>q = {match['q']:.2g}</span></div>"
    )


def _image(heights: np.ndarray, alphabet: Alphabet, description: str) -> str:
    content = base64.b64encode(small_logo(np.asarray(heights, dtype=float), alphabet)).decode()
    text = html.escape(description, quote=True)
    return f'<img src="data:image/png;base64,{content}" alt="{text}">'
