# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback that stores what it is sent, and misbehaves by the name of the repository.

usage: upload_server.py        prints {"main": PORT, "other": PORT}; ends with its standard input

The second port receives the uploads of the repository "elsewhere". GET /record returns what both were sent.
"""

import hashlib
import http.server
import itertools
import json
import re
import sys
import threading
import urllib.parse

lock = threading.Lock()
blobs, manifests, uploads, seen, record = {}, {}, {}, {}, []
identifiers = itertools.count()
PART = 300_000


def first(key):
    """Whether this is the first time that a key is asked for."""
    with lock:
        seen[key] = seen.get(key, 0) + 1
        return seen[key] == 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "test"

    def log_message(self, *arguments):
        pass

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code=None, message=None, headers=()):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode() if code else b""
        self.close_connection = True
        self.answer(status, list(headers) + [("Connection", "close")], body)

    def drop(self):
        """Ends the connection without a response."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def content(self, limit=None):
        length = int(self.headers.get("Content-Length", 0))
        return self.rfile.read(length if limit is None else min(limit, length))

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/record":
            with lock:
                body = json.dumps(record).encode()
            return self.answer(200, body=body)
        with lock:
            record.append({
                "port": self.server.server_port, "method": self.command, "target": self.path,
                "authorization": self.headers.get("Authorization"), "range": self.headers.get("Content-Range"),
                "length": int(self.headers.get("Content-Length", 0)),
            })
        match = re.fullmatch(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs)/(?P<rest>.*)", url.path)
        if not match:
            return self.answer(200)
        name, kind, rest = match["name"], match["kind"], match["rest"]
        if self.server is servers["main"] and name.startswith("private") and "Authorization" not in self.headers:
            return self.error(401, "UNAUTHORIZED", headers=[("WWW-Authenticate", 'Basic realm="test"')])
        if kind == "manifests":
            return self.manifest(name, rest)
        if rest == "uploads/":
            return self.begin(name, query)
        if rest.startswith("uploads/"):
            return self.upload(name, rest[8:], query)
        self.blob(name, rest)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def manifest(self, name, identifier):
        if self.command == "PUT":
            body = self.content()
            if name == "manifest-denied":
                return self.error(403, "DENIED", "the tag is immutable")
            if name == "manifest-busy" and first(name):
                return self.error(503)
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            with lock:
                manifests[name, identifier] = manifests[name, digest] = (self.headers["Content-Type"], body)
            shown = "sha256:" + "0" * 64 if name == "manifest-lie" else digest
            return self.answer(201, [("Docker-Content-Digest", shown)])
        found = manifests.get((name, identifier))
        if not found:
            return self.error(404, "MANIFEST_UNKNOWN")
        self.answer(200, [("Content-Type", found[0])], found[1])

    def begin(self, name, query):
        self.content()
        errors = {
            "denied": (403, "DENIED", None), "read-only": (405, "UNSUPPORTED", None),
            "no-repository": (404, "NAME_UNKNOWN", None),
            "quota": (403, "DENIED", "quota of 10 GB exceeded"), "full": (507, None, None),
            "private-echo": (403, "DENIED", "you sent " + str(self.headers.get("Authorization"))),
            "down": (503, None, None),
        }
        if name in errors:
            return self.error(*errors[name])
        if name == "busy" and first("post"):
            return self.error(503)
        source = (query.get("from") or [None])[0]
        if source and name == "mounting" and (source, query["mount"][0]) in blobs:
            with lock:
                blobs[name, query["mount"][0]] = blobs[source, query["mount"][0]]
            return self.answer(201, [("Location", "/v2/x")])
        with lock:
            identifier = str(next(identifiers))
            uploads[identifier] = b""
        self.answer(202, [("Location", self.location(name, identifier)), ("Range", "0-0")])

    def location(self, name, identifier):
        path = f"/v2/{name}/blobs/uploads/{identifier}?state=a%2Fb"
        return f"http://127.0.0.1:{servers['other'].server_port}{path}" if name == "elsewhere" else path

    def upload(self, name, identifier, query):
        data = uploads.get(identifier)
        if data is None:
            self.content()
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.command == "DELETE":
            del uploads[identifier]
            return self.answer(204)
        headers = [("Location", self.location(name, identifier))]
        length = int(self.headers.get("Content-Length", 0))
        # Small blobs come with PUT.
        if self.command == "PATCH" or self.command == "PUT" and length > 0:
            part, attempt = min(PART, length // 2), (self.command, name)
            if name == "too-large" and length > 5 << 20:
                return self.error(413)
            if name == "always-too-large":
                return self.error(413)
            start = self.headers.get("Content-Range")
            if start and int(start.split("-")[0]) != len(data):
                self.content()
                return self.error(416)
            if name == "broken" and first(attempt):
                uploads[identifier] = data + self.content(part)
                return self.drop()
            if name == "forgetful" and first(attempt):
                self.content(part)
                del uploads[identifier]
                return self.drop()
            if name == "hopeless":
                self.content(part)
                return self.drop()
            if name == "busy" and first(attempt):
                self.content()
                return self.error(503)
            data += self.content()
        if self.command == "PATCH":
            uploads[identifier] = data
        elif self.command == "PUT":
            digest = query["digest"][0]
            if hashlib.sha256(data).hexdigest() != digest[7:]:
                return self.error(400, "DIGEST_INVALID")
            with lock:
                blobs[name, digest] = data
            if name == "lost-answer" and first(("answer", length > 0)):
                return self.drop()
            shown = "sha256:" + "0" * 64 if name == "lie" else digest
            return self.answer(201, [("Docker-Content-Digest", shown)])
        headers.append(("Range", f"0-{max(len(data) - 1, 0)}"))
        self.answer(204 if self.command == "GET" else 202, headers)

    def blob(self, name, digest):
        data = blobs.get((name, digest))
        if data is None:
            return self.error(404, "BLOB_UNKNOWN")
        if self.command == "HEAD":
            return self.answer(200, [("Content-Length", str(len(data)))])
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        if name == "read-without-ranges":
            start = 0
        if name == "read-wrong":
            data = data[:-1] + bytes([data[-1] ^ 1])
        rest = data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if name.startswith("read-") and name != "read-wrong" and first(("get", name)):
            self.wfile.write(rest[:PART])
            return self.drop()
        if name == "read-short":
            return self.drop()
        self.wfile.write(rest)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *arguments):
        pass


servers = {name: Server(("127.0.0.1", 0), Handler) for name in ("main", "other")}
for server in servers.values():
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({name: server.server_port for name, server in servers.items()}), flush=True)
sys.stdin.read()
