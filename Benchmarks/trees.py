# SPDX-License-Identifier: Apache-2.0
"""Source trees to measure with: the same names and bytes on every machine, because all follow from a seed.

Each is a git repository. S, M and X are committed, so that `git status` has an index to compare with; L is not, because
git would keep another 4 GB of it.
"""

import dataclasses
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import time

SEED = 20_260
POOL = 4 << 20
SUFFIX_OF_STAMP = ".made.json"

WORDS = ("account archive batch buffer cache channel client cluster column config context cursor dataset decoder "
         "device driver encoder engine entry epoch event feature filter frame gateway graph handler header index "
         "input job kernel label layer ledger limit loader logger loss mapper matrix metric model module monitor "
         "node option order output packet parser path pipeline policy pool port query queue range reader record "
         "region report request result route sample schema score server session shard signal source stage state "
         "stream table target task tensor token trace trainer vector view volume weight worker writer").split()

ROOT_RULES = """# made by programs
__pycache__/
*.py[cod]
*.egg-info/
/build/
/dist/
node_modules/
.mypy_cache/
.pytest_cache/
.venv/
# left behind
*.log
*.tmp
!kept.log
/data/raw/**
"""
DOCKER_RULES = """# not for the image
**/*.bak
docs/site
!docs/site/KEEP
**/*.ipynb
"""
COMMON_RULES = ((".gitignore", ROOT_RULES), (".dockerignore", DOCKER_RULES))


@dataclasses.dataclass(frozen=True)
class Part:
    """Files below one folder: how many, in how many folders of at most which depth, and how large in the mean."""
    base: str
    files: int
    folders: int
    depth: int
    mean: int
    suffixes: tuple
    binary: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    """A tree. What `ignored` holds is left out by the rules."""
    about: str
    kept: tuple
    ignored: tuple = ()
    rules: tuple = COMMON_RULES
    committed: bool = True
    same_size: bool = False

    @property
    def files(self):
        return sum(part.files for part in self.kept + self.ignored) + len(self.rules)

    @property
    def bytes(self):
        return sum(part.files * part.mean for part in self.kept + self.ignored)

    def disk(self):
        """About how many bytes it takes on a disk with blocks of 4 KiB, with what git keeps of it."""
        return self.files * 3072 + self.bytes + (self.bytes + self.files * 200 if self.committed else 0)


PLANS = {
    "S": Plan(
        "2,000 files, 20 MB",
        kept=(
            Part("src/acme", 900, 60, 4, 9_500, (".py",)),
            Part("tests", 420, 30, 3, 7_500, (".py", ".yaml")),
            Part("docs/pages", 200, 20, 3, 9_000, (".md", ".rst")),
            Part("assets", 136, 6, 1, 26_000, (".json", ".csv", ".png"), binary=True),
        ),
        ignored=(
            Part("src/acme/__pycache__", 130, 1, 0, 9_500, (".pyc",), binary=True),
            Part("build/lib", 110, 12, 3, 9_500, (".py",)),
            Part("docs/site", 60, 6, 2, 12_000, (".html",)),
            Part("data/raw", 40, 3, 1, 15_000, (".bin",), binary=True),
        ),
        rules=COMMON_RULES + (
            ("tests/.gitignore", "*.snapshot\n/output/\n!wanted.snapshot\n"),
            ("src/.gitignore", "*.orig\n"),
        ),
    ),
    "M": Plan(
        "50,000 files, 413 MB, 30 % ignored",
        kept=(
            Part("src", 18_000, 1_500, 6, 8_000, (".py", ".pyi", ".json", ".txt")),
            Part("packages", 9_000, 900, 7, 7_000, (".ts", ".tsx", ".css", ".json")),
            Part("tests", 5_000, 400, 4, 6_000, (".py", ".yaml")),
            Part("docs/pages", 2_000, 200, 4, 9_300, (".md", ".svg")),
            Part("data/tables", 996, 50, 2, 28_000, (".csv", ".bin"), binary=True),
        ),
        ignored=(
            Part("node_modules", 8_000, 1_200, 6, 7_000, (".js", ".json", ".map")),
            Part("build", 2_500, 240, 4, 9_300, (".o", ".py", ".txt"), binary=True),
            Part("src/core/__pycache__", 1_000, 1, 0, 9_300, (".pyc",), binary=True),
            Part(".mypy_cache/3.12", 1_000, 60, 3, 6_200, (".json",)),
            Part("docs/site", 1_000, 80, 3, 12_400, (".html", ".css")),
            Part("data/raw", 1_000, 20, 2, 21_000, (".bin",), binary=True),
            Part("runs", 300, 10, 2, 5_000, (".log", ".tmp")),
            Part("packages/made", 200, 5, 1, 5_000, (".made.ts",)),
        ),
        rules=COMMON_RULES + (
            ("packages/.gitignore", "*.made.ts\n/out/\n"),
            ("src/.gitignore", "*.orig\n*.rej\n"),
        ),
    ),
    "X": Plan(
        "200,000 files, 200 MB",
        kept=(Part("packages", 199_998, 2_500, 5, 1_000, (".py", ".txt", ".json", ".yaml")),),
    ),
    "L": Plan(
        "40 files of 100 MB",
        kept=(Part("weights", 40, 1, 0, 100_000_000, (".bin",), binary=True),),
        rules=(), committed=False, same_size=True,
    ),
}


