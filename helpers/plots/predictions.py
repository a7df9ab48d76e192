"""The page of predictions: one table to sort and filter, with bars and links to heat maps."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from helpers.plots import style
from helpers.plots.documents import document
from helpers.plots.tables import need

_TABLE_CSS = """
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid #ddd;
  vertical-align: middle; white-space: nowrap; }
td.text { white-space: normal; overflow-wrap: anywhere; min-width: 5rem; }
thead th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #262626; }
th button { all: unset; cursor: pointer; font-weight: bold; }
th button:focus-visible { outline: 2px solid #0072B2; }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.status { display: inline-block; padding: 0 .5rem; border-radius: .6rem;
  border: 1px solid #8C8C8C; }
.changed { background: #FBE9C6; border-color: #E69F00; }
.rejected { background: #F7D9C9; border-color: #D55E00; }
form { display: flex; gap: 1rem; flex-wrap: wrap; margin: .8rem 0; }
svg.bar { width: 130px; height: 14px; }
@media print { form { display: none; } thead th { position: static; } body { max-width: none; }
  tr { break-inside: avoid; } }
"""

_TABLE_JS = """<script>
(function () {
  var body = document.querySelector("tbody"), rows = Array.from(body.rows);
  var text = document.getElementById("filter"), status = document.getElementById("status");
  var shown = document.getElementById("shown");
  function apply() {
    var wanted = text.value.toLowerCase(), count = 0;
    rows.forEach(function (row) {
      var fits = row.textContent.toLowerCase().includes(wanted) &&
        (!status.value || row.dataset.status === status.value);
      row.hidden = !fits; count += fits ? 1 : 0;
    });
    shown.textContent = count + " of " + rows.length + " rows shown";
  }
  text.addEventListener("input", apply); status.addEventListener("change", apply);
  document.querySelector("form").addEventListener("submit", function (e) { e.preventDefault(); });
  document.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () {
      var head = button.parentNode, place = head.cellIndex;
      var up = head.getAttribute("aria-sort") !== "ascending";
      head.parentNode.querySelectorAll("th").forEach(function (h) {
        h.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort(function (a, b) {
        var x = a.cells[place].dataset.key, y = b.cells[place].dataset.key;
        if (x === "" || y === "") return (x === "") - (y === "");
        var order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return up ? order : -order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
  apply();
})();
</script>"""


HEADS = (
    "Row", "RNA", "Peptide", "Probability of binding", "95 % interval", "Status", "Note", "Map",
)  # fmt: skip
"""Headings of the page's columns."""


def predictions_page(
    path: str | os.PathLike[str],
    table: pd.DataFrame,
    *,
    title: str,
    total: int | None = None,
    full_table: str | None = None,
    heads: Sequence[str] = HEADS,
) -> Path:
    """Write predictions as a page: a table to sort and filter, with bars and links to heat maps.

    Parameters
    ----------
    path : path
    table : pandas.DataFrame
        One row a pair, in the order of the input: `rna_id`, `protein_id`, `probability` (NaN when
        rejected), `status` (ok, changed, rejected), and optionally `ci_low`, `ci_high`, `note`,
        `heatmap` (path relative to the page) and `row` (line of the input, counted from 1).
        A page of more than some thousand rows is slow: give the first ones and the `total`.
    title : str
        Which file and which model.
    total : int, optional
        How many rows the whole result has, when `table` holds only its first ones.
    full_table : str, optional
        Path of the CSV with all rows, relative to the page; linked.
    heads : sequence of str, optional
        The eight headings, for pairs of another kind and values of another name.

    Returns
    -------
    Path
        The page; it needs no other file, except the heat maps it links to.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    need(table, ["rna_id", "protein_id", "probability", "status"], "predictions")
    total = len(table) if total is None else total
    counts = table["status"].value_counts()
    said = ", ".join(f"{count:,} {html.escape(str(name))}" for name, count in counts.items())
    part = f"The first {len(table):,} of {total:,} pairs" if total > len(table) else f"{total:,} pairs"
    link = f' All rows: <a href="{quote(full_table)}">{html.escape(full_table)}</a>.' if full_table else ""
    options = "".join(f"<option>{html.escape(str(name))}</option>" for name in counts.index)
    head = "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in heads)
    rows = [_row(place, row) for place, row in enumerate(table.to_dict("records"), start=1)]
    body = (
        f"<h1>{html.escape(title)}</h1>\n<p>{part}: {said}.{link} Click a heading to sort.</p>\n"
        '<form><label>Filter <input id="filter" type="search" placeholder="id or note"></label>'
        f'<label>Status <select id="status"><option value="">all</option>{options}</select></label>'
        '<span id="shown" role="status"></span></form>\n'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table>\n"
    )
    page = document(title, body + _TABLE_JS, _TABLE_CSS)
    return style.write_whole(Path(path), page.encode())


def _row(place: int, row: Mapping[object, object]) -> str:
    number = row.get("row", place)
    low, high, probability = (_number(row.get(k)) for k in ("ci_low", "ci_high", "probability"))
    between = f"{low:.3f} to {high:.3f}" if low is not None and high is not None else ""
    status = html.escape(str(row["status"]))
    heatmap = _text(row.get("heatmap"))
    link = f'<a href="{quote(heatmap)}">map</a>' if heatmap else ""
    bar = "" if probability is None else f"{_bar(probability, low, high)} {probability:.3f}"
    key = "" if probability is None else f"{probability:.6f}"
    cells = [
        f'<td class="number" data-key="{html.escape(str(number))}">{html.escape(str(number))}</td>',
        _cell(_text(row["rna_id"])),
        _cell(_text(row["protein_id"])),
        f'<td class="number" data-key="{key}">{bar}</td>',
        f'<td class="number" data-key="{"" if low is None else low}">{between}</td>',
        f'<td data-key="{status}"><span class="status {status}">{status}</span></td>',
        _cell(_text(row.get("note"))),
        f'<td data-key="{html.escape(heatmap)}">{link}</td>',
    ]
    return f'<tr data-status="{status}">{"".join(cells)}</tr>'


def _bar(probability: float, low: float | None, high: float | None) -> str:
    """A bar from 0 to 1 with its interval as a line; the number beside it says the same."""
    width = 100 * min(max(probability, 0.0), 1.0)
    whisker = ""
    if low is not None and high is not None:
        whisker = f'<path d="M{100 * low:.1f} 7H{100 * high:.1f}" stroke="#262626" stroke-width="2"/>'
    return (
        '<svg class="bar" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="14" fill="#E6E6E6"/>'
        f'<rect width="{width:.1f}" height="14" fill="#56B4E9"/>{whisker}</svg>'
    )


def _cell(text: str) -> str:
    safe = html.escape(text)
    return f'<td class="text" data-key="{safe}">{safe}</td>'


def _text(value: object) -> str:
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)


def _number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type,call-overload]
