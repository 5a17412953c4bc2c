// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// A request to a repository of a registry, before its scheme and authentication are known.
struct RegistryRequest: Sendable {
    enum Target: Sendable {
        /// A path relative to that of the repository, such as `manifests/latest`.
        case path(String)
        /// A URL that the registry returned, such as that of an upload.
        case url(HTTPURL)
    }

    var method: HTTPRequest.Method
    var target: Target
    /// The scope that a token must have. If `nil`, the pull scope of the repository.
    var scope: String?
    var headers: [HTTPHeader] = []
    var body: [UInt8] = []
    var upload: (stream: HTTPByteStream, size: Int)?
    var download: HTTPByteStream?
    /// The maximum size of the response body. If `nil`, that of a manifest.
    var bodyLimit: Int?
    /// Whether redirects are followed.
    var followsRedirects = true
    var repetition = HTTPRequest.Repetition.always
    /// The time limit from the last byte sent to the response. If `nil`, the limit of the options.
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

    /// Whether the request can be repeated after a failure, because no bytes of a stream were transferred.
    var isRepeatable: Bool {
        upload == nil && (download?.transferredByteCount ?? 0) == 0
    }
}
