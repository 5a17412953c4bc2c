// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// Why the credentials for a registry cannot be determined. The reason names the source and the fix, and contains no
/// secret.
struct CredentialProblem: Error, Hashable {
    let reason: String

    static func unreadable(_ error: ImageSpecError) -> CredentialProblem {
        CredentialProblem(reason: "cannot load credentials: \(error.message), or log in again")
    }

    /// The only file to use, so that nothing would be known without it.
    static func missing(_ path: String) -> CredentialProblem {
        CredentialProblem(
            reason: "the credentials file \"\(path.onOneLine(limit: 300))\" does not exist; correct its path")
    }

    static func malformed(_ file: String, _ what: String) -> CredentialProblem {
        CredentialProblem(
            reason: "cannot read the credentials in \(file): \(what); correct the file, or log in again")
    }

    static func helper(
        _ program: String, namedIn file: String, _ place: CredentialKey, _ what: String, toDo advice: String
    ) -> CredentialProblem {
        CredentialProblem(
            reason:
                "the credential helper \(program), configured in \(file) for \(place.host), \(what); \(advice)"
        )
    }
}
