#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Has envd compile build.envd files, and compares what it will do with what their specs say.

    envd.py ENVD IMAGESPEC FIXTURES WORK

envd asks the registry of a base image for its configuration. Here a proxy answers for every registry, over TLS with a
certificate made for this run, with one small image: the files are compiled as they are, without a network.
"""
import hashlib
import http.server
import io
import json
import os
import socketserver
import ssl
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

ENVD, IMAGESPEC, FIXTURES, WORK = sys.argv[1:5]
HOSTS = ["registry-1.docker.io", "auth.docker.io", "docker.io", "ghcr.io", "r.example.com"]
failures = 0


def check(what, good, detail=""):
    global failures
    failures += not good
    print(("ok   " if good else "FAIL ") + what + ("" if good else f"\n  {detail}"), flush=True)


# --- every registry, with one image ---------------------------------------------------------------------------------


def image():
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    layer = layer.getvalue()
    digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    types = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": types + "manifest.v1+json",
        "config": {"mediaType": types + "config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": types + "layer.v1.tar", "digest": digest(layer), "size": len(layer)}]}).encode()
    return digest(manifest), manifest, {digest(b): b for b in (config, layer, manifest)}


DIGEST, MANIFEST, BLOBS = image()
ASKED = set()


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        host = self.path.rsplit(":", 1)[0]
        self.send_response(200)
        self.end_headers()
        self.connection = CONTEXT.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.host = host

    def do_GET(self):
        parts = self.path.split("?")[0].split("/")
        body, kind = b"{}", "application/json"
        if "manifests" in parts:
            ASKED.add(self.host + "/" + "/".join(parts[2:-2]) + ":" + parts[-1])
            body, kind = MANIFEST, "application/vnd.oci.image.manifest.v1+json"
        elif "blobs" in parts:
            body, kind = BLOBS.get(parts[-1], b""), "application/octet-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if "manifests" in parts:
            self.send_header("Docker-Content-Digest", DIGEST)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # envd closes connections as it likes.


os.makedirs(WORK, exist_ok=True)
certificate, key = f"{WORK}/certificate.pem", f"{WORK}/key.pem"
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
     "subjectAltName=" + ",".join("DNS:" + host for host in HOSTS), "-keyout", key, "-out", certificate],
    check=True, capture_output=True)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(certificate, key)
server = Server(("127.0.0.1", 0), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
proxy = f"http://127.0.0.1:{server.server_address[1]}"
environment = {
    "PATH": os.environ["PATH"], "HOME": f"{WORK}/home", "ENVD_ANALYTICS": "false", "SSL_CERT_FILE": certificate,
    "HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
os.makedirs(environment["HOME"], exist_ok=True)


# The default context of older versions wants a daemon.
subprocess.run(
    [ENVD, "context", "create", "--name", "compiling", "--builder", "moby-worker", "--use"], env=environment,
    capture_output=True)


def compile(folder):
    """The operations that envd compiles a folder's build.envd to."""
    result = subprocess.run(
        [ENVD, "debug", "llb", "--path", str(folder), "-f", "build.envd:build"], env=environment, capture_output=True,
        text=True, timeout=120)
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode or not lines:
        return None, (result.stderr or result.stdout)[-600:]
    return [json.loads(line)["Op"] for line in lines], ""


def executions(operations):
    return [o["Op"]["exec"]["meta"] for o in operations if "exec" in (o.get("Op") or {})]


def copies(operations):
    actions = [a for o in operations if "file" in (o.get("Op") or {}) for a in o["Op"]["file"]["actions"]]
    return [a["Action"]["copy"] for a in actions if "copy" in a["Action"] and a["Action"]["copy"].get("owner")]


# --- the files of the unit tests -----------------------------------------------------------------------------------

for path in sorted(Path(FIXTURES).glob("*.envd")):
    folder = Path(WORK) / "fixtures" / path.stem
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "build.envd").write_bytes(path.read_bytes())
    operations, reason = compile(folder)
    check(f"{path.name} is compiled", operations is not None, reason)

# --- values, from the spec to the arguments of programs ------------------------------------------------------------

HOSTILE = [
    "it's", '"quoted"', '"""', "'''", "back\\slash", "\\", "a\\nb", "$HOME ${HOME} $(id) `id`", "{} {x} %s %d %",
    "ü 日本 \U0001F600", "  spaces  ", "# no comment", "; touch /x", "a && b | c > d < e", "[x]*?", "~", "=", "\\'", "\\\"",
    "'\\''", "end'", "'start", "é\u0301", "\ufeffx", "--", "tab\tin"]
COMMANDS = HOSTILE + ["line\nbreak", "cat <<'EOF'\n'\"\\ $x {} %s\nEOF", "\ttab", "\r\n", "a" * 5000]


def spec_operations(name, spec):
    project = Path(WORK) / "specs"
    project.mkdir(exist_ok=True)
    folder = project / name
    folder.mkdir(exist_ok=True)
    (project / f"{name}.json").write_text(json.dumps(spec))
    rendered = subprocess.run(
        [IMAGESPEC, "render", "--builder", "envd", f"{name}.json"], cwd=project, capture_output=True, text=True)
    if rendered.returncode:
        return None, rendered.stderr
    (folder / "build.envd").write_text(rendered.stdout)
    return compile(folder)


base = {"base_image": "r.example.com/team/base:1"}

