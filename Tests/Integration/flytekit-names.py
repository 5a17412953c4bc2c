#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the tool's flytekit scheme with flytekit itself, on random specs and trees.

    Tests/Integration/flytekit-names.py [--seed N] [--count 300] [--tool .build/debug/imagespec] [--keep]

Installs flytekit from PyPI into a virtual environment below .build/ at the first run. Needs git and Python 3 with venv.
Prints the seed, every difference, and how many specs passed; the exit status is 1 where one differs, and 77 where
something that it needs is missing.

What depends on a host is pinned: os.walk goes through sub-folders in sorted order, git has no configuration but that of
the tree. What Python 3.11 knows about characters is compared for all of them, where this is Python 3.11.
"""

import argparse
import itertools
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import types
import unicodedata
import warnings

VERSION = "1.16.14"
PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(PACKAGE, ".build", "flytekit-venv")


def missing(what):
    print(f"flytekit-names.py: {what}", file=sys.stderr)
    sys.exit(77)


def enter_environment():
    """Starts this script again under a Python that has flytekit."""
    python = os.path.join(VENV, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        return
    if not os.path.exists(os.path.join(VENV, "installed-" + VERSION)):
        if subprocess.run([sys.executable, "-m", "venv", VENV]).returncode != 0:
            missing("cannot make a virtual environment")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "flytekit==" + VERSION]
        if subprocess.run(pip).returncode != 0:
            missing("cannot install flytekit " + VERSION)
        open(os.path.join(VENV, "installed-" + VERSION), "w").close()
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


# --- random specs ------------------------------------------------------------------------------------------------

WORDS = ["numpy", "pandas==2.2.3", "a'b", 'a"b', "it's \"so\"", "c:\\path", "", " lead", "naïve", "日本", "😀", "e\u0301",
         "é", "\u00a0", "\u200d", "\ufeff", "\ue000", "\U000e0001", "\x00\x1f\x7f", "\t\n\r", "{x}", "\u0378", "\U0001fae8",
         "\u2028", "ﬁ", "\ufffd", "\u115f", "-e .", "x" * 200, "\u0085", "\U0001faf8", "\u1c89", "https://u:p@h/x"]
NAMES = ["app", "My-App", "ÄPFEL", "ΟΔΥΣΣΕΥΣ", "ΑΣ.Β ΑΣ", "İstanbul", "K", "", "a b/C", "ΣΑΣ\u0301", "ẞ", "A\u0345Σ"]


class Specs:
    def __init__(self, rng, root):
        self.rng = rng
        self.root = root

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def word(self):
        if self.chance(70):
            return self.rng.choice(WORDS)
        out = ""
        for _ in range(self.rng.randint(1, 8)):
            point = self.rng.choice([self.rng.randint(0, 0x7F), self.rng.randint(0, 0x3000), self.rng.randint(0, 0x10FFFF)])
            if not 0xD800 <= point < 0xE000:
                out += chr(point)
        return out

    def words(self):
        return [self.word() for _ in range(self.rng.randint(0, 4))]

    def number(self):
        kind = self.rng.randint(0, 6)
        if kind == 0:
            return self.rng.randint(-5, 5)
        if kind == 1:
            return self.rng.randint(-(2**53) + 1, 2**53 - 1)
        if kind == 2:
            return float(self.rng.randint(-100, 100))
        if kind == 3:
            return self.rng.choice([0.0, -0.0, 0.1, 1e-4, 1e-5, 123456.75, 5e-324, 2.5e-300, 1e15, 9007199254740991.0])
        if kind == 4:
            return self.rng.uniform(-1, 1) * 10 ** self.rng.randint(-300, 10)
        if kind == 5:
            return float(self.rng.randint(-(2**53) + 1, 2**53 - 1))
        return self.rng.uniform(-1000, 1000)

    def value(self, depth=0):
        kind = self.rng.randint(0, 7 if depth < 3 else 4)
        if kind == 0:
            return None
        if kind == 1:
            return self.chance(50)
        if kind in (2, 3):
            return self.number()
        if kind == 4:
            return self.word()
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self.rng.randint(0, 3))]
        return self.options(depth + 1)

    def options(self, depth=0):
        return {self.word(): self.value(depth) for _ in range(self.rng.randint(0, 4))}

    def registry(self):
        if self.chance(60):
            return self.rng.choice(["localhost:30000", "LOCALHOST:5000/Team", "ghcr.io/Acme", "192.168.1.1:30000/img", "", "org",
                                    "cr.example.com:443/a/b", "a:b:c", "org/", "a//b", "-._", "localhost", "a b", "k/\u212a"])
        pieces = ["localhost", ":", "1", "30000", "123456", "/", "a", "b.c", "-", "_", "É", "é", "\n", "٣", " ", "A", "½", "日", "\u212a"]
        return "".join(self.rng.choice(pieces) for _ in range(self.rng.randint(1, 6)))

    def tag_format(self):
        # The part of Python's format language that the package supports.
        pieces = ["{spec_hash}", "{spec_hash:.8}", "{spec_hash:.0}", "{spec_hash:.30}", "v1-", "-dev", "!r", "[0]", ":", ".", "é", "a"]
        return "".join(self.rng.choice(pieces) for _ in range(self.rng.randint(0, 5)))

    def spec(self, depth=0):
        spec = {}
        if self.chance(60):
            spec["name"] = self.rng.choice(NAMES) if self.chance(70) else self.word()
        texts = ["python_version", "builder", "cuda", "cudnn", "platform", "pip_index", "pip_extra_args", "registry_config", "python_exec"]
        for field in texts:
            if self.chance(15):
                spec[field] = self.word()
        lists = ["packages", "conda_packages", "conda_channels", "apt_packages", "pip_extra_index_url", "entrypoint", "commands",
                 "runtime_packages"]
        for field in lists:
            if self.chance(25):
                spec[field] = self.words()
        if self.chance(25):
            spec["env"] = {self.word(): self.word() for _ in range(self.rng.randint(0, 4))}
        if self.chance(25):
            spec["registry"] = self.registry()
        if self.chance(30):
            spec["builder_options"] = self.options()
        if self.chance(15):
            spec["builder_config"] = self.options()
        if self.chance(10):
            spec["pip_secret_mounts"] = [[self.word(), self.word()]]
        if self.chance(35):
            spec["tag_format"] = self.tag_format()
        if depth < 3 and self.chance(25):
            spec["base_image"] = self.spec(depth + 1) if self.chance(70) else self.word()
        if self.chance(30):
            spec["requirements"] = self.rng.choice(["r.txt", "./r.txt", "sub/r2.txt", os.path.join(self.root, "r.txt"), "none.txt", "src", ""])
        if self.chance(30):
            entries = ["src", "sub", "r.txt", "sub/r2.txt", "./src/", "none", "", ".", "sub/../src", os.path.join(self.root, "sub"), "r.txt/"]
            spec["copy"] = [self.rng.choice(entries) for _ in range(self.rng.randint(0, 3))]
        if self.chance(45):
            spec["source_root"] = self.source_root()
            spec["source_copy_mode"] = "all"
            if self.chance(15):
                spec["source_copy_mode"] = self.rng.choice(["loaded_modules", "no_copy"])
            if self.chance(10):
                del spec["source_copy_mode"]
        elif self.chance(5):
            spec["source_copy_mode"] = self.rng.choice(["all", "loaded_modules", "no_copy"])
        items = list(spec.items())
        self.rng.shuffle(items)
        return dict(items)

    def source_root(self):
        relative = ["src", "./src", "src/", ".", "sub", "src//", "sub/../src", "../" + os.path.basename(self.root) + "/src", "none", "r.txt", ""]
        absolute = ["src", "src/", "sub/../src", "./src", "", "sub"]
        if self.chance(50):
            return self.rng.choice(relative)
        return self.root + "/" + self.rng.choice(absolute) if self.chance(80) else self.root


# --- random trees ------------------------------------------------------------------------------------------------

FILE_NAMES = [b"a.py", b"A.PY", b"b.txt", b"x.pyc", b"X.PYC", b".env", b"data.csv", b"keep.md", b"README.md", "naïve.txt".encode(),
              "nai\u0308ve.txt".encode(), "日本.txt".encode(), b"sp ace.txt", b"quo'te", b'dq".txt', b"back\\slash", b"tab\tx", b"new\nline",
              b"end\n", b"[br].txt", b"star*.txt", b"!bang", b"#hash", b"~t", b"Makefile", b".git", b".cache", "İ".encode(), "ΑΣ".encode(),
              b"^x", b"-", b"a", b"z", b"a.b", b"a0"]
FOLDER_NAMES = [b"a", b"b", b"docs", b"Docs", b"node_modules", b"__pycache__", b".cache", b"build", b"a-b", b"pkg", b".git", b"src", b"sub",
                "étage".encode(), b"x.pyc", b"sp ace"]


class Trees:
    def __init__(self, rng, root):
        self.rng = rng
        self.root = os.fsencode(root)
        self.folders = [self.root]
        self.files = []

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def make(self):
        self.write(b"r.txt", self.rng.choice([b"numpy\n", b"\n\t numpy\r\n\x0b\x0c", b"", b"\xc2\xa0numpy\x1c\x85", b"\x00 x \x00"]))
        self.write(b"sub/r2.txt", b"  pandas\n")
        os.makedirs(os.path.join(self.root, b"src"), exist_ok=True)
        for top in (b"src", b"sub"):
            folders = [top]
            for _ in range(self.rng.randint(0, 5)):
                folders.append(self.rng.choice(folders) + b"/" + self.rng.choice(FOLDER_NAMES))
            for folder in folders:
                os.makedirs(os.path.join(self.root, folder), exist_ok=True)
            for _ in range(self.rng.randint(0, 14)):
                self.entry(self.rng.choice(folders) + b"/" + self.rng.choice(FILE_NAMES))
        if self.chance(50):
            self.docker_ignore()
        self.git()

    def write(self, name, content):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        self.files.append(name)

    def entry(self, name):
        path = os.path.join(self.root, name)
        if os.path.lexists(path):
            return
        kind = self.rng.randint(0, 40)
        if kind == 0:
            targets = [b"none", b".", b"..", os.path.basename(name), b"a.py", b"/dev/null", self.root + b"/src", self.root + b"/r.txt"]
            os.symlink(self.rng.choice(targets), path)
        elif kind == 1:
            os.symlink(os.path.basename(self.rng.choice(self.files)), path)
        elif kind == 2:
            bound = socket.socket(socket.AF_UNIX)
            here = os.getcwd()
            os.chdir(os.path.dirname(path))
            try:
                bound.bind(os.path.basename(path))
            except OSError:
                pass
            os.chdir(here)
            bound.close()
        elif kind == 3 and self.chance(30):
            self.write(os.path.dirname(name) + b"/bad\xff", b"x")
        else:
            self.write(name, self.rng.randbytes(self.rng.choice([0, 1, 3, 20, 70000])))

    def pattern(self):
        below = [os.fsdecode(name[4:]) for name in self.files if name[:4] in (b"src/", b"sub/")]
        try:
            below = [name for name in below if name.encode()]
        except UnicodeEncodeError:
            below = ["a"]
        pieces = ["*", "**", "?", "/", "a", "docs", ".", "..", "[a-z]", "[!a]", "[^a]", "[]x]", "[", "]", "\\", "**/", "/**", "x", ".txt",
                  ".py", "!", " ", "é", "src/", "[\\]", "[a-", "[/]", "node_modules"]
        if self.chance(3):
            pieces.append("[z-a]")
        if below and self.chance(50):
            pattern = self.rng.choice(below)
            if self.chance(40):
                pattern = pattern.split("/")[0]
            if self.chance(40):
                at = self.rng.randint(0, len(pattern) - 1)
                pattern = pattern[:at] + self.rng.choice(pieces) + pattern[at + 1:]
            if self.chance(15):
                pattern = pattern.swapcase()
            if self.chance(15):
                pattern = "src/" + pattern
        else:
            pattern = "".join(self.rng.choice(pieces) for _ in range(self.rng.randint(1, 4)))
        if self.chance(25):
            pattern = "!" + pattern
        return pattern

    def docker_ignore(self):
        folder = os.path.join(self.root, self.rng.choice([b"src", b"src", b"", b"sub"]))
        path = os.path.join(folder, b".dockerignore")
        text = self.rng.choice(["", "", "", "\ufeff", "# note\n", " # no note\n"])
        for _ in range(self.rng.randint(0, 5)):
            text += self.rng.choice(["", "", "", " ", "\u3000", "\x1c"]) + self.pattern() + self.rng.choice(["\n", "\n", "\r\n", "\r", " \n", "\x85\n"])
        content = text.encode("utf-8", "replace") + (b"\xff" if self.chance(2) else b"")
        if self.chance(4):
            os.makedirs(path, exist_ok=True)
        elif not os.path.lexists(path):
            with open(path, "wb") as file:
                file.write(content)

    def git(self):
        if not self.chance(60):
            return
        place = self.rng.choice([b"", b"", b"src", b"sub"])
        folder = os.path.join(self.root, place)
        if os.path.lexists(os.path.join(folder, b".git")):
            return
        subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
        # (With this, a name that is no UTF-8 stops flytekit even where git's answer plays no part in the tag.)
        if self.chance(20) and not any(b"\xff" in name for name in self.files):
            subprocess.run(["git", "config", "core.quotePath", "false"], cwd=folder, check=True)
        for where in (b"", b"src", b"sub"):
            if self.chance(60) and os.path.isdir(os.path.join(self.root, where)):
                lines = [self.rng.choice(["*.txt", "*.py", "docs/", "build", "/a", "!keep.md", "*", "src/", "x.*", "a/**", "*a*", "node_modules/"])
                         for _ in range(self.rng.randint(1, 3))]
                path = os.path.join(self.root, where, b".gitignore")
                if not os.path.lexists(path):
                    with open(path, "w") as file:
                        file.write("\n".join(lines) + "\n")
        for name in self.files:
            if self.chance(15):
                path = os.path.join(self.root, name)
                subprocess.run([b"git", b"add", b"-f", b"--", path], cwd=folder, stderr=subprocess.DEVNULL)


# --- both answers ------------------------------------------------------------------------------------------------

def sorted_walk(walk):
    def walk_in_order(top, topdown=True, onerror=None, followlinks=False):
        for folder, folders, files in walk(top, topdown, onerror, followlinks):
            folders.sort()
            yield folder, folders, files
    return walk_in_order


def fields_for_flytekit(spec):
    from flytekit.constants import CopyFileDetection
    from flytekit.image_spec import ImageSpec

    modes = {"all": CopyFileDetection.ALL, "loaded_modules": CopyFileDetection.LOADED_MODULES, "no_copy": CopyFileDetection.NO_COPY}
    fields = dict(spec)
    if isinstance(fields.get("base_image"), dict):
        fields["base_image"] = ImageSpec(**fields_for_flytekit(fields["base_image"]))
    if fields.get("source_copy_mode") is not None:
        fields["source_copy_mode"] = modes[fields["source_copy_mode"]]
    if fields.get("pip_secret_mounts") is not None:
        fields["pip_secret_mounts"] = [tuple(pair) for pair in fields["pip_secret_mounts"]]
    return fields


def attempt(make):
    try:
        return make(), None
    except Exception as error:
        return None, error


def ask_flytekit(spec, modules):
    """{"id": …, "tag": …, "image_name": …}, each a text or an exception."""
    from flytekit.image_spec import ImageSpec

    names = []
    for number, path in enumerate(modules):
        module = types.ModuleType(f"imagespec_test_{number}")
        module.__file__ = path
        sys.modules[module.__name__] = module
        names.append(module.__name__)
    try:
        made, error = attempt(lambda: ImageSpec(**fields_for_flytekit(spec)))
        if error is not None:
            return {"id": error, "tag": error, "image_name": error}
        answers = {}
        for what, make in {"id": lambda: made.id, "tag": lambda: made.tag, "image_name": lambda: made.image_name()}.items():
            value, error = attempt(make)
            answers[what] = value if error is None else error
        return answers
    finally:
        for name in names:
            del sys.modules[name]


def ask_tool(tool, subcommand, options, text, cwd):
    command = [tool, subcommand, "--scheme", "flytekit", "--json", *options]
    done = subprocess.run(command, input=text.encode("utf-8"), capture_output=True, cwd=cwd, timeout=60)
    if done.returncode == 0:
        return json.loads(done.stdout), ""
    return None, done.stderr.decode("utf-8", "replace")


def exception_name(error):
    return "re.error" if isinstance(error, re.error) else type(error).__name__


def differences(expected, found, message):
    """What is not alike, in words."""
    for what, wanted in expected.items():
        if isinstance(wanted, Exception):
            kind = exception_name(wanted)
            if found is not None and what in found:
                yield f"{what} is {found[what]}, but flytekit raises {kind}: {wanted}"
            elif what not in (found or {}):
                text = f"flytekit raises {kind}: "
                first = str(wanted).split("\n")[0]
                if not (kind.startswith("Unicode") or kind == "re.error" or not first.isprintable() or not first.isascii() or "@" in first):
                    text += first
                if text not in message:
                    yield f"{what}: flytekit raises {kind}: {wanted}; here: {message}"
        elif found is None:
            yield f"{what} is {wanted} in flytekit; here: {message}"
        elif found[what] != wanted:
            yield f"{what} is {found[what]}, in flytekit {wanted}"


def is_for_yaml(value):
    """Whether the tool reads it as YAML: no text begins with a byte order mark, no keys differ by normalisation alone."""
    if isinstance(value, str):
        return not value.startswith("\ufeff")
    if isinstance(value, dict):
        keys = {unicodedata.normalize("NFC", key) for key in value}
        return len(keys) == len(value) and all(is_for_yaml(key) and is_for_yaml(each) for key, each in value.items())
    return not isinstance(value, list) or all(is_for_yaml(each) for each in value)


def as_yaml(spec):
    """All text in quotes, so that every reader sees text."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
    return yaml.dump(spec, Dumper=Dumper, sort_keys=False, width=10**9)


