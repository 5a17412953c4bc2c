# SPDX-License-Identifier: Apache-2.0
"""Checks small projects with imagespec, and installs each with the command of its Dockerfile.

Both have to agree: what check accepts is installed, and what the installer cannot do check refuses. The command runs in a
scratch environment, with the requirements of the build context and nothing else. Packages come from an index on this
machine, so that little is downloaded.
"""
import base64
import functools
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile

WORK, UV, POETRY = sys.argv[1:4]
TOOL = os.environ["IMAGESPEC"]
BIN = f"{WORK}/tools/bin"
# Nothing of this machine's settings reaches the tools.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "POETRY_"))}
ENVIRONMENT |= {"NO_COLOR": "1", "UV_CACHE_DIR": f"{WORK}/uv-cache", "POETRY_CACHE_DIR": f"{WORK}/poetry-cache"}
VERSION = ".".join(map(str, sys.version_info[:2]))


# --- a package index ---------------------------------------------------------------------------------------------------

def wheel(name, version, requires=(), extras=()):
    stem = f"{name}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Provides-Extra: {extra}\n" for extra in extras)
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{stem}.dist-info/METADATA": metadata,
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{stem}.dist-info/RECORD"] = record + f"{stem}.dist-info/RECORD,,\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as output:
        for path, text in files.items():
            output.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), text)
    return f"{stem}-py3-none-any.whl", archive.getvalue()


def make_index(folder):
    packages = [
        ("alpha", "1.0"), ("alpha", "1.1"), ("alpha", "2.0a1"), ("beta", "1.0", ["alpha>=1"]),
        ("gamma", "1.0", ["alpha; extra == 'fast'"], ["fast"]), ("delta", "1.0", ["beta"]), ("preview", "1.0rc1"),
    ]
    digests = {}
    for package in packages:
        name, data = wheel(*package)
        os.makedirs(f"{folder}/simple/{package[0]}", exist_ok=True)
        with open(f"{folder}/simple/{package[0]}/{name}", "wb") as output:
            output.write(data)
        digests[f"{package[0]} {package[1]}"] = hashlib.sha256(data).hexdigest()
    for package in {package[0] for package in packages}:
        place = f"{folder}/simple/{package}"
        links = [
            f'<a href="{name}#sha256={hashlib.sha256(open(f"{place}/{name}", "rb").read()).hexdigest()}">{name}</a>'
            for name in sorted(os.listdir(place))
        ]
        with open(f"{place}/index.html", "w") as output:
            output.write("<!DOCTYPE html><html><body>" + "<br>".join(links) + "</body></html>")
    return digests


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


DIGESTS = make_index(f"{WORK}/index")
SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=f"{WORK}/index"))
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
HOST = f"127.0.0.1:{SERVER.server_port}"
INDEX = f"http://{HOST}/simple"
ALPHA = f"{INDEX}/alpha/alpha-1.0-py3-none-any.whl"
PIN = f"alpha==1.0 --hash=sha256:{DIGESTS['alpha 1.0']}"


# --- projects ----------------------------------------------------------------------------------------------------------

PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n'
UV_INDEX = f'[[tool.uv.index]]\nname = "local"\nurl = "{INDEX}"\ndefault = true\n'
POETRY_SOURCE = f'[[tool.poetry.source]]\nname = "local"\nurl = "{INDEX}/"\npriority = "primary"\n'
LIBRARY = '[project]\nname = "lib"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["alpha"]\n'
GROUPS = '[project.optional-dependencies]\nfast = ["gamma[fast]"]\n[dependency-groups]\ndev = ["delta"]\ndocs = ["gamma"]\n'
POETRY_GROUPS = (
    '[project.optional-dependencies]\nfast = ["delta"]\n[tool.poetry.group.dev.dependencies]\ngamma = "*"\n'
    '[tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.docs.dependencies]\ndelta = "*"\n')
BUILDS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'

projects = []


def add(name, verdict, spec, files, **options):
    projects.append((name, verdict, spec, files, options))


