# SPDX-License-Identifier: Apache-2.0
"""Runs the tool over every identity vector, as a user would: files in a folder, a spec file, a shell.

The tool is given nothing else: an empty environment (no HOME, no PATH, so no git), another working directory,
another umask. Printed are the SHA-256 of `document`, `tag`, `name` and exit codes, beside what is expected.
"""
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile

TOOL = os.path.abspath(os.environ.get("IMAGESPEC", ".build/release/imagespec"))
HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "../ImageSpecTests/Fixtures/identity/vectors.jsonl")
WRONG_SPEC, MISSING = 65, 66
STATUS = {"source_root": MISSING, "requirements_file": MISSING, "loaded_modules": MISSING, "unreadable": MISSING}


def generated(size, seed):
    blocks = b"".join(
        hashlib.sha256(b"%d:%d" % (seed, block)).digest() * 2048 for block in range(size // 65536 + 1))
    return blocks[:size]


def build(vector, root):
    def make(path, file):
        place = os.path.join(os.fsencode(root), path)
        os.makedirs(place if file.get("dir") else os.path.dirname(place), exist_ok=True)
        if "symlink" in file or "symlink_base64" in file:
            target = file["symlink"].replace("$ROOT", root).encode() if "symlink" in file \
                else base64.b64decode(file["symlink_base64"])
            os.symlink(target, place)
        elif file.get("fifo"):
            os.mkfifo(place)
        elif not file.get("dir"):
            if "text" in file:
                data = file["text"].encode()
            elif "base64" in file:
                data = base64.b64decode(file["base64"])
            else:
                data = generated(file["size"], file["seed"])
            with open(place, "wb") as output:
                output.write(data)
            os.chmod(place, int(file.get("mode", "644"), 8))

    for path, file in vector.get("files", {}).items():
        make(path.encode(), file)
    for file in vector.get("files_raw", []):
        make(base64.b64decode(file["path_base64"]), file)


def run(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, env={}, cwd="/", stdin=subprocess.DEVNULL,
                          timeout=120)


def statuses(error):
    """A wrong copied path is a wrong spec or a missing file; the vectors do not say which."""
    return {WRONG_SPEC, MISSING} if error["code"] == "copy_path" else {STATUS.get(error["code"], WRONG_SPEC)}


def check(vector, folder):
    root, spec = os.path.join(folder, "root"), os.path.join(folder, "spec.json")
    base = os.path.join(root, vector["base"])
    os.makedirs(base)
    build(vector, root)
    with open(spec, "w", encoding="utf-8", errors="surrogatepass") as output:
        output.write(vector["spec_text"] if "spec_text" in vector else json.dumps(vector["spec"]))
    context = ["--base-dir", base, "--architecture", vector["host_arch"]]
    for module in vector.get("loaded_modules", []):
        context += ["--loaded-module", module]

    expected = vector["expect"]
    error = expected.get("error")
    stages = ["load", "tag", "image_name"]
    reached = stages.index(error["stage"]) if error else len(stages)
    commands = [
        (0, ["document", "--id"], "id"), (0, ["id"], "id"),
        (1, ["document", "--tag"], "content_digest"), (1, ["tag"], "tag"), (2, ["name"], "image_name"),
    ]
    for stage, command, key in commands:
        result = run(*command, *context, spec)
        # A wrong tag format is no matter of the document, but of all that has a tag.
        if stage >= reached and not (command[0] == "document" and result.returncode == 0 and key in expected):
            if result.returncode not in statuses(error):
                yield f"{command}: status {result.returncode}, expected {statuses(error)} ({result.stderr!r})"
            if result.stdout:
                yield f"{command}: a failure prints {result.stdout!r}"
            if not result.stderr.startswith(b"imagespec: "):
                yield f"{command}: a failure says {result.stderr!r}"
        elif result.returncode:
            yield f"{command}: status {result.returncode}: {result.stderr.decode()}"
        else:
            found = hashlib.sha256(result.stdout).hexdigest() if command[0] == "document" \
                else result.stdout.decode().rstrip("\n")
            if key in expected and found != expected[key]:
                yield f"{command}: {found}, expected {expected[key]}"


def main():
    os.umask(0o077)
    failed = total = 0
    with open(VECTORS, encoding="utf-8") as lines:
        for line in lines:
            vector = json.loads(line)
            total += 1
            # Not below a git work tree: its ignore rules would count.
            with tempfile.TemporaryDirectory(dir="/tmp") as folder:
                problems = list(check(vector, os.path.realpath(folder)))
            if problems:
                failed += 1
                print(f"FAIL {vector['name']}: " + "; ".join(problems))
    print(f"vectors by the tool: {total - failed} passed, {failed} failed")
    sys.exit(1 if failed or total != 206 else 0)


main()
