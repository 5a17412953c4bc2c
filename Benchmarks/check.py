# SPDX-License-Identifier: Apache-2.0
"""Checks that what a run of the benchmark wrote is well-formed; says nothing about how fast anything is.

    check.py DIRECTORY   the directory with results.json, results.md and chart.svg
"""

import json
import math
import os
import re
import sys
import xml.etree.ElementTree

import goals
import report

# The trees are the same everywhere, and so are their tags.
TAGS = {"S": "81ba280d3a45b79cc3cdead38a85461ea33dc61d1e27ce5969c3e6d4bbdfd9e5"}
# The widest that a character of the chart is, as a share of the size of the letters.
CHARACTER = 0.68


def check(what, found):
    if not found:
        sys.exit(f"FAIL: {what}")
    print(f"ok: {what}")


def numbers(value):
    """All numbers in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for element in value for number in numbers(element)]
    return [value] if isinstance(value, (int, float)) else []


def check_results(results):
    check("the results have their format", results["format"] == 1 and results["machine"]["cores"] > 0)
    check("every number is one", all(math.isfinite(number) for number in numbers(results)))
    verdicts = {goals.MET, goals.MISSED, goals.NOISY}
    check("a figure has a verdict where it has a goal, and only there",
          all((row["verdict"] in verdicts) == (row["goal"] is not None) for row in results["rows"]))
    check("every tree has its time, files and limits",
          all(tree["wall"]["cold"] > 0 and tree["hashed_files"] > 0 and tree["limits"]["read"] > 0
              for tree in results["trees"].values()))
    for kind, tag in TAGS.items():
        if kind in results["trees"]:
            check(f"tree {kind} is the one that it always is", results["trees"][kind]["tag"] == tag)


def check_images(results):
    if not results.get("images"):
        return
    check("every build has its time", all(wall > 0 for walls in results["images"].values() for wall in walls.values()))


def tables(text):
    return [block.split("\n") for block in text.split("\n\n") if block.startswith("|")]


def check_tables(text):
    found = tables(text)
    check("there are tables", len(found) > 0)
    check("the lines of a table have as many cells",
          all(len({line.count("|") for line in lines}) == 1 and len(lines) > 2 for lines in found))


def check_readme(results, text):
    filled = report.filled(text, report.readme(results, "Benchmarks/results"))
    block = filled[filled.index(report.BEGIN):filled.index(report.END)]
    check("the README has a place for the chart and the table", "chart.svg" in block and len(tables(block)) == (1 if results.get("images") else 0))
    outside = re.compile(re.escape(report.BEGIN) + ".*?" + re.escape(report.END), re.DOTALL)
    check("nothing else of the README changes", outside.sub("", filled) == outside.sub("", text))
    check("to fill it twice is to fill it once", report.filled(filled, report.readme(results, "Benchmarks/results")) == filled)


def boxes(root):
    """Each text of the chart, and the rectangle that it takes at most."""
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        size = 16 if "title" in element.get("class") else 13
        width, x = len(element.text) * size * CHARACTER, float(element.get("x"))
        left = x - {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor")]
        yield element.text, left, left + width, float(element.get("y"))


def check_chart(root):
    width, height = float(root.get("width")), float(root.get("height"))
    texts = list(boxes(root))
    check("the chart has texts", len(texts) > 5)
    outside = [text for text, left, right, y in texts if left < -12 or right > width + 60 or not 0 < y < height]
    check(f"the texts of the chart stand in it {outside or ''}", not outside)
    over = [(one[0], other[0]) for number, one in enumerate(texts) for other in texts[:number]
            if abs(one[3] - other[3]) < 12 and one[1] < other[2] and other[1] < one[2]]
    check(f"no text of the chart stands over another {over or ''}", not over)


def main(folder):
    def read(name):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return file.read()

    results = json.loads(read("results.json"))
    check_results(results)
    check_images(results)
    check_tables(read("results.md"))
    check_chart(xml.etree.ElementTree.fromstring(read("chart.svg")))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "README.md"), encoding="utf-8") as file:
        check_readme(results, file.read())


main(*sys.argv[1:])
