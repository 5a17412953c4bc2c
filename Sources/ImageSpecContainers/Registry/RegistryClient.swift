// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// Asks registries about images, by their own protocol: neither docker nor any other program is needed.
    ///
    /// ```swift
    /// let client = ImageSpec.RegistryClient()
    /// switch await client.existence(of: "ghcr.io/acme/trainer:1.0") {
    /// case .present(let digest): print(digest ?? "")
    /// case .absent: print("not there")
    /// case .unknown(let reason): print(reason)
    /// }
    /// ```
    ///
    /// A client remembers which registries want tokens and the tokens themselves, so that many questions cost little more
    /// than a request each; make one and keep it. Connections are shared by all clients of a process. It follows
    /// `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, and believes the certificates of the system, of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`, and of docker's and podman's folders `certs.d`.
    ///
    /// Source: OCI distribution specification 1.1; docker's token authentication.
    public struct RegistryClient: Sendable {
        /// How a client asks.
        public struct Options: Hashable, Sendable {
            /// A file like docker's `config.json`, or podman's `auth.json`, that alone says who asks; nil: where docker and
            /// podman look.
            public var credentialsFile: String?
            /// Registries, as in `registry.test:5000`, that are asked without encryption, passwords included.
            ///
            /// Those on this machine (`localhost`, `127.0.0.0/8`, `[::1]`) need not be named: they are asked without
            /// encryption where they do not offer it.
            public var plainHTTPHosts: Set<String>
            /// How long an answer may take.
            public var timeouts: Timeouts

            /// Options.
            public init(
                credentialsFile: String? = nil, plainHTTPHosts: Set<String> = [],
                timeouts: Timeouts = Timeouts()
            ) {
                self.credentialsFile = credentialsFile
                self.plainHTTPHosts = plainHTTPHosts
                self.timeouts = timeouts
            }
        }

        /// How long an answer may take, and how large it may be.
        public struct Timeouts: Hashable, Sendable {
            /// To find a server, reach it, and agree on encryption.
            public var connect: Duration
            /// To the first byte of an answer, from the time that its request gets a connection, or begins to make one.
            public var responseHeader: Duration
            /// Without a byte of an answer that has begun.
            public var idle: Duration
            /// For one question, with all requests that it takes.
            public var total: Duration
            /// How often a request is sent again that found the server busy or lost its connection.
            public var retries: Int
            /// The most bytes of a manifest.
            public var manifestSize: Int

            /// Timeouts.
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

        /// A client.
        public init(_ options: Options = Options()) {
            self.init(session: RegistrySession(options, RegistrySession.Surroundings(options)))
        }

        init(session: RegistrySession) { self.session = session }

        /// Whether an image is in its registry, and the digest of its manifest.
        ///
        /// Where the registry does not tell — no access, no answer, an answer of another kind — the reason names it, what it
        /// answered, and what to do. It holds no password and no token.
        ///
        /// A present image takes one request. An absent one takes at least two, a HEAD and a GET, since several registries answer
        /// HEAD wrongly; and if the registry did not ask for credentials and there are some for it, one more with them, since some
        /// registries answer 404 to anonymous clients.
        ///
        /// The reference is `[host[:port]/]path[:tag][@digest]`, as docker takes it. Cancelling the task ends the question at
        /// once, as unknown.
        public func existence(of reference: String) async -> Existence {
            do {
                let parsed = try RegistryReference(reference)
                return try await withoutWaitingOnceCancelled { [session] in
                    try await session.existence(of: parsed)
                }
            } catch {
                return .unknown(reason: RegistrySession.reason(error))
            }
        }

        /// The digest of the manifest that a reference stands for: of the index, where there is one for several platforms.
        /// - Throws: ``ImageSpecError/Code/missingInput`` where there is no such image,
        ///   ``ImageSpecError/Code/existenceUnknown`` where nobody can tell,
        ///   ``ImageSpecError/Code/invalidReference`` for text that is no reference, `CancellationError`.
        public func digest(of reference: String) async throws -> String {
            let parsed = try RegistryReference(reference)
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
            case .present(nil): throw ImageSpecError.digestUnknown(reference, "the registry does not report one")
            case .unknown(let reason): throw ImageSpecError.digestUnknown(reference, reason)
            }
        }
    }
}
