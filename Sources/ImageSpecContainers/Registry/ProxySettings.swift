// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// Which proxy is used for a URL, by the variables that docker and podman follow too: `HTTPS_PROXY`, `HTTP_PROXY`,
/// `ALL_PROXY`, `NO_PROXY`, each in either case, the lower one first.
///
/// libcurl's own reading of them differs: it overlooks `HTTP_PROXY` and sends loopback hosts to a proxy. Here those of
/// this machine are never sent there, and where `REQUEST_METHOD` is set — a CGI program, whose `HTTP_PROXY` comes from
/// whoever asks it — `HTTP_PROXY` does not count.
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

    /// The proxy's URL; nil if the server is asked directly.
    func proxy(for url: HTTPURL) -> String? {
        guard let proxy = url.scheme == .https ? https : http, !url.isOnLoopback,
            !exceptions.contains(where: { Self.matches($0, url) })
        else { return nil }
        return proxy.contains("://") ? proxy : "http://" + proxy
    }

    /// Whether a proxy's URL has a scheme that libcurl knows for proxies, and its host where one sees it.
    ///
    /// A second `@`, or one behind the first of `/ ? #`, is the end of a password that holds one of these as it is.
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

    /// Whether an entry of `NO_PROXY` means a server: `*`, a host, a domain with or without a leading dot, an address, a
    /// block of addresses as in `10.0.0.0/8`; the first three with a port or without.
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
