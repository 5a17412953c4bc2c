# SPDX-License-Identifier: Apache-2.0
"""What has to be there before anything is measured: small C programs, flytekit, our own program, and facts."""

import os
import platform
import re
import shutil
import subprocess
import sys
import time

FLYTEKIT = "1.16.14"
HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(HERE)
# Shared with the tests that compare names with flytekit, so that it is installed once.
VENV = os.path.join(PACKAGE, ".build", "flytekit-venv")


class Missing(Exception):
    """Something that a part of the benchmark needs is not to be had; the message says what."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def first_line(*command):
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (found.stdout.strip() or found.stderr.strip()).split("\n")[0] if found.returncode == 0 else None


def essence(text):
    """The line of a program's messages that says most: the last that speaks of an error, else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:200]


def compiled(folder):
    """The C programs: run and limits. The compiler that comes with Swift will do."""
    compiler = next((found for found in map(shutil.which, ("cc", "clang", "gcc")) if found), None)
    if compiler is None:
        raise Missing("no C compiler: install gcc or clang (a Swift toolchain has clang)")
    programs = {}
    os.makedirs(folder, exist_ok=True)
    for name in ("run", "limits"):
        source, program = os.path.join(HERE, name + ".c"), os.path.join(folder, name)
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            command = [compiler, "-O2", "-pthread", "-o", program + ".new", source]
            found = subprocess.run(command, capture_output=True, text=True)
            if found.returncode != 0:
                raise Missing(f"{os.path.basename(compiler)} cannot compile {name}.c: {essence(found.stderr)}")
            os.replace(program + ".new", program)
        programs[name] = program
    return programs


def flytekit(patience):
    """A Python that has flytekit.

    patience: after how many seconds without an answer PyPI counts as out of reach.
    """
    python, mark = os.path.join(VENV, "bin", "python"), os.path.join(VENV, "installed-" + FLYTEKIT)
    if os.path.exists(mark):
        return python
    say(f"installing flytekit {FLYTEKIT} from PyPI into {os.path.relpath(VENV)}")
    found = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if found.returncode != 0:
        raise Missing("no virtual environment: " + essence(found.stdout + found.stderr))
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", str(patience),
               "--retries", "1", "flytekit==" + FLYTEKIT]
    found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode != 0:
        raise Missing(f"flytekit {FLYTEKIT} cannot be installed from PyPI: {essence(found.stderr)}")
    with open(mark, "w"):
        pass
    return python


def uv_version():
    """The version of uv that Dockerfiles name."""
    with open(os.path.join(PACKAGE, "Sources/ImageSpecBuilding/RenderingConstants.swift"), encoding="utf-8") as file:
        return re.search(r'uvImage = ".*:(.*)"', file.read())[1]


def identity_benchmark():
    """The program that calls `id` and `tag`, built as a package that uses this one."""
    if shutil.which("swift") is None:
        raise Missing("no swift to build the program that calls id and tag")
    command = ["swift", "build", "--package-path", HERE, "--scratch-path", os.path.join(PACKAGE, ".build/benchmarks"),
               "-c", "release", "--static-swift-stdlib"]
    say("building the program that calls id and tag")
    # Whether warnings are errors changes all commands of a build, so that it would begin anew.
    environment = {name: value for name, value in os.environ.items() if name != "IMAGESPEC_STRICT"}
    found = subprocess.run(command, capture_output=True, text=True, env=environment)
    if found.returncode != 0:
        raise Missing("swift cannot build the program that calls id and tag: " + essence(found.stdout + found.stderr))
    return os.path.join(PACKAGE, ".build/benchmarks/release/IdentityBenchmark")


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return first_line("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def memory():
    """Bytes of memory; None where nobody says."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()


def machine(tool, cores):
    """Where and of what the figures are."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": processor(),
        "cores": cores,
        "memory": memory(),
        "system": system(),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "commit": first_line("git", "-C", PACKAGE, "describe", "--always", "--dirty"),
        "imagespec": first_line(tool, "--version"),
        "flytekit": FLYTEKIT,
        "python": platform.python_version(),
        "git": first_line("git", "--version"),
        "sha256sum": first_line("sha256sum", "--version"),
        "openssl": first_line("openssl", "version"),
    }