def pip(name, verdict, text, spec=None, files=None, **options):
    """A requirements file; the index is in it."""
    text = f"--index-url {INDEX}\n" + text if options.pop("index", True) else text
    add(name, verdict, {"requirements": "requirements.txt"} | (spec or {}),
        {"requirements.txt": text + "\n"} | (files or {}), **options)


def packages(name, verdict, *members, **options):
    add(name, verdict, {"packages": list(members), "pip_index": INDEX} | options.pop("spec", {}), {}, **options)


def uv(name, verdict, table="", dependencies='["beta"]', spec=None, files=None, index=UV_INDEX, project=PROJECT, **options):
    """A project that uv locks here, with all of its files, before two of them are taken."""
    text = project + (f"dependencies = {dependencies}\n" if dependencies else "") + table + index
    add(name, verdict, {"requirements": "uv.lock"} | (spec or {}), {"pyproject.toml": text} | (files or {}),
        lock="uv", **options)


def poetry(name, verdict, table="", dependencies='["beta"]', spec=None, files=None, project=PROJECT, **options):
    text = project + (f"dependencies = {dependencies}\n" if dependencies else "") + table + POETRY_SOURCE
    add(name, verdict, {"requirements": "poetry.lock"} | (spec or {}), {"pyproject.toml": text} | (files or {}),
        lock="poetry", **options)


GOOD, BAD = True, False
# What the installer does without an error, and without what was asked for.
IGNORED = "ignored"

# Lines of requirements files.
pip("markers and extras", GOOD, "gamma[fast]>=1,<2 ; python_version > '3'\nalpha; sys_platform == 'win32'", installs={"gamma", "alpha"})
pip("a comment", GOOD, "beta  # why", installs={"beta"})
pip("includes and constraints", GOOD, "-r more.txt\n-c constraints.txt", files={"more.txt": "beta\n", "constraints.txt": "alpha==1.0\n"},
    installs={"beta", "alpha==1.0"})
pip("hashes", GOOD, PIN, installs={"alpha==1.0"})
pip("hashes that are required", GOOD, "--require-hashes\n" + PIN, installs={"alpha==1.0"})
pip("a hash that is missing", BAD, "--require-hashes\n" + PIN + "\ngamma==1.0")
pip("an open version with required hashes", BAD, f"--require-hashes\nalpha>=1.0 --hash=sha256:{DIGESTS['alpha 1.0']}")
pip("a malformed hash", BAD, "alpha==1.0 --hash=sha256:00")
pip("a URL", GOOD, f"alpha @ {ALPHA}", installs={"alpha==1.0"})
pip("a URL without a name", GOOD, ALPHA + " ; python_version > '3'", installs={"alpha==1.0"})
pip("a URL of another package", BAD, f"beta @ {ALPHA}")
pip("a URL of no archive", BAD, f"{INDEX}/alpha/")
pip("several indexes", GOOD, f"--extra-index-url {INDEX}\nbeta", installs={"beta"})
pip("links", GOOD, f"--no-index\n--find-links {INDEX}/alpha/\nalpha", index=False, installs={"alpha==1.1"})
pip("local links", BAD, "-f ./wheels\nalpha", files={"wheels/x": ""})
pip("a pre-release", GOOD, "--pre\nalpha", installs={"alpha==2.0a1"})
pip("a pre-release that is not asked for", GOOD, "alpha", installs={"alpha==1.1"})
pip("a trusted host", GOOD, f"--trusted-host {HOST}\nbeta", installs={"beta"})
pip("binaries only", GOOD, "--only-binary :all:\nbeta", installs={"beta"})
pip("binaries of two packages", BAD, "--only-binary alpha,beta\nbeta")
pip("an option after a requirement", BAD, "beta --only-binary=:all:")
pip("settings after a requirement", BAD, "beta --config-settings=a=b")
pip("an option that uv does not have", IGNORED, "--prefer-binary\nbeta")
pip("several options on a line", BAD, f"--index-url {INDEX} --require-hashes\nalpha", index=False)
pip("an editable repository", BAD, "-e git+https://127.0.0.1/x.git#egg=x", spec={"apt_packages": ["git"]})
pip("a local project", BAD, "-e .\nbeta")
pip("a variable in a version", BAD, "alpha==${V}")
pip("a variable that is not set", BAD, "alpha @ ${WHEELS}/alpha-1.0-py3-none-any.whl")
pip("a space in a name", BAD, "my package==1")
pip("an unresolved merge", BAD, "<<<<<<< HEAD\nbeta")
pip("a Mercurial repository", BAD, "hg+https://127.0.0.1/x")
pip("an attached value", BAD, "-rmore.txt", files={"more.txt": "beta\n"})
add("a conda environment", BAD, {"requirements": "environment.yml"},
    {"environment.yml": "name: a\nchannels:\n  - defaults\ndependencies:\n  - python=3.12\n"})
