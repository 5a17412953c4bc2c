// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A registry on this machine, without encryption, that answers as a case says.
final class ScriptedRegistry: Sendable {
    /// Answers a question by its path: a status and headers, a line each, and after an empty line the body.
    typealias Answer = @Sendable (_ path: String) -> String

    let port: UInt16
    private let listener: Int32

    init(_ answer: @escaping Answer) throws {
        #if canImport(Darwin)
        let stream = SOCK_STREAM
        #else
        let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        let listener = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, address, &size) == 0
            }
        }
        try #require(isListening)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0, errno == EINTR { continue }
                guard connection >= 0 else { break }
                Self.serve(connection, answer)
                close(connection)
            }
            close(listener)
        }
    }

    /// Ends the wait for the next connection, and with it the thread.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ connection: Int32, _ answer: Answer) {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        repeat {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            request += buffer[..<count]
            // The first byte of TLS, which gets what a server without it says.
        } while request.first != 0x16 && !request.suffix(4).elementsEqual("\r\n\r\n".utf8)
        let words = String(decoding: request.prefix { $0 != 0x0D }, as: UTF8.self).split(separator: " ")
        let isHTTP = request.first != 0x16 && words.count == 3
        let parts = (isHTTP ? answer(String(words[1])) : "400").components(separatedBy: "\n\n")
        let body = parts.dropFirst().joined(separator: "\n\n")
        let lines = parts[0].split(separator: "\n").map(String.init)
        let head = ["HTTP/1.1 \(lines[0]) -"] + lines.dropFirst()
        let end = ["Content-Length: \(body.utf8.count)", "Connection: close", "", ""]
        var text = (head + end).joined(separator: "\r\n")
        if words.first != "HEAD" { text += body }
        #if canImport(Darwin)
        let flags: Int32 = 0
        #else
        // Whoever leaves early must not end the tests.
        let flags = Int32(MSG_NOSIGNAL)
        #endif
        let bytes = Array(text.utf8)
        _ = send(connection, bytes, bytes.count, flags)
    }
}
