// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

extension ImageSpec {
    /// An event during a build.
    public enum BuildEvent: Hashable, Sendable {
        /// The build has waited for more than two seconds, before an engine was started: for a registry, a credential helper, a
        /// daemon. The reason is its name, such as `ghcr.io`.
        case waiting(imageName: String, reason: String)
        /// An image is being built by an engine. The reason says why that engine was chosen, if nobody asked for it and it is not
        /// the one that is used by default.
        case started(imageName: String, engine: String, reason: String? = nil)
        /// A line of output of the container engine. A ``BuildEngine`` fills in the image if the builder does not.
        case output(line: String, imageName: String? = nil)
        /// A warning for the user.
        case warning(String)
        /// An image was built or found. The name is the requested one; the builder may have used another one.
        case finished(imageName: String, result: BuildResult)
        /// The build of an image failed, with the reason of the error.
        case failed(imageName: String, reason: String)
        /// An image of a graph was not built, because its base image failed.
        case notBuilt(imageName: String, base: String)

        /// The event with the name of its image.
        func about(_ imageName: String) -> BuildEvent {
            if case .output(let line, nil) = self { .output(line: line, imageName: imageName) } else { self }
        }
    }
}
