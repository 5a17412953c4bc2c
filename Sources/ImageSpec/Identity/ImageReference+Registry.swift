// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.ImageReference {
    /// A registry: a host name or address with an optional port, such as `ghcr.io` or `localhost:5000`.
    public struct Registry: Hashable, Sendable {
        /// The host in lower case, an IPv6 address in brackets. Of Docker Hub, `docker.io`.
        ///
        /// A name without a dot, such as `Registry`, is as it was written: in lower case, `registry/app` is a path on Docker
        /// Hub.
        public let host: String
        /// The port. `nil` if there is none, which means the default port of HTTPS or HTTP.
        public let port: Int?

        /// Parses `host[:port]`. Returns `nil` if that is not a valid registry.
        ///
        /// All names of Docker Hub's registry are the same value.
        public init?(_ text: String) {
            guard Grammar.isHost(Substring(text).utf8) else { return nil }
            var host = Substring(text)
            var port: Int?
            if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
                !text.utf8[colon...].contains(UInt8(ascii: "]"))
            {
                // The grammar has any number of digits.
                guard let number = Int(text[colon...].dropFirst()), (1...65_535).contains(number) else {
                    return nil
                }
                port = number
                host = text[..<colon]
            }
            var name = String(host).asciiLowercased
            // Of a host without a dot, its upper-case letters tell that it is one.
            if port == nil, !Grammar.namesHost(name[...]) { name = String(host) }
            self.host = port == nil && Self.dockerHubNames.contains(name) ? Self.dockerHub.host : name
            self.port = port
        }

        private init(host: String) {
            self.host = host
            port = nil
        }
    }
}

extension ImageSpec.ImageReference.Registry: CustomStringConvertible {
    /// `host` or `host:port`.
    public var description: String { port.map { "\(host):\($0)" } ?? host }
}

// MARK: Docker Hub

extension ImageSpec.ImageReference.Registry {
    /// Docker Hub, the registry of references that name none.
    public static let dockerHub = Self(host: "docker.io")

    /// The names by which Docker Hub's registry is known.
    private static let dockerHubNames: Set = ["docker.io", "index.docker.io", "registry-1.docker.io"]

    /// Whether this is Docker Hub.
    public var isDockerHub: Bool { self == Self.dockerHub }

    /// The host that answers the registry's API.
    package var apiHost: String { isDockerHub ? "registry-1.docker.io" : host.asciiLowercased }

    /// The server as docker's configuration files and credential helpers name it.
    ///
    /// Source: docker/cli, `registry.IndexServer`.
    package var credentialsServer: String {
        isDockerHub ? "https://index.docker.io/v1/" : description
    }
}

// MARK: loopback

extension ImageSpec.ImageReference.Registry {
    /// Whether the registry is on this machine: `localhost`, `127.0.0.0/8` or `[::1]`. Engines contact it without TLS.
    ///
    /// Names below `localhost` are not included, since the system determines what they resolve to.
    public var isLoopback: Bool { Self.isLoopback(host: host) }

    /// The same for a host in lower case.
    package static func isLoopback(host: String) -> Bool {
        if host == "localhost" { return true }
        if host.utf8.first == UInt8(ascii: "[") { return isLoopback(ipv6: host.dropFirst().dropLast()) }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { UInt8($0).map(String.init) == String($0) }
    }

    /// `::1`, however many of its zeros are written.
    private static func isLoopback(ipv6 address: Substring) -> Bool {
        let groups = address.split(separator: ":", omittingEmptySubsequences: false)
        guard let last = groups.last, (3...8).contains(groups.count), last.utf8.count <= 4 else {
            return false
        }
        let isShortened = groups.dropFirst().dropLast().contains("")
        return UInt16(last, radix: 16) == 1 && (isShortened || groups.count == 8)
            && groups.dropLast().allSatisfy {
                $0.utf8.count <= 4 && $0.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
            }
    }
}