add("a Pipfile.lock", BAD, {"requirements": "Pipfile.lock"}, {"Pipfile.lock": '{\n "_meta": {},\n "default": {}\n}\n'})

# Members of packages, and arguments.
packages("packages", GOOD, "gamma[fast]", "beta>=1.0; python_version > '3'", installs={"gamma", "beta", "alpha"})
packages("two in one", BAD, "alpha, beta")
packages("a commented package", BAD, "alpha >= 1.0 # why")
packages("a local wheel", BAD, "./dist/foo.whl")
packages("a file URL", BAD, "foo @ file:///srv/foo")
packages("an operator of conda", BAD, "alpha=1.0")
packages("arguments", GOOD, "beta", spec={"pip_extra_args": "--no-deps --pre"}, installs={"beta"}, without={"alpha"})
packages("an argument of pip", BAD, "beta", spec={"pip_extra_args": "--prefer-binary"})
packages("an argument that is given", BAD, "beta", spec={"pip_extra_args": "--link-mode=copy"})

# uv.lock
uv("a project", GOOD, installs={"beta", "alpha"}, without={"app"})
uv("default groups", GOOD, GROUPS + '[tool.uv]\ndefault-groups = ["docs"]\n', installs={"beta", "gamma"}, without={"delta"})
uv("a group and an extra", GOOD, GROUPS, spec={"pip_extra_args": "--group docs --extra fast"}, installs={"gamma"}, without={"delta"})
uv("all extras", GOOD, GROUPS, spec={"pip_extra_args": "--all-extras"}, installs={"gamma"})
uv("an unknown group", BAD, GROUPS, spec={"pip_extra_args": "--group nope"})
uv("an unknown extra", BAD, GROUPS, spec={"pip_extra_args": "--extra nope"})
uv("an excluded argument", BAD, spec={"pip_extra_args": "--frozen"})
uv("markers", GOOD, dependencies='''["alpha>=1,<2 ; sys_platform == 'linux'", "Beta; python_version >= '3.8'"]''', installs={"beta"})
uv("an archive", GOOD, dependencies=f'["alpha @ {ALPHA}"]', installs={"alpha==1.0"})
uv("an unused source", GOOD, '[tool.uv.sources]\nlib = {path = "../lib"}\n', installs={"beta"})
uv("a workspace", BAD, '[tool.uv.workspace]\nmembers = ["libs/*"]\n[tool.uv.sources]\nlib = {workspace = true}\n', '["lib"]',
   files={"libs/lib/pyproject.toml": LIBRARY})
uv("an unused member", BAD, '[tool.uv.workspace]\nmembers = ["libs/*"]\n', files={"libs/lib/pyproject.toml": LIBRARY})
uv("a path", BAD, '[tool.uv.sources]\nlib = {path = "lib"}\n', '["lib"]', files={"lib/pyproject.toml": BUILDS + LIBRARY})
uv("an editable path of a group", BAD, '[dependency-groups]\ndev = ["lib"]\n[tool.uv.sources]\nlib = {path = "lib", editable = true}\n',
   files={"lib/pyproject.toml": LIBRARY})
