// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// An `http` or `https` URL, split into the parts that determine the server and the request target.
///
/// Source: RFC 3986, restricted: no user info, and only visible ASCII.
struct HTTPURL: Hashable, Sendable {
    enum Scheme: String, Hashable, Sendable {
        case http, https

        var defaultPort: Int { self == .https ? 443 : 80 }
    }

    var scheme: Scheme
    /// In lower case; an IPv6 address is in brackets.
    var host: String
    /// If `nil`, the default port of the scheme.
    var port: Int?
    /// The path, starting with a slash, and the query.
    var target: String

    init(scheme: Scheme, host: String, port: Int? = nil, target: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
    }

    /// Returns `nil` if the text is not a valid URL of this kind.
    init?(_ text: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            let scheme = Scheme(rawValue: text[..<colon].lowercased()), text[colon...].hasPrefix("://")
        else { return nil }
        let rest = text[colon...].dropFirst(3)
        let end = rest.utf8.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        guard let authority = Authority(rest[..<end]), let target = Self.target(rest[end...]) else {
            return nil
        }
        self.init(scheme: scheme, host: authority.host, port: authority.port, target: target)
    }

    /// The host, and the port if it is not the default of the scheme.
    var authority: String {
        guard let port, port != scheme.defaultPort else { return host }
        return "\(host):\(port)"
    }

    /// The scheme, host and port. Two URLs with the same origin address the same server.
    var origin: String { "\(scheme.rawValue)://\(authority)" }
    var text: String { origin + target }

    /// Resolves a reference, such as that of a redirect, against this URL. Returns `nil` if the result is not a valid URL
    /// of this kind.
    func resolving(_ reference: String) -> HTTPURL? {
        if reference.contains("://"), let url = HTTPURL(reference) { return url }
        if reference.hasPrefix("//") { return HTTPURL("\(scheme.rawValue):\(reference)") }
        let end = reference.utf8.firstIndex { "/?#".utf8.contains($0) } ?? reference.endIndex
        // A URL with another scheme.
        guard !reference[..<end].contains(":") else { return nil }
        var url = self
        let path = target.prefix { $0 != "?" }
        let full: String =
            switch reference.first {
            case nil, "#": target
            case "/": reference
            case "?": path + reference
            default: path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex) + reference
            }
        guard let target = Self.target(full[...]) else { return nil }
        url.target = target
        return url
    }

    private static func target(_ text: Substring) -> String? {
        let target = text.prefix { $0 != "#" }
        guard target.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return target.hasPrefix("/") ? String(target) : "/" + target
    }

    /// Whether the host is this machine.
    var isOnLoopback: Bool { ImageSpec.ImageReference.Registry.isLoopback(host: host) }
}

extension HTTPURL {
    /// `host` or `host:port`.
    struct Authority: Hashable, Sendable {
        var host: String
        var port: Int?

        init?(_ text: Substring) {
            var name = text
            if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
                let digits = text[colon...].dropFirst()
                guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let number = Int(digits), (1...65535).contains(number)
                else { return nil }
                port = number
                name = text[..<colon]
            }
            if name.hasPrefix("[") {
                let address = name.dropFirst().dropLast()
                guard name.hasSuffix("]"), !address.isEmpty,
                    address.allSatisfy({ $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".") })
                else { return nil }
            } else {
                let isName = name.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._".utf8.contains(byte)
                }
                guard !name.isEmpty, isName else { return nil }
            }
            host = name.lowercased()
        }
    }
}
