# SPDX-License-Identifier: Apache-2.0
"""A registry whose faults are chosen by the name of the image, and which remembers who sent it what.

    python3 fault_server.py FOLDER

FOLDER gets the certificates, made by the openssl program. When all servers listen, one line of JSON with their ports
is printed; when standard input ends, so does the program. GET /record on the plain server gives what was received,
as JSON.

Servers: plain HTTP; TLS with a certificate of a private authority for localhost and 127.0.0.1; TLS with an expired one;
TLS with one for another name; TLS that wants a client certificate; TLS, with something to say at /v2/ (BASES); a port that accepts and says nothing; a proxy
(forwarding and CONNECT, which takes any host for this machine).
"""

import hashlib, json, os, socket, ssl, struct, subprocess, sys, threading, time
from urllib.parse import parse_qs, urlsplit

MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + "0" * 64, "size": 2},
    "layers": [],
}).encode()
CONFIG = json.dumps({"config": {"Labels": {"imagespec.id": "1234"}}}).encode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


LABELLED = MANIFEST.replace(b"sha256:" + b"0" * 64, digest(CONFIG).encode())
INDEX = json.dumps({"schemaVersion": 2, "manifests": [
    {"digest": "sha256:" + "1" * 64, "platform": {"os": "linux", "architecture": "arm64"}},
    {"digest": digest(LABELLED), "platform": {"os": "linux", "architecture": "amd64"}},
]}).encode()

PASSWORD = "Basic dXNlcjpwYXNzOndvcmQ="

record, counts, lock, ports = [], {}, threading.Lock(), {}
connections = {"now": 0, "most": 0, "all": 0, "delayed": 0, "mostDelayed": 0}


class Closed(Exception):
    pass


class Connection:
    """One connection; the few parts of HTTP that faults do not hide behind a library."""

    def __init__(self, server, sock):
        self.server, self.socket, self.buffer = server, sock, b""

    def read(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise Closed()
        self.buffer += data

    def request(self):
        while b"\r\n\r\n" not in self.buffer:
            if b"\n" in self.buffer and b"HTTP/1" not in self.buffer.split(b"\n", 1)[0]:
                self.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                raise Closed()
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ")
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.body = self.read(int(self.headers.get("content-length", 0))).decode("latin-1")
        url = urlsplit(self.target)
        self.path, self.query = url.path, parse_qs(url.query)
        if self.path != "/record":
            with lock:
                record.append({
                    "server": self.server, "method": self.method, "target": self.target, "headers": self.headers,
                    "body": self.body,
                })

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, status, headers=(), body=b"", length=True):
        head = "HTTP/1.1 %d Reason\r\n" % status
        for name, value in headers:
            head += "%s: %s\r\n" % (name, value)
        if length:
            head += "Content-Length: %d\r\n" % len(body)
        self.send(head.encode() + b"\r\n" + (b"" if self.method == "HEAD" else body))

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closed()

    def hold(self):
        """Says nothing until the other side leaves."""
        while self.socket.recv(65536):
            pass
        raise Closed()

    @property
    def base(self):
        return "%s://localhost:%d" % ("http" if self.server == "plain" else "https", ports[self.server])


def manifest(c, data=MANIFEST, headers=()):
    c.answer(200, [("Docker-Content-Digest", digest(data)), *headers], data)


def error(c, status, code=None, headers=()):
    body = json.dumps({"errors": [{"code": code, "message": "secret " + str(c.headers.get("authorization"))}]})
    c.answer(status, headers, body.encode() if code else b"odd")


def challenge(c, realm=None, scope=None, more=()):
    value = 'Bearer realm="%s",service="the service"' % (realm or c.base + "/token")
    error(c, 401, "UNAUTHORIZED", [("WWW-Authenticate", value + (',scope="%s"' % scope if scope else "")), *more])


def authorized(c):
    return c.headers.get("authorization", "") == "Bearer the-token"


def times(c, key):
    with lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key]