uv("a local archive", BAD, '[tool.uv.sources]\nalpha = {path = "alpha-1.0-py3-none-any.whl"}\n', '["alpha"]',
   wheels=["alpha-1.0-py3-none-any.whl"])
uv("a local index", BAD, '[tool.uv]\nno-index = true\nfind-links = ["."]\n', '["alpha"]', index="",
   wheels=["alpha-1.1-py3-none-any.whl"])
uv("dynamic dependencies", BAD, '[tool.setuptools]\npy-modules = []\n[tool.setuptools.dynamic]\ndependencies = {file = ["deps.txt"]}\n',
   None, project=BUILDS + PROJECT + 'dynamic = ["dependencies"]\n', files={"deps.txt": "six\n"}, index="")
uv("a dynamic version", GOOD, '[tool.setuptools]\npy-modules = []\n[tool.setuptools.dynamic]\nversion = {attr = "app.v"}\n', '["six"]',
   project=BUILDS + PROJECT.replace('version = "1"\n', 'dynamic = ["version"]\n'), files={"app.py": 'v = "1"\n'}, index="",
   installs={"six"})
uv("another version of uv", BAD, '[tool.uv]\nrequired-version = ">=99"\n', after_lock=True)
uv("a lock that is out of date", BAD, change=("pyproject.toml", '["beta"]', '["beta", "gamma"]'))
uv("a newer format", BAD, change=("uv.lock", "version = 1\n", "version = 2\n"))
uv("a merge in the lock", BAD, change=("uv.lock", "version = 1\n", "<<<<<<< HEAD\nversion = 1\n"))
# The Python of this machine stands for that of the image, so the project asks for one that no machine has.
uv("another Python", BAD, change=("pyproject.toml", '">=3.9"', '">=3.99"'))
uv("a URL with a password elsewhere", GOOD, '[tool.acme]\ndsn = "https://fake:secret@errors.example.com/1"\n', installs={"beta"})

# poetry.lock
poetry("a project of poetry", GOOD, installs={"beta", "alpha"})
poetry("a project without a name", GOOD, '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = ">=3.9"\nbeta = "*"\n',
       None, project="", installs={"beta"})
poetry("a path of poetry's", BAD, '[tool.poetry.dependencies]\nlib = {path = "lib"}\n', None,
       files={"lib/pyproject.toml": LIBRARY})
poetry("an archive of poetry's", BAD, '[tool.poetry.dependencies]\nalpha = {path = "alpha-1.0-py3-none-any.whl"}\n', None,
       wheels=["alpha-1.0-py3-none-any.whl"])
poetry("a path of an optional group", GOOD,
       '[tool.poetry.group.x]\noptional = true\n[tool.poetry.group.x.dependencies]\nlib = {path = "lib"}\n',
       files={"lib/pyproject.toml": LIBRARY}, installs={"beta"})
poetry("another version of poetry", BAD, '[tool.poetry]\nrequires-poetry = ">=99"\n', after_lock=True)
poetry("a poetry.lock that is out of date", BAD, change=("pyproject.toml", '["beta"]', '["beta", "gamma"]'))
poetry("a newer format of poetry", BAD, change=("poetry.lock", 'lock-version = "2.1"', 'lock-version = "3.0"'))
poetry("a URL with a password elsewhere in poetry's", GOOD, '[tool.acme]\ndsn = "https://fake:secret@errors.example.com/1"\n',
       installs={"beta"})
poetry("groups of poetry", GOOD, POETRY_GROUPS, spec={"pip_extra_args": "--with docs --extras fast"}, installs={"delta"})
poetry("an unknown group of poetry", BAD, POETRY_GROUPS, spec={"pip_extra_args": "--with nope"})
poetry("an unknown extra of poetry", BAD, POETRY_GROUPS, spec={"pip_extra_args": "--extras nope"})


# --- running -----------------------------------------------------------------------------------------------------------

def run(*command, **options):
    return subprocess.run(command, text=True, capture_output=True, env=ENVIRONMENT, **options)


