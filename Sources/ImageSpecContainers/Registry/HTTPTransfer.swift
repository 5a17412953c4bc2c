// SPDX-License-Identifier: Apache-2.0

import CCurl
internal import ContentTree
import ImageSpec

/// One request while libcurl processes it. Only the transport's thread uses it.
final class HTTPTransfer {
    let id: Int
    let request: HTTPRequest
    let easy: OpaquePointer
    let start: ContinuousClock.Instant
    private var list: OpaquePointer?
    private let errorText: UnsafeMutablePointer<CChar>
    private var answer = Answer()
    /// When bytes of the content were last sent.
    private var lastSent: ContinuousClock.Instant?
    /// Whether the transfer waits for a stream that is full or has no bytes.
    private var isPaused = false

    /// The part of the response received so far.
    fileprivate struct Answer {
        var status = 0
        var headers: [HTTPHeader] = []
        var body: [UInt8] = []
        var headSize = 0
        var isHeadComplete = false
        var lastByte: ContinuousClock.Instant?
        /// Why the rest of the response is not read.
        var end: End?
        var isSuccess: Bool { (200..<300).contains(status) }

        enum End {
            case failure(HTTPFailure)
            /// The rest of an unsuccessful response is not needed.
            case enough
        }
    }

    /// The maximum size of all headers of a response, in bytes.
    static let headLimit = 256 * 1024
    /// The maximum number of bytes read of an unsuccessful response.
    fileprivate static let refusalLimit = 64 * 1024

    /// Creates the libcurl handle for a request.
    init(_ id: Int, _ request: HTTPRequest) throws(HTTPFailure) {
        guard let easy = ccurl_easy_new() else {
            throw HTTPFailure(kind: .other, detail: "libcurl cannot create a handle")
        }
        self.id = id
        self.request = request
        self.easy = easy
        start = .now
        errorText = .allocate(capacity: Int(CCURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CCURL_ERROR_SIZE))
        try configure()
    }

    deinit {
        ccurl_easy_free(easy)
        ccurl_list_free(list)
        errorText.deallocate()
    }

    // MARK: the request

