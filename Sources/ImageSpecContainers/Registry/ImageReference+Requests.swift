// SPDX-License-Identifier: Apache-2.0

import ImageSpec

// What requests for an image contain.

extension ImageSpec.ImageReference {
    /// The scope of a token that may pull the image.
    ///
    /// Source: docker's "Token Scope Documentation".
    var pullScope: String { "repository:\(repository):pull" }

    /// The URL of a manifest or blob of the repository.
    ///
    /// Source: OCI distribution specification 1.1, "Endpoints".
    func url(_ scheme: HTTPURL.Scheme, _ path: String) -> HTTPURL {
        HTTPURL(
            scheme: scheme, host: registry.apiHost, port: registry.port, target: "/v2/\(repository)/\(path)")
    }
}
