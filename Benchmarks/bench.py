# SPDX-License-Identifier: Apache-2.0
"""Measures imagespec beside flytekit, sha256sum, git and the limits of the machine; called by Scripts/bench."""

import argparse
import dataclasses
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys

import blocks
import chart
import images
import measure
import prepare
import report
import trees


def arguments(words):
    parser = argparse.ArgumentParser(
        prog="Scripts/bench", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares imagespec with flytekit, sha256sum, git status and the limits of this machine.",
        epilog="S 2,000 files; M 50,000; X 200,000; L 40 of 100 MB. All trees require about 6 GB of disk space and ten minutes.")
    parser.add_argument("--quick", action="store_true", help="measure only tree S with few runs, to check that everything works")
    parser.add_argument("--trees", metavar="S,M,X,L", help="trees to measure, or none (default: all)")
    parser.add_argument("--no-images", action="store_true", help="build no images, which needs root, a registry, buildah and dockerd")
    parser.add_argument("--runs", type=int, metavar="N", help="number of runs of each program (default: 11)")
    parser.add_argument("--out", metavar="DIRECTORY", help="directory for results.md, results.json and chart.svg")
    parser.add_argument("--cache", metavar="DIRECTORY", help="directory for the generated trees (default: .build/bench)")
    parser.add_argument("--tool", metavar="PROGRAM", help="imagespec program to measure (default: build the release tool)")
    parser.add_argument("--readme", action="store_true", help="write to Benchmarks/results and update the README")
    parser.add_argument("--render", action="store_true", help="only render the existing results.json again")
    parser.add_argument("--parse", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    default = "S" if options.quick else "S,M,X,L"
    options.trees = [] if options.trees == "none" else (options.trees or default).upper().split(",")
    wrong = [kind for kind in options.trees if kind not in trees.PLANS]
    if wrong:
        parser.error(f"unknown tree {wrong[0]}; the trees are {', '.join(trees.PLANS)}")
    if options.runs is None:
        options.runs = 3 if options.quick else 11
    if options.runs < 2:
        parser.error("--runs: must be at least 2 to compute a spread")
    if options.readme and options.quick:
        parser.error("--readme cannot be combined with --quick")
    options.cache = os.path.abspath(options.cache or os.path.join(prepare.PACKAGE, ".build/bench"))
    own = os.path.join(prepare.HERE, "results") if options.readme else os.path.join(options.cache, "results")
    options.out = os.path.abspath(options.out or own)
    options.tool = os.path.abspath(options.tool or os.path.join(prepare.PACKAGE, ".build/release/imagespec"))
    return options


def size(count):
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def check_room(folder, kinds):
    """Ends where the disk has no room for the trees; warns where memory has none."""
    os.makedirs(folder, exist_ok=True)
    needed, free = trees.missing_bytes(os.path.join(folder, "trees"), kinds), shutil.disk_usage(folder).free
    prepare.say(f"the trees need {size(needed)} more in {folder}; {size(free)} are free")
    # A full disk would be noticed by others, too.
    if needed * 1.1 + 100e6 > free:
        sys.exit("Scripts/bench: too little disk; choose another folder with --cache or fewer trees with --trees")


def warn_of_memory(bench, kinds):
    memory = prepare.memory()
    for kind in kinds:
        if memory and trees.PLANS[kind].bytes * 1.5 > memory:
            bench.skip(f"{kind} in memory", "this machine has too little memory to keep its files; the disk is measured, too")


def attempt(bench, what, action):
    """What action returns; None, and a line under "skipped", where something that it needs is missing."""
    try:
        return action()
    except (prepare.Missing, measure.Failure) as problem:
        bench.skip(what, str(problem))
        return None


def run(options):
    if not os.access(options.tool, os.X_OK):
        sys.exit(f"Scripts/bench: {options.tool} is no program; build it, or name another with --tool")
    machine = prepare.machine(options.tool, measure.cores())
    check_room(options.cache, options.trees)
    try:
        programs = prepare.compiled(os.path.join(options.cache, "bin"))
    except prepare.Missing as problem:
        sys.exit(f"Scripts/bench: {problem}")
    # A copy, as whoever installs it makes one: what a linker wrote lies in memory in small pieces, and each start takes half a
    # millisecond longer.
    tool = os.path.join(options.cache, "bin", "imagespec")
    shutil.copy(options.tool, tool + ".new")
    os.replace(tool + ".new", tool)
    bench = blocks.Bench(options.cache, tool, programs, None, options.runs, options.quick)
    bench.python = attempt(bench, "flytekit", lambda: prepare.flytekit(5 if options.quick else 30))
    warn_of_memory(bench, options.trees)
    calls = attempt(bench, "calls", prepare.identity_benchmark) if not options.quick else None
    for kind in options.trees:
        prepare.say(f"making tree {kind}, where it is not there yet")
        trees.make(os.path.join(options.cache, "trees"), kind, bench.environment)
    prepare.say("measuring the start of programs")
    bench.start()
    if options.quick:
        bench.skip("calls of id and tag", "a quick run builds nothing")
    elif calls:
        prepare.say("measuring calls of id and tag")
        attempt(bench, "calls", lambda: bench.calls(calls))
    for kind in options.trees:
        prepare.say(f"measuring tree {kind}")
        bench.tree(kind)
    built = None if options.no_images else attempt(bench, "images", lambda: images.block(bench))
    return {
        "format": 1, "quick": options.quick, "runs": options.runs, "machine": machine,
        "noisy": any(block["noisy"] for block in bench.blocks.values()), "blocks": bench.blocks,
        "rows": [dataclasses.asdict(row) for row in bench.rows], "trees": bench.trees, "images": built, "skipped": bench.skipped,
        "times": bench.times,
    }


def lock(folder):
    """Lets nobody else measure or make trees in the folder. Held until the process ends."""
    os.makedirs(folder, exist_ok=True)
    file = open(os.path.join(folder, "lock"), "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"Scripts/bench: another run uses {folder}; wait for it, or choose another folder with --cache")
    return file


def as_json(results):
    """Lists of numbers stand in one line each."""
    text = json.dumps(results, ensure_ascii=False, indent=1)
    return re.sub(r"\[\s*([-+0-9.eE,\s]+?)\s*\]", lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", text) + "\n"


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def publish(results, options):
    os.makedirs(options.out, exist_ok=True)
    write(os.path.join(options.out, "results.json"), as_json(results))
    write(os.path.join(options.out, "results.md"), report.markdown(results))
    if results["trees"]:
        write(os.path.join(options.out, "chart.svg"), chart.svg(results))
    if options.readme:
        path = os.path.join(prepare.PACKAGE, "README.md")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        write(path, report.filled(text, report.readme(results, os.path.relpath(options.out, prepare.PACKAGE))))


def main():
    options = arguments(sys.argv[1:])
    if options.parse:
        return
    try:
        if options.render:
            with open(os.path.join(options.out, "results.json"), encoding="utf-8") as file:
                results = json.load(file)
        else:
            held = lock(options.cache)
            results = run(options)
            held.close()
        publish(results, options)
    except (measure.Failure, OSError, ValueError, subprocess.CalledProcessError) as problem:
        sys.exit(f"Scripts/bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(report.markdown(results), end="")
    prepare.say(f"written to {options.out}")


if __name__ == "__main__":
    main()