counts = {"named": 0, "refused": 0}


def compare(tool, spec, modules, rng, cwd, scratch):
    expected = ask_flytekit(spec, modules)
    counts["named" if isinstance(expected["tag"], str) else "refused"] += 1
    text = json.dumps(spec, ensure_ascii=rng.random() < 0.5)
    options = [word for path in modules for word in ("--loaded-module", path)]
    if rng.random() < 0.5:
        options.append("-")
    else:
        name = os.path.join(scratch, rng.choice(["spec.json", "spec.yaml"]) if is_for_yaml(spec) else "spec.json")
        with open(name, "w", encoding="utf-8") as file:
            file.write(text if name.endswith(".json") else as_yaml(spec))
        options += ["--base-dir", rng.choice([".", cwd]), name]
    found, message = ask_tool(tool, "name", options, text, cwd)
    if found is None and not isinstance(expected["id"], Exception):
        only_id, message_of_id = ask_tool(tool, "id", options, text, cwd)
        problems = list(differences({"id": expected["id"]}, only_id, message_of_id))
        return problems + list(differences({"tag": expected["tag"], "image_name": expected["image_name"]}, None, message))
    return list(differences(expected, found, message))


# --- registrations -------------------------------------------------------------------------------------------------

REGISTRATIONS = os.path.join(PACKAGE, "Tests", "ImageSpecTests", "Fixtures", "flytekit", "registration.json")


