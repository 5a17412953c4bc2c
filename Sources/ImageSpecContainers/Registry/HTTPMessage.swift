// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A single request to a single server. Redirects are not followed.
struct HTTPRequest: Sendable {
    enum Method: String, Hashable, Sendable {
        case head = "HEAD"
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        /// Whether repeating the request has the same effect as sending it once, so that concurrent callers may share a
        /// response.
        var isSafe: Bool { self == .head || self == .get }
    }

    /// When the request is sent again.
    enum Repetition: Sendable {
        /// If the server is busy or the connection is lost.
        case always
        case ifBusy
        case never
    }

    var method: Method
    var url: HTTPURL
    var headers: [HTTPHeader] = []
    /// The content of a request whose method is not safe. Ignored if there is an `upload`.
    var body: [UInt8] = []
    /// Content that is sent while it is produced, and its size in bytes. It can be sent only once.
    var upload: (stream: HTTPByteStream, size: Int)?
    /// Receives the content of a successful response as it arrives; the response then has no body.
    var download: HTTPByteStream?
    /// The maximum size of a body. A larger body fails a successful request; the body of any other response is truncated.
    var bodyLimit = 64 * 1024
    var limits = HTTPLimits()
    /// The deadline of the whole request, including the wait for a connection.
    var deadline: ContinuousClock.Instant = .now + .seconds(60)
    var trust = TrustSettings()
    var repetition = Repetition.always
    /// Whether the request must not reuse an existing connection.
    var isOnFreshConnection = false
    /// The URL of the proxy, which may contain a password. If `nil`, no proxy is used.
    var proxy: String?
}

struct HTTPHeader: Hashable, Sendable {
    var name: String
    var value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The time limits of one request.
struct HTTPLimits: Hashable, Sendable {
    /// For name resolution, the connection and the TLS handshake.
    var connect: Duration = .seconds(10)
    /// From the time that the request gets or opens a connection to the first byte of the response.
    var head: Duration = .seconds(20)
    /// The longest pause within a response.
    var stall: Duration = .seconds(10)
}

struct HTTPResponse: Hashable, Sendable {
    var status: Int
    var headers: [HTTPHeader]
    var body: [UInt8]
    /// The address and port of the server that responded.
    var peer: String

    /// Returns the values of a header, in order.
    func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    func value(_ name: String) -> String? { values(name).first }
}

/// Why there is no response.
struct HTTPFailure: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case cancelled
        /// No usable libcurl is installed.
        case noLibrary
        case notResolved
        case notReached
        /// The proxy cannot be reached, or refused the connection.
        case proxy
        /// The proxy's URL is invalid.
        case proxyURL
        case connectTimeout
        case headTimeout
        case stalled
        case wholeTimeout
        /// Other requests used all connections until the deadline.
        case queueTimeout
        /// The TLS handshake failed, or the server does not support TLS.
        case handshake
        /// The server's certificate is not trusted.
        case certificate
        /// A local certificate file cannot be used.
        case trust
        /// The connection was lost.
        case reset
        case headTooLarge
        case bodyTooLarge
        /// The response is not valid HTTP.
        case malformed
        case other
    }

    var kind: Kind
    /// The error of libcurl, on one line. It never contains a URL with a password.
    var detail = ""

    /// Whether the failure is likely temporary, so that a retry may succeed.
    var isTransient: Bool { kind == .reset }

    /// Whether the server does not support TLS: if it did, it would send an alert.
    var isWithoutTLS: Bool { kind == .handshake && !detail.contains("alert") }

    /// Whether a server that expects TLS may have answered: by closing the connection or by what is not HTTP.
    var mayExpectTLS: Bool { kind == .reset || kind == .malformed }
}