def lock(folder, tool):
    if tool == "uv":
        return run(f"{BIN}/uv", "lock", "--quiet", "--python", sys.executable, cwd=folder)
    return run(f"{BIN}/poetry", "lock", "--quiet", "--no-interaction", cwd=folder)


def command_of(dockerfile, requirements, environment):
    """The installing command of a Dockerfile, with the places of this machine."""
    steps = re.split(r"\n(?=[A-Z]+ )", dockerfile)
    step = next(step for step in steps if step.startswith("RUN ") and re.search(r" (pip install|sync --locked|poetry install) ", step))
    text = re.sub(r"--mount=\S+ \\\n\s*", "", step[len("RUN "):])
    text = re.sub(r"/tmp/requirements-[0-9a-f]+", requirements, text)
    # uv finds the poetry of this script in its place.
    text = re.sub(r"/tmp/uv tool run.*?(?=poetry install)", "", text, flags=re.S)
    text = text.replace("poetry install", f"{BIN}/poetry install")
    text = text.replace("/tmp/uv", f"{BIN}/uv").replace("/opt/venv", environment)
    return text.replace("/var/cache/imagespec/uv", f"{WORK}/uv-cache").replace("/var/cache/imagespec", f"{WORK}/cache")


def installed(environment):
    result = run(f"{BIN}/uv", "pip", "list", "--python", f"{environment}/bin/python", "--format", "json")
    names = {entry["name"]: entry["version"] for entry in json.loads(result.stdout)}
    return set(names) | {f"{name}=={version}" for name, version in names.items()}


def install(folder, spec, environment):
    """How the command of the Dockerfile ends, and what it printed."""
    context = f"{folder}/context"
    rendered = run(TOOL, "context", "spec.json", context, cwd=folder)
    if rendered.returncode != 0:
        # What is refused has no Dockerfile: the same command of a spec that asks for nothing unusual.
        stand_in(folder, spec, context)
    with open(f"{context}/Dockerfile") as file:
        text = file.read()
    result = run("sh", "-c", "cd / && " + command_of(text, f"{context}/requirements", environment))
    return result.returncode, result.stdout + result.stderr