def absent_to_head(then):
    return lambda c: error(c, 404, "MANIFEST_UNKNOWN") if c.method == "HEAD" else then(c)


def hidden(*allowed):
    """Absent to all but those who send this, and asks nobody for anything."""
    def fault(c):
        if c.headers.get("authorization") in allowed:
            return manifest(c)
        error(c, 404, "MANIFEST_UNKNOWN")
    return fault


def hidden_refusing(c):
    error(c, 401 if c.headers.get("authorization") else 404, "UNAUTHORIZED")


def busy(status, times_busy=1, headers=()):
    def fault(c):
        if times(c, c.path) <= times_busy:
            return error(c, status, "TOOMANYREQUESTS" if status == 429 else None, headers)
        manifest(c)
    return fault


def endless_body(c):
    c.send(b"HTTP/1.1 200 OK\r\n\r\n")
    if c.method == "HEAD":
        raise Closed()
    while True:
        c.send(b" " * 65536)


def stalled_body(c):
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    if c.method == "HEAD":
        return
    c.send(b"{")
    c.hold()


def cut_head(c):
    c.send(b"HTTP/1.1 404 Not Found\r\nContent-Ty")
    raise Closed()


def stalled_refusal(c):
    if c.method == "HEAD":
        return c.answer(405)
    c.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n{")
    c.hold()


def endless_head(c):
    c.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(1 << 14):
        c.send(b"x-filler: " + b"a" * 65534 + b"\r\n")
    c.send(b"\r\n")


def endless_line(c):
    c.send(b"HTTP/1.1 200 OK\r\nx-filler: ")
    for _ in range(1 << 14):
        c.send(b"a" * 65536)
    c.send(b"\r\n\r\n")


def half(c):
    if c.method == "HEAD":
        c.answer(200)
    else:
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"schema")
        c.reset()


def reset_once(c):
    if times(c, c.path) == 1:
        c.send(b"HTTP/1.1 20")
        c.reset()
    manifest(c)


def basic(c):
    if c.headers.get("authorization") == PASSWORD:
        return manifest(c)
    error(c, 401, "UNAUTHORIZED", [("WWW-Authenticate", 'Basic realm="here"')])


def stale(c):
    # The token is revoked before its time, once.
    if authorized(c) and times(c, c.path) != 2:
        return manifest(c)
    challenge(c)


def other_scope(c):
    if c.headers.get("authorization") == "Bearer another-token":
        return manifest(c)
    challenge(c, scope="repository:elsewhere:pull")


def bearer(realm=None, scheme=None):
    def fault(c):
        if authorized(c):
            return manifest(c)
        challenge(c, realm(c) if realm else None)
    return fault


def redirect(target, status=307):
    return lambda c: c.answer(status, [("Location", target(c))])


def after_token(then):
    return lambda c: then(c) if c.headers.get("authorization") else challenge(c)


def elsewhere(c, fault, base="https://127.0.0.1:%d", server="tls"):
    """The same image of another fault on another host: this machine by another name."""
    return base % ports[server] + c.path.replace(c.path.split("/")[2], fault, 1)


