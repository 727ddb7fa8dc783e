#!/usr/bin/env python3
"""Prints the tables of docs/quality.md from the JSON files that `make quality-table` writes."""

import json
import pathlib
import sys

SAMPLES = ("sparse", "dense")
LINKS = (2, 3, 4, 5)
LOST_THAT_COUNTS = 0.01  # as flows::kLostThatCounts


def cell(row):
    """(mean EMD, whether it stands for all events) of one row of aegen evaluate."""
    overall = row["overall"]
    charged = overall["events"] - overall["zero_true"]
    lost = max(row.get("lost", 0), overall["zero_reconstructed"])
    return overall["emd"]["mean"], lost < LOST_THAT_COUNTS * charged


def interpreted(folder, sample):
    """{name: {links: cell}} of a sample, the autoencoders first."""
    table = {"autoencoder": {}, "PCA, as many values as latents": {}}
    for etx in LINKS:
        file = folder / f"quality_{sample}_{etx}etx.json"
        if not file.exists():
            continue
        result = json.loads(file.read_text())
        table["autoencoder"][etx] = cell(result["codec"])
        components = [row for row in result["beside"] if row["name"].startswith("PCA")]
        table["PCA, as many values as latents"][etx] = cell(components[-1])
        table.setdefault(components[0]["name"], {})[etx] = cell(components[0])
        for row in result["beside"]:
            if row not in components:
                table.setdefault(row["name"], {})[etx] = cell(row)
    return table


def simulated(files):
    """The same of comparisons' JSON, the models' designs as one row."""
    table = {"autoencoder": {}}
    for row in (row for file in files for row in json.loads(file.read_text())["rows"]):
        own = row["encoder"] == "autoencoder"
        if own and row["design"] == "econ_t":
            continue  # the example's, which is made for other events
        name = "autoencoder" if own else row["variant"].split(" (")[0]
        flat = {"overall": row["metrics"], "lost": row["lost"]}
        table.setdefault(name, {})[row["etx"]] = cell(flat)
    return table


def show(title, table):
    """Markdown: the best of what a link carries in bold, means over part of the events starred."""
    print(f"\n### {title}\n\n| | " + " | ".join(map(str, LINKS)) + " |")
    print("|---|" + "--:|" * len(LINKS))
    best = {
        etx: min((row[etx][0] for name, row in table.items()
                  if etx in row and row[etx][1] and not name.startswith("PCA")), default=None)
        for etx in LINKS
    }
    for name, row in table.items():
        cells = []
        for etx in LINKS:
            if etx not in row:
                cells.append("")
                continue
            mean, whole = row[etx]
            text = f"{mean:.3f}" if whole else f"{mean:.2f}\\*"
            bold = whole and not name.startswith("PCA") and mean == best[etx]
            cells.append(f"**{text}**" if bold else text)
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "bench/results")
    for sample in SAMPLES:
        table = interpreted(folder, sample)
        if table["autoencoder"]:
            show(f"{sample}: integers of encoder and decoder", table)
    for sample in SAMPLES:
        files = sorted(folder.glob(f"quality_{sample}_rtl_*.json"))
        if files:
            show(f"{sample}: RTL, link and SystemC board", simulated(files))


if __name__ == "__main__":
    main()
