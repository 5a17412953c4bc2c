# SPDX-License-Identifier: Apache-2.0
"""Makes a base image from the Python of this machine's Debian packages, and serves it on loopback.

    local_base.py        prints "HOST:PORT/NAME:TAG", and serves the image until its standard input ends

The image has the packages of Python, the shell, and what they need, without documentation; nothing is downloaded.
"""
import gzip
import hashlib
import http.server
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import threading

NAME = "local/python"
LEFT_OUT = re.compile(r"/usr/share/(doc|man|locale|info|lintian|doc-base|menu|bash-completion|perl5?)(/|$)|/(var|run|tmp)(/|$)|__pycache__")
ACCOUNTS = {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"}


def packages():
    """python3, a shell, what compiled packages expect, and the installed packages that they depend on."""
    found, rest = set(), ["python3", "dash", "coreutils", "libstdc++6"]
    while rest:
        name = rest.pop()
        if name in found:
            continue
        answer = subprocess.run(["dpkg-query", "--show", "--showformat", "${db:Status-Status}\n${Pre-Depends}, ${Depends}", name],
                                capture_output=True, text=True)
        state, _, needs = answer.stdout.partition("\n")
        if state != "installed" or name.startswith(("perl", "debconf", "dpkg")):
            continue
        found.add(name)
        # Of alternatives, the installed one is found by its name.
        rest += [re.sub(r"[\s:(].*", "", choice.strip()) for need in needs.split(",") for choice in need.split("|") if choice.strip()]
    return sorted(found)


def files(names):
    """The paths of the packages as they are on this machine: below the directories that links such as /lib lead to."""
    listed = subprocess.run(["dpkg-query", "--listfiles", *names], capture_output=True, text=True, check=True).stdout.splitlines()
    found = {"/bin", "/lib", "/lib64", "/sbin"}
    for path in listed:
        if path.startswith("/") and not LEFT_OUT.search(path):
            found.add(os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)).rstrip("/"))
    return sorted(path for path in found if os.path.lexists(path) and path not in ("", "/"))


def layer():
    """The layer, compressed and not."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        def add(name, kind, mode, data=b"", link=""):
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.size, member.linkname = kind, mode, len(data), link
            archive.addfile(member, io.BytesIO(data))

        for path in ("etc", "root", "tmp", "usr", "usr/lib", "usr/bin", "var", "proc", "dev"):
            add(path, tarfile.DIRTYPE, 0o1777 if path == "tmp" else 0o700 if path == "root" else 0o755)
        for name, text in ACCOUNTS.items():
            add("etc/" + name, tarfile.REGTYPE, 0o644, text.encode())
        for path in files(packages()):
            status = os.lstat(path)
            mode = status.st_mode & 0o7777
            if os.path.islink(path):
                add(path[1:], tarfile.SYMTYPE, 0o777, link=os.readlink(path))
            elif os.path.isdir(path):
                add(path[1:], tarfile.DIRTYPE, mode)
            elif os.path.isfile(path) and os.access(path, os.R_OK):
                with open(path, "rb") as file:
                    add(path[1:], tarfile.REGTYPE, mode, file.read())
    return gzip.compress(output.getvalue(), 1, mtime=0), output.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image():
    """The blobs by digest, and the manifest."""
    compressed, archive = layer()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    config = json.dumps({
        "architecture": architecture, "os": "linux", "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["python3"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(archive)]}}).encode()
    kind = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "digest": digest(compressed), "size": len(compressed)}]}).encode()
    return {digest(config): config, digest(compressed): compressed}, manifest


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    blobs, manifest = {}, b""

    def log_message(self, *_):
        pass

    def do_GET(self):
        place, _, identifier = self.path.rpartition("/")
        kind = "application/octet-stream"
        if self.path in ("/v2", "/v2/"):
            status, data = 200, b"{}"
        elif place == f"/v2/{NAME}/manifests":
            status, data, kind = 200, self.manifest, "application/vnd.oci.image.manifest.v1+json"
        else:
            data = self.blobs.get(identifier)
            status, data = (404, b"{}") if data is None else (200, data)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", digest(data))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET


def main():
    Handler.blobs, Handler.manifest = image()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"localhost:{server.server_port}/{NAME}:1", flush=True)
    sys.stdin.read()


main()
