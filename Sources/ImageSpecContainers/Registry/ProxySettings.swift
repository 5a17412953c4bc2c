// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Selects the proxy for a URL by the variables that docker and podman also use: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`
/// and `NO_PROXY`, in lower or upper case. The lower-case variable takes precedence.
///
/// libcurl interprets them differently: it ignores the upper-case `HTTP_PROXY` and uses the proxy for loopback hosts. Here
/// loopback hosts never use a proxy, and `HTTP_PROXY` is ignored if `REQUEST_METHOD` is set, because the client of a CGI
/// program can set `HTTP_PROXY`.
struct ProxySettings: Hashable, Sendable {
    private var http: String?
    private var https: String?
    private var exceptions: [String] = []

    init(environment: (String) -> String?) {
        func value(_ names: String...) -> String? {
            for name in names {
                if let text = environment(name), !text.isEmpty { return text }
            }
            return nil
        }
        let all = value("all_proxy", "ALL_PROXY")
        let isCGI = environment("REQUEST_METHOD") != nil
        http = (isCGI ? value("http_proxy") : value("http_proxy", "HTTP_PROXY")) ?? all
        https = value("https_proxy", "HTTPS_PROXY") ?? all
        exceptions = (value("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0.isWhitespace }
            .map { $0.lowercased() }
    }

    /// Returns the URL of the proxy. If `nil`, the connection is direct.
    func proxy(for url: HTTPURL) -> String? {
        guard let proxy = url.scheme == .https ? https : http, !url.isOnLoopback,
            !exceptions.contains(where: { Self.matches($0, url) })
        else { return nil }
        return proxy.contains("://") ? proxy : "http://" + proxy
    }

    /// Whether the text is a proxy URL with a scheme that libcurl supports for proxies and an unambiguous host.
    ///
    /// A second `@`, or an `@` after the first of `/ ? #`, means that a password contains one of these characters
    /// unescaped.
    static func isURL(_ text: String) -> Bool {
        guard let colon = text.firstRange(of: "://"),
            ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(
                text[..<colon.lowerBound].lowercased()),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return false }
        let rest = text[colon.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let host = authority.firstIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
        return !host.isEmpty && rest.count { $0 == "@" } == (host.startIndex == authority.startIndex ? 0 : 1)
    }

    /// Whether an entry of `NO_PROXY` matches a server: `*`, a host, a domain with or without a leading dot, an address, or
    /// a CIDR block such as `10.0.0.0/8`. A host, domain or address may have a port.
    private static func matches(_ entry: String, _ url: HTTPURL) -> Bool {
        if entry == "*" { return true }
        let bare = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        if let slash = entry.firstIndex(of: "/") {
            guard let address = IPv4(url.host), let network = IPv4(String(entry[..<slash])),
                let length = Int(entry[slash...].dropFirst()), (0...32).contains(length)
            else { return false }
            let mask: UInt32 = length == 0 ? 0 : .max << (32 - UInt32(length))
            return address.bits & mask == network.bits & mask
        }
        if entry == bare { return true }
        var name = Substring(entry)
        if let colon = entry.lastIndex(of: ":"), let port = Int(entry[colon...].dropFirst()) {
            guard port == url.port ?? url.scheme.defaultPort else { return false }
            name = entry[..<colon]
        }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        if name.hasPrefix(".") { return url.host.hasSuffix(name) }
        return url.host == name || url.host.hasSuffix("." + name)
    }

    private struct IPv4 {
        var bits: UInt32 = 0

        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4 else { return nil }
            for part in parts {
                guard let byte = UInt8(part) else { return nil }
                bits = bits << 8 | UInt32(byte)
            }
        }
    }
}
