// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The maximum length of a chain of base specs. Engines do not build images of so many layers, and nested values of this depth
    /// can be read, compared and released on the stack of any thread.
    static let maximumBaseCount = 500

    /// The bases that are specs, the nearest first.
    package var specBases: [ImageSpec] {
        var bases: [ImageSpec] = []
        var next = baseImage
        while case .spec(let base) = next {
            bases.append(base)
            next = base.baseImage
        }
        return bases
    }

    /// Rejects a chain of too many specs.
    package func checkBaseCount() throws(ImageSpecError) {
        var count = 0
        var next = baseImage
        while case .spec(let base) = next {
            count += 1
            if count > Self.maximumBaseCount { throw .tooManyBases(Self.maximumBaseCount) }
            next = base.baseImage
        }
    }

    /// The base spec as it is built for this one: with the platform of this one if it declares none. The base itself if that makes
    /// no difference.
    package func baseSpec(in context: Context) -> ImageSpec? {
        guard case .spec(var base) = baseImage else { return nil }
        let platform = platform(in: context)
        if base.declaredPlatform == nil && !base.platform(in: context).hasSameBytes(as: platform) {
            base.platform = platform
        }
        return base
    }
}

extension ImageSpecError {
    static func tooManyBases(_ limit: Int) -> ImageSpecError {
        ImageSpecError(
            .invalidField, field: "base_image", "the base_image chain has more than \(limit) specs",
            fix: "merge some of them")
    }
}
