# SPDX-License-Identifier: Apache-2.0
"""The tables of a run, from its JSON: for the terminal, for a file, for the README."""

import re
import unicodedata

import goals
from chart import duration, times
from images import ENGINES, TITLES, WORK

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
PEERS = ("flytekit", "sha256sum", "git status")


def shown(kind, value):
    """A figure as the tables show it."""
    if value is None:
        return ""
    return {
        "ratio": times, "seconds": duration, "nanoseconds": lambda nanoseconds: duration(nanoseconds / 1e9),
        "share": lambda share: f"{share * 100:.1f} %", "megabytes": lambda megabytes: f"{megabytes:.1f} MB",
    }[kind](value)


def goal(row):
    """A row's goal, as it was set: without zeros that nobody wrote."""
    if row["goal"] is None:
        return ""
    return ("≥ " if row["kind"] in ("ratio", "share") else "≤ ") + re.sub(
        r"\.0+(?=\D)|(\.\d*?)0+(?=\D)", r"\1", shown(row["kind"], row["goal"]))


def width(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(head, rows):
    """A Markdown table whose columns stand below each other on a terminal, too."""
    lines = [list(head), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]

    def line(cells):
        return "| " + " | ".join(cell + " " * (room - width(cell)) for cell, room in zip(cells, widths)) + " |"

    return "\n".join([line(lines[0]), "|" + "|".join("-" * (room + 2) for room in widths) + "|", *map(line, lines[1:])])


def percent(share):
    return "unknown" if share is None else f"{share * 100:.0f} %"


def rows_of(results, *groups, kinds=None):
    return [row for row in results["rows"] if row["group"] in groups and (kinds is None or row["kind"] in kinds)]


# --- sections -------------------------------------------------------------------------------------------------------


def about(results):
    machine, facts = results["machine"], []
    memory = f", {machine['memory'] / 1e9:.0f} GB" if machine["memory"] else ""
    facts.append(f"{machine['date']}, {machine['processor']}, {machine['cores']} cores{memory}, {machine['system']}, "
                 f"kernel {machine['kernel']}.")
    programs = [f"imagespec {machine['imagespec']} ({machine['commit']})", f"flytekit {machine['flytekit']}",
                f"Python {machine['python']}", machine["git"], machine["sha256sum"], machine["openssl"]]
    facts.append(", ".join(program for program in programs if program) + ".")
    facts.append(f"Medians of {results['runs']} runs of whole processes, in turn, with all files in memory.")
    if results["quick"]:
        facts.append("A quick run: it shows that everything works, and no figures to rely on.")
    return "\n".join(facts)


def noise(results):
    loud = [f"{name} (others had {percent(block['others'])} of the processors, unchanging work spread by "
            f"{percent(block['calibration_spread'])})" for name, block in results["blocks"].items() if block["noisy"]]
    if loud:
        return "**The machine was too noisy to tell** during: " + "; ".join(loud) + "."
    most = max((block["others"] or 0 for block in results["blocks"].values()), default=0)
    return f"The machine was quiet: others had at most {percent(most)} of the processors."


def medians(results):
    names = ("cold", "warm", *PEERS)
    head = ("tree", "files hashed", "cold", "warm", "flytekit", "`xargs -P sha256sum`", "`git status`")
    rows = [(f"{kind}: {tree['about']}", f"{tree['hashed_files']:,}",
             *[duration(tree["wall"][name]) if name in tree["wall"] else "" for name in names])
            for kind, tree in results["trees"].items()]
    return table(head, rows)


def bare_calls(results, row):
    """How many times as fast as a peer the model is, which is the limit for these calls; None if unknown."""
    limit = results["trees"][row["group"]]["limits"].get("model" if row["what"].startswith("cold") else "stat_model")
    return row["peer"] / limit if row["kind"] == "ratio" and limit else None


def verdict(row, most):
    """Whether a goal was met; where it was not, whether this machine would allow it."""
    if row["verdict"] == goals.MISSED and most is not None and most < row["goal"]:
        return goals.MISSED + ", as by bare calls"
    return row["verdict"]


def against_peers(results):
    rows = []
    for row in rows_of(results, *results["trees"], kinds=("ratio", "share")):
        most = bare_calls(results, row)
        rows.append((row["group"], row["what"], duration(row["ours"]), duration(row["peer"]),
                     shown(row["kind"], row["value"]), f"{shown(row['kind'], row['low'])} to {shown(row['kind'], row['high'])}",
                     shown("ratio", most), goal(row), verdict(row, most)))
    return table(("tree", "imagespec against", "imagespec", "other program", "reached", "half of the runs", "bare calls", "goal",
                  ""), rows)


def limits(results):
    rows = []
    for kind, tree in results["trees"].items():
        limit = tree["limits"]
        rows.append((
            kind, duration(limit["read_call"]), duration(limit["stat_call"]), duration(limit["walk_entry"]),
            f"{limit['openssl'] / 1e9:.2f} GB/s" if "openssl" in limit else "",
            " + ".join(duration(limit[name]) for name in ("read", "walk", "hashing") if name in limit),
            duration(limit["model"]) if "model" in limit else "", duration(limit["stat_model"])))
    return table(("tree", "read a file", "`fstatat`", "directory entry", "SHA-256, one core",
                  "read + walk + hash, all cores", "model, cold", "model, warm"), rows)


def images(results, with_goals=True):
    """The medians of builds by what was done and by engine."""
    wanted = {row["what"]: row for row in rows_of(results, "images", kinds=("seconds",))}
    rows = []
    for work, walls in results["images"].items():
        row = wanted.get(WORK[work])
        verdict = (goal(row) if row else "", row["verdict"] if row else "") if with_goals else ()
        rows.append((WORK[work], *[duration(walls[engine]) if engine in walls else "" for engine in ENGINES], *verdict))
    titles = ("goal of builtin", "") if with_goals else ()
    return table(("build and push", *[TITLES[engine] for engine in ENGINES], *titles), rows)


def images_against_engines(results):
    rows = [(row["what"], shown("ratio", row["value"]), f"{shown('ratio', row['low'])} to {shown('ratio', row['high'])}", goal(row),
             row["verdict"]) for row in rows_of(results, "images", kinds=("ratio",))]
    return table(("builtin", "times as fast", "half of the runs", "goal", ""), rows)


def small(results):
    names = {"start": "", "calls": "", "memory": "most memory: "}
    rows = [(names[row["group"]] + row["what"], shown(row["kind"], row["value"]), goal(row), row["verdict"])
            for row in rows_of(results, *names)]
    return table(("what", "median", "goal", ""), rows)


METHOD = """\
* *Images*: `imagespec build FILE`, with `--engine` for buildah and docker, a registry on loopback, and Debian 12 as the base image; a spec with numpy, pandas,
  three small packages and 21 source files. For a first build, the spec has `cache: false` and a new repository; the base image
  and uv's cache are known to all. *Nothing changed* is a single request to the registry with every engine.
* *cold*: `IMAGESPEC_CACHE=off`, with the files in the page cache. *warm*: with a separate digest cache that an earlier run has
  filled.
* `sha256sum` gets the list of the files that imagespec hashes, from `xargs -0 -P` with a process for each core. xargs splits
  the list at 128 KiB, so a short list is processed by a single process.
* *model of the machine, cold*: the startup of an empty program; `openat`, `fstat`, `read` and `close` for each file and
  `getdents` for each directory, by a small C program with a thread for each core; and the time to hash the bytes at the rate of
  `openssl speed -evp sha256` on all cores. *Warm*: the startup, and `fstatat` for each file and directory. openssl hashes one
  message at a time. On processors with SHA-256 instructions imagespec hashes two per core, so it can exceed 100 % of the model.
* *bare calls*: the speed of the model relative to the other program.
* A figure is too noisy if its runs differ by more than 10 % (median distance from the median), if other programs used more
  than 10 % of the processors, or if constant work varied by more than 5 %, unless three quarters of the runs meet the goal
  anyway."""


def skipped(results):
    return "\n".join(f"* {skip['what']}: {skip['reason']}" for skip in results["skipped"])


def markdown(results):
    parts = ["# Benchmarks", about(results), noise(results)]
    if results["trees"]:
        parts += ["## Tags of source trees", medians(results), against_peers(results),
                  "## Limits of this machine", limits(results)]
    if results.get("images"):
        parts += ["## Images", images(results), images_against_engines(results)]
    parts += ["## Start, calls, memory", small(results)]
    if results["skipped"]:
        parts += ["## Skipped", skipped(results)]
    return "\n\n".join([*parts, "## How it is measured", METHOD]) + "\n"


# --- the README -----------------------------------------------------------------------------------------------------


def readme(results, folder):
    """What stands between the marks in the README; folder is where the chart lies. The other tables are in results.md."""
    machine = results["machine"]
    return "\n\n".join([
        f"![Time to compute the tag of a source tree with imagespec and with other tools]({folder}/chart.svg)",
        f"On {machine['cores']} cores ({machine['processor']}, {machine['system']}, {machine['date']}), medians of "
        f"{results['runs']} runs; [all figures]({folder}/results.md) and what they mean.",
        *(["Time to build an image of packages and source files and push it to a registry, without an engine (*builtin*) and with container engines:",
           images(results, with_goals=False)] if results.get("images") else []),
    ])


def filled(text, block):
    """A README's text with another block between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"
