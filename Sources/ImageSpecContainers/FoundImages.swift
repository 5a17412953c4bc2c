// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import Synchronization

/// Images that were found by the check of a request, for the build of the same request.
final class FoundImages: Sendable {
    private struct Key: Hashable {
        var imageName: String
        var isPushed: Bool
        /// Determines the credentials.
        var spec: ImageSpec
    }

    private let inspections = Mutex<[Key: ImageSpec.Inspection]>([:])

    func add(_ inspection: ImageSpec.Inspection, for request: ImageSpec.BuildRequest) {
        guard case .present = inspection.existence else { return }
        inspections.withLock { $0[key(request)] = inspection }
    }

    /// The image of a request if it was found. Each is returned once, because it may be removed later.
    func take(_ request: ImageSpec.BuildRequest) -> ImageSpec.Inspection? {
        inspections.withLock { $0.removeValue(forKey: key(request)) }
    }

    private func key(_ request: ImageSpec.BuildRequest) -> Key {
        Key(imageName: request.imageName, isPushed: request.isPushed, spec: request.spec)
    }
}
