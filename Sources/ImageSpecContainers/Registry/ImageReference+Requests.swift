// SPDX-License-Identifier: Apache-2.0

import ImageSpec

// The parts of requests that depend on the image.

extension ImageSpec.ImageReference {
    /// The token scope that permits pulling the image.
    ///
    /// Source: docker's "Token Scope Documentation".
    var pullScope: String { "repository:\(repository):pull" }

    /// Returns the URL of a manifest or blob of the repository.
    ///
    /// Source: OCI distribution specification 1.1, "Endpoints".
    func url(_ scheme: HTTPURL.Scheme, _ path: String) -> HTTPURL {
        HTTPURL(
            scheme: scheme, host: registry.apiHost, port: registry.port, target: "/v2/\(repository)/\(path)")
    }
}
