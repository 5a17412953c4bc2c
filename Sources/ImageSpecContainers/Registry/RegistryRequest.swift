// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A request to a repository of a registry, before its scheme and authentication are known.
struct RegistryRequest: Sendable {
    enum Target: Sendable {
        /// A path below that of the repository, such as `manifests/latest`.
        case path(String)
        /// A URL that the registry returned, such as that of an upload.
        case url(HTTPURL)
    }

    var method: HTTPRequest.Method
    var target: Target
    /// What a token has to permit. If nil, to pull from the repository.
    var scope: String?
    var headers: [HTTPHeader] = []
    var body: [UInt8] = []
    var upload: (stream: HTTPByteStream, size: Int)?
    var download: HTTPByteStream?
    /// The most bytes of the response. If nil, those of a manifest.
    var bodyLimit: Int?
    /// Whether redirects are followed.
    var followsRedirects = true
    /// How long the server may take to respond after the last byte was sent; nil: as in the options.
    var responseTime: Duration?

    init(_ method: HTTPRequest.Method, _ path: String) {
        self.method = method
        target = .path(path)
    }

    init(_ method: HTTPRequest.Method, at url: HTTPURL) {
        self.method = method
        target = .url(url)
    }

    func url(_ reference: ImageSpec.ImageReference, _ scheme: HTTPURL.Scheme) -> HTTPURL {
        switch target {
        case .path(let path): reference.url(scheme, path)
        case .url(let url): url
        }
    }

    /// Whether it may be sent again after a failure: nothing of a stream was transferred.
    var isRepeatable: Bool {
        upload == nil && (download?.transferredByteCount ?? 0) == 0
    }
}