    private func configure() throws(HTTPFailure) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_easy_set_sinks(easy, Self.takeHeader, Self.takeBody, context))
        try check(ccurl_easy_set_error_buffer(easy, errorText))
        try setText(CCURL_OPT_URL, request.url.text)
        try setInteger(CCURL_OPT_NOSIGNAL, 1)
        try setInteger(CCURL_OPT_NOPROGRESS, 1)
        try setInteger(CCURL_OPT_FOLLOWLOCATION, 0)
        try setInteger(CCURL_OPT_PATH_AS_IS, 1)
        try setInteger(CCURL_OPT_SUPPRESS_CONNECT_HEADERS, 1)
        try setText(CCURL_OPT_USERAGENT, "imagespec")
        // The option with a list of names was added in 7.85; the one with bits (http and https) is deprecated.
        if ccurl_easy_set_text(easy, Int32(CCURL_OPT_PROTOCOLS_STR), "http,https") != 0 {
            try setInteger(CCURL_OPT_PROTOCOLS, 3)
        }
        // Available since 7.87: ending a transfer does not wait for an unresponsive resolver.
        _ = ccurl_easy_set_integer(easy, Int32(CCURL_OPT_QUICK_EXIT), 1)
        // Use HTTP/2 if TLS negotiates it. Such a connection is shared by several transfers, so it is worth waiting for.
        if ccurl_easy_set_integer(easy, Int32(CCURL_OPT_HTTP_VERSION), 4) == 0, request.url.scheme == .https {
            try setInteger(CCURL_OPT_PIPEWAIT, 1)
        }
        if request.isOnFreshConnection { try setInteger(CCURL_OPT_FRESH_CONNECT, 1) }
        try setTimes()
        try setMethod()
        try setHeaders()
        try setProxy()
        try setTrust()
    }

    private func setTimes() throws(HTTPFailure) {
        try setInteger(CCURL_OPT_CONNECTTIMEOUT_MS, max(1, request.limits.connect.milliseconds))
        // The loop enforces the other limits: libcurl's own limit for slow responses also counts the time before the first
        // byte.
        try setInteger(CCURL_OPT_TIMEOUT_MS, max(1, (request.deadline - start).milliseconds))
    }

    private func setMethod() throws(HTTPFailure) {
        switch request.method {
        case .get: break
        case .head: try setInteger(CCURL_OPT_NOBODY, 1)
        case .post, .put, .patch, .delete:
            if let upload = request.upload {
                try setInteger(CCURL_OPT_UPLOAD, 1)
                try setInteger(CCURL_OPT_INFILESIZE_LARGE, upload.size)
                let context = Unmanaged.passUnretained(self).toOpaque()
                try check(ccurl_easy_set_source(easy, Self.giveBody, context))
                _ = ccurl_easy_set_integer(easy, Int32(CCURL_OPT_UPLOAD_BUFFERSIZE), 512 << 10)
            } else {
                try setInteger(CCURL_OPT_POST, 1)
                try setInteger(CCURL_OPT_POSTFIELDSIZE, request.body.count)
                let code = (request.body + [0]).withUnsafeBufferPointer { bytes in
                    bytes.withMemoryRebound(to: CChar.self) {
                        ccurl_easy_set_text(easy, Int32(CCURL_OPT_COPYPOSTFIELDS), $0.baseAddress)
                    }
                }
                try check(code)
            }
            try setText(CCURL_OPT_CUSTOMREQUEST, request.method.rawValue)
        }
    }

    private func setHeaders() throws(HTTPFailure) {
        for header in request.headers + [HTTPHeader("Expect", "")] {
            let line = header.value.isEmpty ? header.name + ":" : "\(header.name): \(header.value)"
            // Prevents header injection.
            guard line.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw HTTPFailure(
                    kind: .other, detail: "the header \(header.name) contains a control character")
            }
            list = ccurl_list_append(list, line)
        }
        try check(ccurl_easy_set_list(easy, Int32(CCURL_OPT_HTTPHEADER), list))
    }

    private func setProxy() throws(HTTPFailure) {
        // Otherwise libcurl takes part of the password for the host, and includes it in its error.
        if let proxy = request.proxy, !ProxySettings.isURL(proxy) { throw HTTPFailure(kind: .proxyURL) }
        // Set both, so that libcurl does not read the environment.
        try setText(CCURL_OPT_PROXY, request.proxy ?? "")
        try setText(CCURL_OPT_NOPROXY, "")
    }

    private func setTrust() throws(HTTPFailure) {
        guard request.url.scheme == .https || request.proxy?.hasPrefix("https:") == true else { return }
        let trust = request.trust
        if trust.isQuick {
            // In place of the file and the directory that libcurl was compiled with.
            try check(ccurl_easy_set_text(easy, Int32(CCURL_OPT_CAINFO), nil))
            try check(ccurl_easy_set_text(easy, Int32(CCURL_OPT_CAPATH), nil))
        }
        if let file = trust.file {
            try setText(CCURL_OPT_CAINFO, file)
            _ = ccurl_easy_set_text(easy, Int32(CCURL_OPT_PROXY_CAINFO), file)
        }
        if let folders = trust.folders {
            try setText(CCURL_OPT_CAPATH, folders)
            _ = ccurl_easy_set_text(easy, Int32(CCURL_OPT_PROXY_CAPATH), folders)
        }
        if let certificates = trust.certificates {
            let code = certificates.withUnsafeBytes {
                ccurl_easy_set_blob(easy, Int32(CCURL_OPT_CAINFO_BLOB), $0.baseAddress, $0.count)
            }
            guard code == 0 else {
                let version = String(cString: ccurl_version())
                throw HTTPFailure(
                    kind: .trust,
                    detail:
                        "libcurl \(version) does not support certificates other than the system's; 7.77 or later with OpenSSL does"
                )
            }
        }
        if let certificate = trust.clientCertificate, let key = trust.clientKey {
            try setText(CCURL_OPT_SSLCERT, certificate)
            try setText(CCURL_OPT_SSLKEY, key)
        }
    }

    private func setInteger(_ option: Int, _ value: Int) throws(HTTPFailure) {
        try check(ccurl_easy_set_integer(easy, Int32(option), value))
    }

    private func setText(_ option: Int, _ value: String) throws(HTTPFailure) {
        try check(ccurl_easy_set_text(easy, Int32(option), value))
    }

    private func check(_ code: Int32) throws(HTTPFailure) {
        guard code == 0 else {
            throw HTTPFailure(kind: .other, detail: String(cString: ccurl_easy_error(code)))
        }
    }

    // MARK: the answer

    private static let takeHeader: ccurl_sink = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return transfer.answer.takeHeader(line) ? line.count : 0
    }

    private static let takeBody: ccurl_sink = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
        if let stream = transfer.request.download, transfer.answer.isSuccess {
            transfer.answer.lastByte = .now
            switch stream.push(piece, status: transfer.answer.status) {
            case .taken: return piece.count
            case .full:
                transfer.isPaused = true
                return Int(CCURL_PAUSE)
            case .closed: return 0
            }
        }
        return transfer.answer.takeBody(piece, limit: transfer.request.bodyLimit) ? piece.count : 0
    }

    private static let giveBody: ccurl_sink = { bytes, size, count, context in
        guard let bytes, let context else { return Int(CCURL_ABORT) }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        guard let stream = transfer.request.upload?.stream else { return 0 }
        switch stream.pull(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count)) {
        case .bytes(let count):
            transfer.lastSent = .now
            return count
        case .empty:
            transfer.isPaused = true
            return Int(CCURL_PAUSE)
        case .ended: return 0
        case .closed: return Int(CCURL_ABORT)
        }
    }

    /// Resumes the transfer after a stream was full or had no bytes.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        if answer.lastByte != nil { answer.lastByte = .now }
        lastSent = request.upload == nil ? nil : .now
        _ = ccurl_easy_resume(easy)
    }

    private var isConnected: Bool { ccurl_easy_number(easy, Int32(CCURL_INFO_PRETRANSFER_TIME)) > 0 }

    /// When the transfer times out, unless it makes progress before.
    var due: ContinuousClock.Instant {
        // The task at the other end of the stream determines when the transfer continues.
        if isPaused { return request.deadline }
        let next =
            answer.lastByte.map { $0 + request.limits.stall } ?? (lastSent ?? start) + request.limits.head
        return min(next, request.deadline)
    }

    /// The result of a transfer that has timed out.
    func overdueResult(at time: ContinuousClock.Instant) -> Result<HTTPResponse, HTTPFailure> {
        result(failing: timeout(isWhole: request.deadline <= time))
    }

    /// The result of a transfer that libcurl has finished.
    func result(_ code: Int32) -> Result<HTTPResponse, HTTPFailure> {
        if case .failure(let failure)? = answer.end { return .failure(failure) }
        return result(failing: code == 0 ? nil : failure(code))
    }

    private func result(failing failure: HTTPFailure?) -> Result<HTTPResponse, HTTPFailure> {
        // The header of an unsuccessful response is sufficient.
        let isRefusal = answer.isHeadComplete && answer.status >= 300
        if let failure, !isRefusal { return .failure(failure) }
        // libcurl accepts a response that ends within its header. Its status cannot be relied on.
        guard answer.isHeadComplete else { return .failure(HTTPFailure(kind: .reset)) }
        let address = ccurl_easy_text(easy, Int32(CCURL_INFO_PRIMARY_IP)).map { String(cString: $0) } ?? ""
        let port = ccurl_easy_integer(easy, Int32(CCURL_INFO_PRIMARY_PORT))
        return .success(
            HTTPResponse(
                status: answer.status, headers: answer.headers, body: answer.body, peer: "\(address):\(port)")
        )
    }

    /// Whether the connection supports concurrent transfers (HTTP/2 or later).
    var isMultiplexed: Bool { ccurl_easy_integer(easy, Int32(CCURL_INFO_HTTP_VERSION)) >= 3 }

    // The numbers are those of CURLcode in curl.h.
    private func failure(_ code: Int32) -> HTTPFailure {
        let said = String(cString: errorText)
        let text = said.isEmpty ? String(cString: ccurl_easy_error(code)) : said
        // libcurl quotes a proxy URL that it cannot parse: `Unsupported proxy syntax in '…'`.
        if let proxy = request.proxy, text.contains("Unsupported proxy") || text.contains(proxy) {
            return HTTPFailure(kind: .proxyURL)
        }
        let isProxy = text.contains("proxy") || text.contains("CONNECT")
        let kind: HTTPFailure.Kind =
            switch code {
            case 5, 97: .proxy
            case 6: .notResolved
            case 7: request.proxy == nil ? .notReached : .proxy
            case 28: timeout(isWhole: true).kind
            case 35: .handshake
            case 51, 60: .certificate
            case 53, 54, 58, 59, 66, 77, 80, 82, 83, 90, 91: .trust
            // With TLS 1.3, a server may reject the client after the handshake.
            case 55, 56: isProxy ? .proxy : text.contains(" alert ") ? .handshake : .reset
            // 65: part of the content would have to be sent again.
            case 16, 18, 52, 65, 92: .reset
            case 27, 100: answer.isHeadComplete ? .other : .headTooLarge
            case 1, 8, 61: .malformed
            default: .other
            }
        return HTTPFailure(kind: kind, detail: text.onOneLine(limit: 300))
    }

    private func timeout(isWhole: Bool) -> HTTPFailure {
        guard isConnected else { return HTTPFailure(kind: .connectTimeout) }
        guard answer.lastByte != nil else { return HTTPFailure(kind: .headTimeout) }
        return HTTPFailure(kind: isWhole ? .wholeTimeout : .stalled)
    }
}

