// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// One request, to one server: what it answers is not followed anywhere.
struct HTTPRequest: Sendable {
    enum Method: String, Hashable, Sendable {
        case head = "HEAD"
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        /// Whether a repeated request has the same effect as one, so that concurrent callers may share a response.
        var isSafe: Bool { self == .head || self == .get }
    }

    var method: Method
    var url: HTTPURL
    var headers: [HTTPHeader] = []
    /// The content of a request that is not safe. Not used if there is an `upload`.
    var body: [UInt8] = []
    /// The content of a request that is sent while it is produced, and its size in bytes. It can be sent once.
    var upload: (stream: HTTPByteStream, size: Int)?
    /// Receives the content of a successful response while it arrives; the response then has no body.
    var download: HTTPByteStream?
    /// The most bytes of a body; a longer one of a success is a failure, that of any other answer is cut.
    var bodyLimit = 64 * 1024
    var limits = HTTPLimits()
    /// When it ends whatever has come, the wait for a connection included.
    var deadline: ContinuousClock.Instant = .now + .seconds(60)
    var trust = TrustSettings()
    /// Whether no connection is used that was there before.
    var isOnFreshConnection = false
    /// The URL of a proxy, perhaps with a password; nil: none.
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

/// How long one request may take.
struct HTTPLimits: Hashable, Sendable {
    /// To find the server, reach it and agree on encryption.
    var connect: Duration = .seconds(10)
    /// To the first byte of the answer, from the time that it gets a connection, or begins to make one.
    var head: Duration = .seconds(20)
    /// Without a byte of an answer that has begun.
    var stall: Duration = .seconds(10)
}

struct HTTPResponse: Hashable, Sendable {
    var status: Int
    var headers: [HTTPHeader]
    var body: [UInt8]
    /// The address and port that answered.
    var peer: String

    /// The values of a header, in their order.
    func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    func value(_ name: String) -> String? { values(name).first }
}

/// Why there is no answer.
struct HTTPFailure: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case cancelled
        /// There is no libcurl that can be used.
        case noLibrary
        case notResolved
        case notReached
        /// The proxy cannot be reached, or refuses.
        case proxy
        /// The proxy's URL is none.
        case proxyURL
        case connectTimeout
        case headTimeout
        case stalled
        case wholeTimeout
        /// Other requests had all connections until its time was over.
        case queueTimeout
        /// No agreement on encryption; or what answers is no TLS server.
        case handshake
        /// The server's certificate is not accepted.
        case certificate
        /// A certificate file of this machine cannot be used.
        case trust
        /// The connection broke.
        case reset
        case headTooLarge
        case bodyTooLarge
        /// Not HTTP.
        case malformed
        case other
    }

    var kind: Kind
    /// What libcurl says, on one line; nothing of a URL with a password.
    var detail = ""

    /// Whether it is a whim of the network, which the next attempt may be spared.
    var isTransient: Bool { kind == .reset }
}