FAULTS = {
    "fine": manifest,
    "labelled": lambda c: manifest(c, LABELLED),
    "index": lambda c: manifest(c, INDEX if c.path.endswith("/1") else LABELLED),
    "absent": lambda c: error(c, 404, "MANIFEST_UNKNOWN"),
    "absent-oddly": lambda c: c.answer(404, [("Content-Type", "text/html")], b"<html>"),
    "absent-endless": lambda c: c.answer(405) if c.method == "HEAD" else c.answer(404, [], b"a" * 10_000_000),
    "absent-to-head": absent_to_head(manifest),
    "absent-to-head-no-digest": absent_to_head(lambda c: c.answer(200, [], MANIFEST)),
    "absent-to-head-token": after_token(absent_to_head(manifest)),
    "absent-to-head-portal": absent_to_head(lambda c: c.answer(200, [("Content-Type", "text/html")], b"<html>")),
    "absent-to-head-forbidden": absent_to_head(lambda c: error(c, 403, "DENIED")),
    "absent-to-head-down": absent_to_head(lambda c: error(c, 503)),
    "absent-to-head-endless": absent_to_head(endless_body),
    "absent-elsewhere": redirect(lambda c: elsewhere(c, "absent")),
    "hidden": hidden(PASSWORD), "hidden-token": hidden("Bearer the-token"), "hidden-refusing": hidden_refusing,
    "absent-stalled": stalled_refusal, "absent-cut": cut_head,
    "loop": challenge,
    "loop-basic": lambda c: error(c, 401, None, [("WWW-Authenticate", 'Basic realm="x"')]),
    "no-challenge": lambda c: error(c, 401),
    "odd-challenge": lambda c: error(c, 401, None, [("WWW-Authenticate", 'Negotiate, Bearer realm="')]),
    "forbidden": lambda c: error(c, 403, "DENIED"),
    "no-head": lambda c: c.answer(405) if c.method == "HEAD" else manifest(c),
    "forbidden-head": lambda c: c.answer(403) if c.method == "HEAD" else manifest(c),
    "no-head-absent": lambda c: c.answer(405) if c.method == "HEAD" else error(c, 404, "MANIFEST_UNKNOWN"),
    "no-digest": lambda c: c.answer(200, [], MANIFEST),
    "odd-digest": lambda c: c.answer(200, [("Docker-Content-Digest", "sha256:xyz")], MANIFEST),
    "wrong-digest": lambda c: c.answer(200, [("Docker-Content-Digest", "sha256:" + "2" * 64)] if c.method == "GET" else [], MANIFEST),
    "portal": lambda c: c.answer(200, [("Content-Type", "text/html")], b"<html>Log in to the hotel</html>"),
    "teapot": lambda c: error(c, 418),
    "timeout-408": busy(408), "busy-500": busy(500), "busy-502": busy(502), "busy-503": busy(503), "busy-504": busy(504),
    "busy-429": busy(429, headers=[("Retry-After", "1")]),
    "busy-429-date": busy(429, headers=[
        ("Date", "Sun, 06 Nov 1994 08:49:36 GMT"), ("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")]),
    "busy-long": busy(429, 100, [("Retry-After", "3600")]),
    "down-408": busy(408, 100), "down-429": busy(429, 100), "down-500": busy(500, 100), "down-501": busy(501, 100),
    "down-502": busy(502, 100), "down-503": busy(503, 100), "down-504": busy(504, 100),
    "reset": lambda c: c.reset(), "reset-once": reset_once, "reset-body": half,
    "endless-body": endless_body, "stalled-body": stalled_body,
    "endless-head": endless_head, "endless-line": endless_line,
    "stalled": lambda c: c.hold(), "not-http": lambda c: c.send(b"SSH-2.0-OpenSSH_9.2\r\n") or c.reset(),
    "token": bearer(), "basic": basic, "stale": stale, "other-scope": other_scope,
    "many-challenges": lambda c: manifest(c) if authorized(c) else error(c, 401, None, [
        ("WWW-Authenticate", 'Negotiate YII=, Basic realm="a, \\"b\\""'),
        ("www-authenticate", 'BEARER Service=s , REALM = "%s/token"' % c.base)]),
    "access-token": bearer(lambda c: c.base + "/access-token"),
    "realm-other-host": bearer(lambda c: "https://127.0.0.1:%d/token" % ports["tls"]),
    "realm-plain": bearer(lambda c: "http://localhost:%d/token" % ports["plain"]),
    "realm-plain-elsewhere": bearer(lambda c: "http://registry.test:%d/token" % ports["plain"]),
    "realm-odd": bearer(lambda c: "ftp://user:password@host/"),
    "realm-malformed-token": bearer(lambda c: c.base + "/token-malformed"),
    "realm-injecting-token": bearer(lambda c: c.base + "/token-injecting"),
    "realm-empty-token": bearer(lambda c: c.base + "/token-empty"),
    "realm-endless-token": bearer(lambda c: c.base + "/token-endless"),
    "realm-refusing": bearer(lambda c: c.base + "/token-refusing"),
    "realm-down": bearer(lambda c: c.base + "/token-down"),
    "realm-redirecting": bearer(lambda c: c.base + "/token-redirecting"),
    "redirect-same": redirect(lambda c: c.path.replace("redirect-same", "token")),
    "redirect-host": after_token(redirect(lambda c: elsewhere(c, "fine"))),
    "redirect-host-challenge": after_token(redirect(lambda c: elsewhere(c, "loop-basic"))),
    "redirect-plain": after_token(redirect(lambda c: elsewhere(c, "fine", "http://localhost:%d", "plain"), 302)),
    "redirect-plain-elsewhere": redirect(lambda c: elsewhere(c, "fine", "http://registry.test:%d", "plain"), 302),
    "redirect-loop": redirect(lambda c: c.target, 301),
    "redirect-nowhere": lambda c: c.answer(302),
    "redirect-file": redirect(lambda c: "file:///etc/passwd"),
}