def stand_in(folder, spec, context):
    """A context as rendering would write it: a plain one, with the files and the words of this spec in it."""
    plain = f"{folder}/plain"
    os.makedirs(plain)
    benign = dict(spec)
    name = spec.get("requirements")
    words = []
    # What rendering passes on of the file.
    if name == "requirements.txt" and "--require-hashes\n" in open(f"{folder}/{name}").read():
        words = ["--require-hashes"]
    if "packages" in spec:
        benign["packages"] = ["placeholder"]
    if "pip_extra_args" in spec:
        words += spec["pip_extra_args"].split()
        del benign["pip_extra_args"]
    if name == "uv.lock":
        files = {"pyproject.toml": PROJECT, "uv.lock": 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\n'}
    elif name == "poetry.lock":
        digest = hashlib.sha256(b'{"dependencies": null, "dev-dependencies": null, "extras": null, "source": null}').hexdigest()
        files = {"pyproject.toml": "[tool.poetry]\npackage-mode = false\n",
                 "poetry.lock": f'[metadata]\nlock-version = "2.1"\ncontent-hash = "{digest}"\n'}
    else:
        files = {name: "\n"} if name else {}
        if name and name != "requirements.txt":
            files = {"requirements.txt": "\n"}
            benign["requirements"] = "requirements.txt"
    for file, text in files.items():
        with open(f"{plain}/{file}", "w") as output:
            output.write(text)
    with open(f"{plain}/spec.json", "w") as output:
        json.dump(benign, output)
    result = run(TOOL, "context", "spec.json", context, cwd=plain)
    assert result.returncode == 0, result.stderr
    if name:
        shutil.rmtree(f"{context}/requirements")
        os.makedirs(f"{context}/requirements")
        for file in os.listdir(folder):
            # Beside a lock file is its project, and nothing else.
            belongs = file in (name, "pyproject.toml") if name in ("uv.lock", "poetry.lock") else file.endswith((".txt", ".yml", ".lock"))
            if belongs:
                shutil.copy(f"{folder}/{file}", f"{context}/requirements/{file}")
    with open(f"{context}/Dockerfile") as file:
        text = file.read()
    quoted = ["'" + member.replace("'", "'\\''") + "'" for member in spec.get("packages", [])]
    text = text.replace("placeholder", " ".join(quoted))
    if name and name not in ("uv.lock", "poetry.lock", "requirements.txt"):
        text = text.replace("/requirements.txt", "/" + name)
    if words:
        # Arguments come after the options of the command.
        lines = text.split("\n")
        start = next(i for i, line in enumerate(lines) if re.search(r"(pip install|sync --locked|poetry install) ", line))
        end = next(i for i in range(start, len(lines)) if not lines[i].endswith("\\"))
        lines[end] += " " + " ".join(words)
        text = "\n".join(lines)
    with open(f"{context}/Dockerfile", "w") as output:
        output.write(text)


passed = failed = 0


def judge(name, problem, detail=""):
    global passed, failed
    if problem:
        failed += 1
        print(f"FAIL {name}: {problem}\n  | " + "\n  | ".join(detail.strip().splitlines()[-12:]), flush=True)
    else:
        passed += 1
        print(f"ok   {name}", flush=True)


def main():
    for number, (name, verdict, spec, files, options) in enumerate(projects):
        folder = f"{WORK}/projects/{number}"
        spec = {"python_version": VERSION} | spec
        for path, text in files.items():
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            with open(f"{folder}/{path}", "w") as output:
                output.write(text)
        os.makedirs(folder, exist_ok=True)
        for file in options.get("wheels", []):
            shutil.copy(f"{WORK}/index/simple/{file.split('-')[0]}/{file}", folder)
        with open(f"{folder}/spec.json", "w") as output:
            json.dump(spec, output)
        tool = options.get("lock")
        if tool:
            project = open(f"{folder}/pyproject.toml").read()
            if options.get("after_lock"):
                # What the tool itself refuses is added when there is a lock file.
                with open(f"{folder}/pyproject.toml", "w") as output:
                    output.write(re.sub(r"(required-version|requires-poetry) = .*\n", "", project))
            made = lock(folder, tool)
            if not os.path.exists(f"{folder}/{tool}.lock"):
                judge(name, f"{tool} made no lock file", made.stdout + made.stderr)
                continue
            if options.get("after_lock"):
                with open(f"{folder}/pyproject.toml", "w") as output:
                    output.write(project)
            if "change" in options:
                file, old, new = options["change"]
                text = open(f"{folder}/{file}").read()
                assert old in text, (name, text)
                with open(f"{folder}/{file}", "w") as output:
                    output.write(text.replace(old, new, 1))
        check = run(TOOL, "check", "spec.json", cwd=folder)
        accepted = check.returncode == 0
        environment = f"{WORK}/environments/{number}"
        made = run(f"{BIN}/uv", "venv", "--quiet", "--python", sys.executable, environment)
        assert made.returncode == 0, made.stderr
        status, output = install(folder, spec, environment)
        named = run(TOOL, "tag", "spec.json", cwd=folder)
        detail = f"check: {check.returncode} {check.stderr.strip()}\ninstaller: {status}\n{output}"
        if accepted != (verdict is GOOD):
            judge(name, "check does not say what is expected", detail)
        elif verdict is not IGNORED and (status == 0) != accepted:
            judge(name, "check and the installer disagree", detail)
        elif verdict is IGNORED and status != 0:
            judge(name, "the installer refuses it now; it is no more ignored", detail)
        elif named.returncode != 0:
            judge(name, "it has no name", named.stderr)
        elif accepted:
            found = installed(environment)
            missing = options.get("installs", set()) - found
            wrong = options.get("without", set()) & found
            judge(name, missing and f"not installed: {missing}" or wrong and f"installed: {wrong}", detail)
        else:
            judge(name, "")
    print(f"uv {UV}, poetry {POETRY}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed < 40 else 0


sys.exit(main())