def registrations():
    """What flytekit makes of a spec when a task is registered, for all kinds of specs and settings; and the id then."""
    from flytekit.configuration import FastSerializationSettings, Image, ImageConfig, SerializationSettings
    from flytekit.core.python_auto_container import update_image_spec_copy_handling
    from flytekit.image_spec import ImageSpec

    cases = []
    for root, mode, settings_root, fast in itertools.product(
            [None, "own"], [None, "loaded_modules", "all", "no_copy"], [None, "root"], [False, True]):
        fields = {"name": "a", "source_root": root, "source_copy_mode": mode}
        spec = ImageSpec(**fields_for_flytekit(fields))
        settings = SerializationSettings(
            image_config=ImageConfig(default_image=Image(name="d", fqn="d", tag="1")), source_root=settings_root,
            fast_serialization_settings=FastSerializationSettings(enabled=True) if fast else None)
        update_image_spec_copy_handling(spec, settings)
        found = spec.source_copy_mode
        cases.append({
            "source_root": root, "source_copy_mode": mode, "settings_root": settings_root, "fast": fast,
            "expected_root": spec.source_root, "expected_mode": found.name.lower() if found else None, "id": spec.id,
        })
    return cases


def registration_problems():
    """How the recorded cases differ from flytekit's; RECORD_SNAPSHOTS=1 writes them anew."""
    found = registrations()
    if os.environ.get("RECORD_SNAPSHOTS") == "1":
        with open(REGISTRATIONS, "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(case) for case in found) + "\n]\n")
    with open(REGISTRATIONS) as file:
        recorded = json.load(file)
    if len(recorded) != len(found):
        return [f"{len(recorded)} cases are recorded, and flytekit has {len(found)}"]
    return [f"recorded {old}, in flytekit {new}" for old, new in zip(recorded, found) if old != new]