# What the servers of these names say at /v2/; the others know nothing there.
BASES = {
    "base-basic": lambda c: error(c, 401, None, [("WWW-Authenticate", 'Basic realm="here"')]),
    "base-token": challenge,
    "base-plain-realm": lambda c: challenge(c, "http://localhost:%d/token" % ports["plain"]),
    "base-elsewhere": redirect(lambda c: "https://127.0.0.1:%d/v2/" % ports["base-basic"]),
    "base-down": lambda c: error(c, 503),
}

TOKENS = {
    "/token": lambda c: token(c, {"token": "another-token" if "elsewhere" in scope(c) else "the-token", "expires_in": 300}),
    "/access-token": lambda c: token(c, {"access_token": "the-token"}),
    "/token-malformed": lambda c: c.answer(200, [], b'{"token": "the-token'),
    "/token-injecting": lambda c: token(c, {"token": "a\r\nHost: elsewhere"}),
    "/token-empty": lambda c: token(c, {"token": ""}),
    "/token-endless": lambda c: c.answer(200, [], b" " * 10_000_000),
    "/token-refusing": lambda c: error(c, 401, "UNAUTHORIZED"),
    "/token-down": lambda c: error(c, 503),
    "/token-redirecting": lambda c: c.answer(307, [("Location", "https://127.0.0.1:%d/token?%s" % (ports["tls"], urlsplit(c.target).query))]),
}


def scope(c):
    return (c.query.get("scope") or parse_qs(c.body).get("scope") or [""])[0]


def token(c, value):
    c.answer(200, [], json.dumps(value).encode())


def delay(seconds):
    with lock:
        connections["delayed"] += 1
        connections["mostDelayed"] = max(connections["mostDelayed"], connections["delayed"])
    time.sleep(seconds)
    with lock:
        connections["delayed"] -= 1


def serve(c):
    while True:
        c.request()
        if c.path == "/record":
            with lock:
                body = json.dumps({"requests": record, "connections": connections}).encode()
            c.answer(200, [], body)
            continue
        if c.path in TOKENS:
            TOKENS[c.path](c)
            continue
        if c.path == "/v2/":
            BASES.get(c.server, lambda c: error(c, 404))(c)
            continue
        parts = c.path.split("/")
        if len(parts) < 5 or parts[1] != "v2":
            error(c, 404)
            continue
        if parts[3] == "blobs" or parts[-2] == "blobs":
            # As real ones do: from elsewhere.
            if c.headers.get("host", "").startswith("localhost"):
                c.answer(307, [("Location", "http%s://127.0.0.1:%d%s" % (
                    "" if c.server == "plain" else "s", ports[c.server], c.path))])
            else:
                c.answer(200, [], CONFIG)
            continue
        name = parts[2]
        if name.startswith("slow-"):
            name = name[len("slow-"):]
            delay(float(os.environ.get("LATENCY", "0.05")))
        FAULTS.get(name, lambda c: error(c, 404, "NAME_UNKNOWN"))(c)


