// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A credential for a registry. Its description contains no secret.
struct RegistryCredential: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// For Basic authentication, with the registry or its token server.
        case password(user: String, password: String)
        /// A refresh token, which the token server accepts instead of a password.
        case identityToken(String)
        /// A token that is sent to the registry unchanged.
        case registryToken(String)
    }

    var kind: Kind

    init(_ kind: Kind) { self.kind = kind }
}

/// The result of a lookup of credentials.
enum CredentialLookup: Hashable, Sendable {
    /// No credentials are configured. Many registries permit anonymous reads.
    case anonymous
    case found(RegistryCredential)
    /// The configured credentials cannot be read. The reason contains no secret.
    case failed(reason: String)
}

// Printing, dumping and interpolation use these conformances, which hide the secret.

extension RegistryCredential.Kind: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String {
        switch self {
        case .password: "a password"
        case .identityToken: "an identity token"
        case .registryToken: "a registry token"
        }
    }

    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension RegistryCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "\(kind)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