# --- all characters ----------------------------------------------------------------------------------------------

def character_specs():
    """Specs that hold every character that is or may be assigned: alone, and where it decides whether a sigma ends a word."""
    points = [*range(0xD800), *range(0xE000, 0x32400), *range(0xE0000, 0xE0200), *range(0x10FF00, 0x110000)]
    for start in range(0, len(points), 8192):
        chunk = [chr(point) for point in points[start:start + 8192]]
        yield {"name": "".join(chunk)}
        yield {"name": "".join(f"A{character}\u03a3 \u03a3{character}B {character}\u03a3 " for character in chunk)}


# -----------------------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--tool", default=os.path.join(PACKAGE, ".build", "debug", "imagespec"))
    parser.add_argument("--keep", action="store_true", help="keep the folders of what differs")
    arguments = parser.parse_args()
    tool = os.path.abspath(arguments.tool)
    if shutil.which("git") is None:
        missing("needs git")
    if not os.access(tool, os.X_OK):
        missing(f"no {tool}; run swift build, or use --tool")
    enter_environment()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"flytekit {VERSION}, Python {sys.version.split()[0]}, seed {seed}", flush=True)

    work = os.path.realpath(tempfile.mkdtemp(prefix="imagespec-flytekit-"))
    home = os.path.join(work, "home")
    os.makedirs(home)
    for name in [name for name in os.environ if name.startswith(("GIT_", "FLYTE_", "_F_"))]:
        del os.environ[name]
    os.environ.update(HOME=home, XDG_CONFIG_HOME=home, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null",
                      GIT_CEILING_DIRECTORIES=work, LC_ALL="C.UTF-8")
    os.walk = sorted_walk(os.walk)
    # Sets of characters that some later version of Python may read in another way.
    warnings.simplefilter("ignore", FutureWarning)

    passed = failed = 0

    def report(what, spec, problems):
        nonlocal passed, failed
        if not problems:
            passed += 1
            return True
        failed += 1
        print(f"{what}:", "; ".join(problem[:600] for problem in problems), "\n ", json.dumps(spec)[:2000], flush=True)
        return False

    report("registrations", None, registration_problems())
    if sys.version_info[:2] == (3, 11):
        for number, spec in enumerate(character_specs()):
            report(f"characters {number}", spec, compare(tool, spec, [], random.Random(number), work, work))
        print(f"characters: {passed} passed, {failed} failed", flush=True)

    for number in range(arguments.count):
        rng = random.Random(f"{seed}/{number}")
        # A folder's name in the path of each, so that ids of absolute roots differ.
        root = os.path.join(work, f"case-{number}")
        os.makedirs(root)
        Trees(rng, root).make()
        spec = Specs(rng, root).spec()
        modules = []
        for _ in range(rng.randint(0, 3)):
            modules.append(root + rng.choice(["/src/m.py", "/src/pkg/m.py", "/sub/m.py", "/src/../sub/m.py", "/src//m.py", "/m.py"]))
        if modules:
            for name in ("src/m.py", "src/pkg/m.py", "sub/m.py", "m.py"):
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(name)
        else:
            modules = [os.path.join(work, "elsewhere.py")]
        os.chdir(root)
        same = report(f"spec {number}", spec, compare(tool, spec, modules, rng, root, home))
        os.chdir(work)
        if same or not arguments.keep:
            shutil.rmtree(root)

    print(f"seed {seed}: {passed} passed, {failed} failed "
          f"(flytekit named {counts['named']} and refused {counts['refused']})", flush=True)
    if failed and arguments.keep:
        print(f"kept in {work}")
    else:
        shutil.rmtree(work)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