class Generator:
    """Everything that is drawn by lot, in one order."""

    def __init__(self, kind):
        self.random = random.Random(f"{SEED}/{kind}")
        self.binary = self.random.randbytes(POOL)
        self.text = self._text()

    def _text(self):
        lines, size = [], 0
        while size < POOL:
            words = [self.word() for _ in range(2 + self.below(9))]
            line = " " * (4 * self.below(4)) + " ".join(words) + "\n"
            lines.append(line)
            size += len(line)
        return "".join(lines).encode()[:POOL]

    def below(self, bound):
        return int(self.random.random() * bound)

    def word(self):
        return WORDS[self.below(len(WORDS))]

    def folders(self, part):
        """Paths of folders: each below one drawn from those before it, as trees of real projects grow."""
        paths = [part.base]
        base_depth = part.base.count("/")
        for number in range(part.folders - 1):
            parent = paths[self.below(len(paths))]
            if parent.count("/") - base_depth >= part.depth:
                parent = part.base
            paths.append(f"{parent}/{self.word()}{number}")
        return paths

    def sizes(self, part, same_size):
        """Log-normal, as sizes of source files are: many small ones, few large ones; the sum is as planned."""
        if same_size:
            return [part.mean] * part.files
        sizes = [self.random.lognormvariate(math.log(part.mean) - 0.5, 1.0) for _ in range(part.files)]
        factor = part.mean * part.files / math.fsum(sizes)
        return [int(size * factor) for size in sizes]

    def content(self, path, size, binary):
        """The bytes of a file, in pieces; its path comes first, so that no two are the same."""
        head = f"# {path}\n".encode()[:size]
        yield head
        left, pool = size - len(head), self.binary if binary else self.text
        while left > 0:
            start = self.below(POOL - 1)
            piece = pool[start:start + left]
            left -= len(piece)
            yield piece


def listing(generator, plan):
    """(path, size, whether binary) of each file of a plan."""
    for part in plan.kept + plan.ignored:
        folders = generator.folders(part)
        for number, size in enumerate(generator.sizes(part, plan.same_size)):
            folder = folders[generator.below(len(folders))]
            suffix = part.suffixes[number % len(part.suffixes)]
            yield f"{folder}/{generator.word()}_{number}{suffix}", size, part.binary


def write(kind, root):
    """Writes the files of a tree into a folder that does not exist yet."""
    plan, generator = PLANS[kind], Generator(kind)
    os.makedirs(root)
    folders, files, total = {""}, 0, 0
    texts = [(path, len(text), [text.encode()]) for path, text in plan.rules]
    drawn = ((path, size, generator.content(path, size, binary)) for path, size, binary in listing(generator, plan))
    for source in (texts, drawn):
        for path, size, pieces in source:
            folder = os.path.dirname(path)
            if folder not in folders:
                os.makedirs(os.path.join(root, folder), exist_ok=True)
                folders.add(folder)
            with open(os.path.join(root, path), "wb", buffering=0) as output:
                for piece in pieces:
                    output.write(piece)
            files, total = files + 1, total + size
    return {"files": files, "bytes": total}


def commit(plan, root, environment):
    """Makes the folder a repository whose index is newer than every file, so that git need not read any again."""

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)

    git("init", "--quiet", "--initial-branch", "main")
    if not plan.committed:
        return
    time.sleep(1.1)
    # One pack, uncompressed: 200,000 files more would take longer to make than all runs.
    fast = ["-c", "core.bigFileThreshold=1", "-c", "core.compression=0", "-c", "gc.auto=0"]
    git(*fast, "add", "--all")
    git(*fast, "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message", "tree")
    git("status", "--porcelain")


def generator_digest():
    with open(__file__, "rb") as source:
        return hashlib.sha256(source.read()).hexdigest()


def stamp(folder, kind):
    """What an earlier run wrote when the tree was complete; None where it is not, or of another generator."""
    try:
        with open(os.path.join(folder, kind + SUFFIX_OF_STAMP)) as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if found.get("generator") == generator_digest() else None


def missing_bytes(folder, kinds):
    """About how many bytes of disk the trees need that are not there yet."""
    return sum(PLANS[kind].disk() for kind in kinds if stamp(folder, kind) is None)


def make(folder, kind, environment):
    """The tree's folder, made where it is not complete, and its number of files and bytes."""
    root, found = os.path.join(folder, kind), stamp(folder, kind)
    if found is None:
        os.makedirs(folder, exist_ok=True)
        if os.path.lexists(root):
            shutil.rmtree(root)
        found = write(kind, root)
        commit(PLANS[kind], root, environment)
        found["generator"] = generator_digest()
        path = os.path.join(folder, kind + SUFFIX_OF_STAMP)
        with open(path + ".new", "w") as file:
            json.dump(found, file)
        os.replace(path + ".new", path)
    return root, found