def encrypted(context, sock):
    """A refusal reaches a client only if all that this has sent by then is read before the connection is closed."""
    raw = sock.dup()
    try:
        return context.wrap_socket(sock, server_side=True)
    except ssl.SSLError:
        raw.settimeout(5)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
        raise
    finally:
        raw.close()


def handle(server, context, sock):
    with lock:
        connections["all"] += 1
        connections["now"] += 1
        connections["most"] = max(connections["most"], connections["now"])
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            sock = encrypted(context, sock)
        {"proxy": proxy, "silent": Connection.hold}.get(server, serve)(Connection(server, sock))
    except (Closed, OSError, ValueError):
        pass
    finally:
        with lock:
            connections["now"] -= 1
        sock.close()


def proxy(c):
    """Every host is this machine."""
    c.request()
    if c.method == "CONNECT":
        if "refused" in c.target:
            return c.answer(407)
        target = socket.create_connection(("127.0.0.1", int(c.target.rsplit(":", 1)[1])))
        c.send(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        url = urlsplit(c.target)
        target = socket.create_connection(("127.0.0.1", url.port or 80))
        head = "%s %s HTTP/1.1\r\nConnection: close\r\n" % (c.method, url.path)
        for name, value in c.headers.items():
            if not name.startswith("proxy-") and name != "connection":
                head += "%s: %s\r\n" % (name, value)
        target.sendall(head.encode() + b"\r\n")

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    thread = threading.Thread(target=pump, args=(c.socket, target), daemon=True)
    thread.start()
    pump(target, c.socket)


def certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2")
    for name, names, days in [
        ("tls", "DNS:localhost,DNS:registry.test,IP:127.0.0.1", ["-days", "2"]),
        ("other", "DNS:elsewhere.test", ["-days", "2"]),
        ("client", "DNS:client.test", ["-days", "2"]),
        ("expired", "DNS:localhost", None),
    ]:
        with open(os.path.join(folder, name + ".ext"), "w") as file:
            file.write("subjectAltName=%s\n" % names)
        openssl("req", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        if days:
            openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                    "-out", name + ".crt", "-extfile", name + ".ext", *days)
        else:
            # x509 takes no dates before openssl 3.4; ca does.
            open(os.path.join(folder, "index"), "w").close()
            with open(os.path.join(folder, "ca.conf"), "w") as file:
                file.write("[a]\ndatabase=index\nnew_certs_dir=.\nserial=number\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n")
            with open(os.path.join(folder, "number"), "w") as file:
                file.write("1000\n")
            openssl("ca", "-batch", "-notext", "-config", "ca.conf", "-name", "a", "-cert", "ca.crt", "-keyfile", "ca.key",
                    "-in", name + ".csr", "-out", name + ".crt", "-extfile", name + ".ext",
                    "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")


def main():
    folder = sys.argv[1]
    certificates(folder)
    for server, certificate in [
        ("plain", None), ("tls", "tls"), ("expired", "expired"), ("other", "other"), ("client", "tls"),
        ("silent", None), ("proxy", None), *((name, "tls") for name in BASES),
    ]:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(
                os.path.join(folder, certificate + ".crt"), os.path.join(folder, certificate + ".key"))
            if server == "client":
                context.load_verify_locations(os.path.join(folder, "ca.crt"))
                context.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        ports[server] = listener.getsockname()[1]

        def accept(server=server, context=context, listener=listener):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=handle, args=(server, context, sock), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
    # A port at which nobody listens, as long as nobody takes it.
    with socket.create_server(("127.0.0.1", 0)) as free:
        ports["closed"] = free.getsockname()[1]
    print(json.dumps(ports), flush=True)
    sys.stdin.read()


main()