extension HTTPTransfer.Answer {
    fileprivate mutating func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastByte = .now
        headSize += bytes.count
        guard headSize <= HTTPTransfer.headLimit else {
            end = .failure(HTTPFailure(kind: .headTooLarge))
            return false
        }
        let line = String(decoding: bytes.withoutSurroundingWhiteSpace, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new header: the previous one belonged to a 1xx response.
            let words = line.split(separator: " ", maxSplits: 2)
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            headers = []
            isHeadComplete = false
        } else if line.isEmpty {
            isHeadComplete = status >= 200
        } else if !isHeadComplete, let colon = line.firstIndex(of: ":") {
            headers.append(
                HTTPHeader(
                    String(line[..<colon]).trimmingSpace,
                    String(line[colon...].dropFirst()).trimmingSpace))
        }
        return true
    }

    fileprivate mutating func takeBody(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Bool {
        lastByte = .now
        let limit = isSuccess ? limit : min(limit, HTTPTransfer.refusalLimit)
        guard body.count + bytes.count <= limit else {
            end = isSuccess ? .failure(HTTPFailure(kind: .bodyTooLarge)) : .enough
            return false
        }
        body += bytes
        return true
    }
}

extension Duration {
    /// Nearly 25 days, the maximum that libcurl and `poll` accept in milliseconds.
    static let longestWait = Duration.milliseconds(Int(Int32.max))

    /// The duration in whole milliseconds, clamped to 0 and the longest wait.
    var milliseconds: Int {
        if self <= .zero { return 0 }
        if self >= Self.longestWait { return Int(Int32.max) }
        return Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
