# SPDX-License-Identifier: Apache-2.0
"""Serves the BuildKit API of a docker daemon on a port of its own, with mutual TLS.

    buildkit_port.py SOCKET PORT CERTIFICATE KEY CLIENT_AUTHORITY

A docker daemon contains BuildKit and offers its API to clients that upgrade a connection to `/grpc`. This program
accepts TLS connections of clients with a certificate, upgrades one for each, and copies bytes in both directions. It
thus replaces a buildkitd where there is none. Prints a line when it listens. Ends with SIGTERM.
"""

import select
import socket
import ssl
import sys
import threading

REQUEST = b"POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"


def upgraded(path: str) -> socket.socket:
    """A connection to the daemon that speaks gRPC."""
    daemon = socket.socket(socket.AF_UNIX)
    daemon.connect(path)
    daemon.sendall(REQUEST)
    answer = b""
    # Byte by byte, because what follows the answer is for the client.
    while not answer.endswith(b"\r\n\r\n"):
        byte = daemon.recv(1)
        if not byte:
            break
        answer += byte
    if not answer.startswith(b"HTTP/1.1 101"):
        daemon.close()
        raise ConnectionError(answer.decode("latin-1"))
    return daemon


def copy(client: ssl.SSLSocket, daemon: socket.socket) -> None:
    """Copies in both directions until one side ends. One thread, because a TLS socket is not for two."""
    with client, daemon:
        while True:
            # Bytes that are already decrypted are not seen by select.
            ready = [client] if client.pending() else select.select([client, daemon], [], [])[0]
            for source, sink in ((client, daemon), (daemon, client)):
                if source not in ready:
                    continue
                try:
                    data = source.recv(1 << 16)
                    if not data:
                        return
                    sink.sendall(data)
                except (ConnectionError, ssl.SSLError):
                    return


def serve(connection: socket.socket, context: ssl.SSLContext, path: str) -> None:
    try:
        client = context.wrap_socket(connection, server_side=True)
        daemon = upgraded(path)
    except (OSError, ssl.SSLError) as error:
        print("refused:", error, file=sys.stderr, flush=True)
        connection.close()
        return
    copy(client, daemon)


def main() -> None:
    path, port, certificate, key, authority = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", int(port)))
    print("listening", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, path), daemon=True).start()


main()
