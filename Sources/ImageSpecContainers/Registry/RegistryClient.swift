// SPDX-License-Identifier: Apache-2.0

import CCurl
public import ImageSpec
public import ImageSpecBuilding
internal import ImageSpecLayers

extension ImageSpec {
    /// A client for the registry protocol, which checks whether images exist. Requires neither docker nor other programs.
    ///
    /// ```swift
    /// let client = ImageSpec.RegistryClient()
    /// switch await client.existence(of: "ghcr.io/acme/trainer:1.0") {
    /// case .present(let digest): print(digest ?? "")
    /// case .absent: print("absent")
    /// case .unknown(let reason): print(reason)
    /// }
    /// ```
    ///
    /// A client caches tokens per registry, so most lookups take one request; create one client and reuse it. All clients of
    /// a process share connections. The client uses `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, and trusts the certificates
    /// of the system, of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and of the `certs.d` directories of docker and podman.
    ///
    /// Source: OCI distribution specification 1.1; docker's token authentication.
    public struct RegistryClient: Sendable {
        /// The options of a client.
        public struct Options: Hashable, Sendable {
            /// A credentials file in the format of docker's `config.json` or podman's `auth.json`, used exclusively. If `nil`,
            /// the default locations of docker and podman.
            public var credentialsFile: String?
            /// Registries, such as `registry.test:5000`, that are contacted over plain HTTP. Credentials are sent unencrypted.
            ///
            /// Registries on this machine (`localhost`, `127.0.0.0/8`, `[::1]`) need not be included: plain HTTP is used if
            /// they do not support TLS. With a port, plain HTTP is tried first.
            public var plainHTTPHosts: Set<String>
            /// The timeouts and limits of requests.
            public var timeouts: Timeouts

            /// Creates options.
            public init(
                credentialsFile: String? = nil, plainHTTPHosts: Set<String> = [],
                timeouts: Timeouts = Timeouts()
            ) {
                self.credentialsFile = credentialsFile
                self.plainHTTPHosts = plainHTTPHosts
                self.timeouts = timeouts
            }
        }

        /// The timeouts and limits of requests.
        public struct Timeouts: Hashable, Sendable {
            /// The time for name resolution, the connection and the TLS handshake.
            public var connect: Duration
            /// The time to the first byte of a response, starting when the request gets or opens a connection.
            public var responseHeader: Duration
            /// The longest pause within a response.
            public var idle: Duration
            /// The time for one lookup, including all its requests.
            public var total: Duration
            /// How often a request is retried if the server is busy or the connection is lost.
            public var retries: Int
            /// The maximum size of a manifest, in bytes.
            public var manifestSize: Int

            /// Creates timeouts.
            public init(
                connect: Duration = .seconds(10), responseHeader: Duration = .seconds(20),
                idle: Duration = .seconds(10),
                total: Duration = .seconds(60), retries: Int = 3, manifestSize: Int = 4 << 20
            ) {
                self.connect = connect
                self.responseHeader = responseHeader
                self.idle = idle
                self.total = total
                self.retries = retries
                self.manifestSize = manifestSize
            }
        }

        let session: RegistrySession

        /// Loads what requests need, for a process that will send some and has one thread yet: with several it takes twice
        /// as long.
        package static func prepare() { ccurl_map() }

        /// Creates a client.
        public init(_ options: Options = Options()) {
            self.init(session: RegistrySession(options, RegistrySession.Dependencies(options)))
        }

        init(session: RegistrySession) { self.session = session }

        /// Returns whether an image exists in its registry, and the digest of its manifest.
        ///
        /// If the existence cannot be determined, because access is denied or the response is missing or unexpected, the
        /// reason names the registry, its response and the fix. It contains no credentials.
        ///
        /// An image that exists takes one request. An absent image takes at least two, a HEAD and a GET, since several
        /// registries answer HEAD incorrectly. If the registry did not require credentials and there are some for it, one
        /// more request uses them, since some registries answer 404 to anonymous clients.
        ///
        /// The reference has docker's form, `[host[:port]/]path[:tag][@digest]`. If the task is cancelled, this returns
        /// `unknown` immediately.
        public func existence(of reference: String) async -> Existence {
            do {
                let parsed = try ImageReference(reference)
                return try await withoutWaitingOnceCancelled { [session] in
                    try await session.existence(of: parsed)
                }
            } catch {
                return .unknown(reason: RegistrySession.reason(error))
            }
        }

        /// Returns the manifest digest of a reference, or the digest of the index for a multi-platform image.
        /// - Throws: ``ImageSpecError/Code/missingInput`` if the image does not exist,
        ///   ``ImageSpecError/Code/existenceUnknown`` if this cannot be determined,
        ///   ``ImageSpecError/Code/invalidReference`` if the reference is invalid, `CancellationError`.
        public func digest(of reference: String) async throws -> String {
            let parsed = try ImageReference(reference)
            let existence: Existence
            do {
                existence = try await withoutWaitingOnceCancelled { [session] in
                    try await session.existence(of: parsed)
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw ImageSpecError.digestUnknown(reference, RegistrySession.reason(error))
            }
            switch existence {
            case .present(let digest?): return digest
            case .absent: throw ImageSpecError.noSuchImage(reference)
            case .present(nil):
                throw ImageSpecError.digestUnknown(reference, "the registry does not report one")
            case .unknown(let reason): throw ImageSpecError.digestUnknown(reference, reason)
            }
        }

        /// Returns the platforms that an image is available for, such as `linux/amd64` and `linux/arm/v7`.
        ///
        /// Takes one request for an image with several platforms, and two for others, whose platform is in their configuration.
        /// - Returns: the platforms with the names of the OCI specification, in the order of the index. Empty if the image does
        ///   not name its platform.
        /// - Throws: ``ImageSpecError/Code/missingInput`` if the image does not exist,
        ///   ``ImageSpecError/Code/existenceUnknown`` if this cannot be determined,
        ///   ``ImageSpecError/Code/invalidReference`` if the reference is invalid, `CancellationError`.
        public func platforms(of reference: String) async throws -> [String] {
            let parsed = try ImageReference(reference)
            let platforms: [ImagePlatform]?
            do {
                platforms = try await withoutWaitingOnceCancelled { [session] in
                    try await session.platforms(of: parsed, within: session.options.timeouts.total)
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                throw ImageSpecError.platformsUnknown(reference, RegistrySession.reason(error))
            }
            guard let platforms else { throw ImageSpecError.noSuchImage(reference) }
            return platforms.map(\.description)
        }
    }
}
