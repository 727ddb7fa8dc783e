#!/usr/bin/env python3
"""Our adder graphs beside da4ml's: cmvm_table.py RESULTS.json PEERS.json prints a Markdown table.

Of each matrix in RESULTS: for each point of da4ml's front, of our rows that are no deeper the one with the fewest cost_bits.
Exits with 1 when a point is not beaten in both measures of bits.
"""
import json
import sys


def smaller_by(ours, theirs):
    return 100.0 * (1.0 - ours / theirs)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: cmvm_table.py RESULTS.json PEERS.json")
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = json.load(file)["results"]
    with open(sys.argv[2], encoding="utf-8") as file:
        peers = json.load(file)
    print("| matrix | depth | adders | full-adder bits | result bits | da4ml: adders | full-adder bits | result bits "
          "| fewer full-adder bits | fewer result bits |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    beaten = True
    measured = {r["matrix"] for r in rows}
    for matrix, peer in peers.items():
        if matrix not in measured:
            continue
        for point in peer["da4ml_best_at_depth"]:
            fit = [r for r in rows if r["matrix"] == matrix and r["depth"] <= point["depth"] and r["exact"]]
            if not fit:
                print(f"| {matrix} | {point['depth']} | none |")
                beaten = False
                continue
            best = min(fit, key=lambda r: (r["cost_bits"], r["result_bits"]))
            beaten = beaten and best["cost_bits"] < point["cost_bits"] and best["result_bits"] < point["result_bits"]
            print(f"| {matrix} | {point['depth']} | {best['adders']} | {best['cost_bits']} | {best['result_bits']} "
                  f"| {point['adders']} | {point['cost_bits']} | {point['result_bits']} "
                  f"| {smaller_by(best['cost_bits'], point['cost_bits']):.1f} % "
                  f"| {smaller_by(best['result_bits'], point['result_bits']):.1f} % |")
    sys.exit(0 if beaten else 1)


if __name__ == "__main__":
    main()
