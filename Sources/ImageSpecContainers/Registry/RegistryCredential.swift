// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// A credential for a registry. Its description contains no secret.
struct RegistryCredential: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// For Basic authentication, at the registry or at the server that issues its tokens.
        case password(user: String, password: String)
        /// A refresh token: the server that issues tokens takes it in place of a password.
        case identityToken(String)
        /// A token that the registry itself takes, as it is.
        case registryToken(String)
    }

    var kind: Kind

    init(_ kind: Kind) { self.kind = kind }
}

/// The credentials for a registry.
enum CredentialLookup: Hashable, Sendable {
    /// Nothing is configured; many registries let anybody read.
    case anonymous
    case found(RegistryCredential)
    /// Something is configured that cannot be read; the reason holds no secret.
    case failed(reason: String)
}

// Printing, dumping and interpolating go through these.

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