commands = [c for c in COMMANDS if not c.startswith("-") and c.strip()]
operations, reason = spec_operations("commands", base | {"commands": commands})
check("commands are compiled", operations is not None, reason)
if operations:
    scripts = [e["args"] for e in executions(operations)]
    check("one step a command", len(scripts) == len(commands), len(scripts))
    for command, arguments in zip(commands, scripts):
        # What envd will run is run here, with a shell that shows what it was given.
        script = arguments[2].replace("cd /root && exec /bin/sh -c", "exec printf %s", 1)
        shown = subprocess.run(["bash", "-c", script], capture_output=True, text=True, errors="surrogateescape")
        raw = subprocess.run(["bash", "-c", script], capture_output=True).stdout.decode()
        check(f"command {command[:40]!a} is what the shell gets", raw == command, f"{arguments!a} gave {shown.stdout!a}")

values = {f"V{index}": value for index, value in enumerate(HOSTILE)} | {"EMPTY": ""}
operations, reason = spec_operations("environment", base | {"env": values, "commands": ["id"]})
check("variables are compiled", operations is not None, reason)
if operations:
    found = dict(pair.split("=", 1) for pair in executions(operations)[-1]["env"])
    wrong = {k: found.get(k) for k, v in values.items() if found.get(k) != v}
    check("every variable has its value", not wrong, wrong)
    check("the id is there", len(found.get("_F_IMG_ID", "")) == 64)
    check("code in /root is found", found.get("PYTHONPATH") == "/root")
    check("libraries of GPU drivers are found", found.get("LD_LIBRARY_PATH") == "/usr/local/nvidia/lib64")

# Requirements that pip takes, with characters that a shell, Starlark or pip's own lines would read.
packages = sorted([
    "a; python_version > '3' and os_name != \"nt\"", "b[x,y]>=1,<3", "c @ https://example.com/a$HOME&b=(c)*x", "d==1.*", "e~=1.0",
    "f!=1", "g===1", "h>=1; extra == 'it' or \"a'b\" in os_name",
], key=str.encode)
operations, reason = spec_operations("packages", base | {"packages": packages})
check("packages are compiled", operations is not None, reason)
if operations:
    (install,) = [e["args"] for e in executions(operations) if e["args"][:4] == ["python", "-m", "pip", "install"]]
    check("every package is one argument", install[4:] == packages, f"{install[4:]!a}")

conda = ["numpy >=1,<3", "scipy=1.11", "it's"]
operations, reason = spec_operations("conda", base | {"conda_packages": conda, "conda_channels": ["nvidia", "a'b"]})
check("conda packages are compiled", operations is not None, reason)
if operations:
    (install,) = [e["args"] for e in executions(operations) if "install" in e["args"] and e["args"][0].endswith("micromamba")]
    expected = ["-c", "conda-forge", "-c", "nvidia", "-c", "a'b"] + sorted(conda, key=str.encode)
    check("every conda package is one argument", install[-len(expected):] == expected, f"{install!a}")

# envd reads a requirements file itself where it can, and takes its lines apart.
(Path(WORK) / "specs/requirements.txt").write_text("six ; python_version > '3'\ntoml==0.10.2\n")
lines = Path(WORK) / "specs/requirements/requirements"
lines.mkdir(parents=True, exist_ok=True)
(lines / "requirements.txt").write_text("six ; python_version > '3'\ntoml==0.10.2\n")
operations, reason = spec_operations("requirements", base | {"requirements": "requirements.txt"})
check("requirements are compiled", operations is not None, reason)
if operations:
    (install,) = [e["args"] for e in executions(operations) if e["args"][:4] == ["python", "-m", "pip", "install"]]
    check("requirements are read by pip", install[4:] == ["-r", "requirements/requirements.txt"], f"{install[4:]!a}")

project = Path(WORK) / "specs"
(project / "src").mkdir(parents=True, exist_ok=True)
(project / "src/a.py").write_text("1\n")
(project / "od[d] 'x' $HOME.txt").write_text("1\n")
operations, reason = spec_operations(
    "files", base | {"source_root": "src", "source_copy_mode": "all", "copy": ["od[d] 'x' $HOME.txt", "src"]})
check("copies are compiled", operations is not None, reason)
if operations:
    found = [(c["src"], c["dest"], c.get("allowWildcard", False), c.get("dirCopyContents", False)) for c in copies(operations)]
    expected = [(f"/{folder}/root", "/", False, False) for folder in ("source", "copy/0", "copy/1")]
    check("folders are copied with their name, and names are no patterns", found == expected, found)
    owners = [c["owner"]["user"]["User"] for c in copies(operations)]
    check("files belong to root", all(not o.get("ByID", {}).get("userID") for o in owners), owners)

operations, reason = spec_operations("cuda", {"python_version": "3.10", "cuda": "11.2.2", "cudnn": "8"})
check("cuda is compiled", operations is not None, reason)
if operations:
    sources = [o["Op"]["source"]["identifier"] for o in operations if "source" in (o.get("Op") or {})]
    image_name = "docker-image://docker.io/nvidia/cuda:11.2.2-cudnn8-runtime-ubuntu20.04"
    check("cuda is that of NVIDIA's image", image_name in sources, sources)

check("base images were asked for by their names", "r.example.com/team/base:1" in ASKED, ASKED)
print("all well" if not failures else f"{failures} failed")
sys.exit(bool(failures))
