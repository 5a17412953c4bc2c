// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// How many specs can be below each other. An engine builds no image of so many layers, and this is far from the end of
    /// a thread's stack, also where nested values are read, compared and released.
    static let maximumBaseCount = 500

    /// The bases that are specs: the nearest first, none for a base that is a reference.
    package var specBases: [ImageSpec] {
        var bases: [ImageSpec] = []
        var next = baseImage
        while case .spec(let base) = next {
            bases.append(base)
            next = base.baseImage
        }
        return bases
    }

    /// Refuses more specs below this one than there can be.
    func checkBaseCount() throws(ImageSpecError) {
        var count = 0
        var next = baseImage
        while case .spec(let base) = next {
            count += 1
            if count > Self.maximumBaseCount { throw .tooManyBases(Self.maximumBaseCount) }
            next = base.baseImage
        }
    }

    /// The base that is a spec, as it is built for this one: a base without a platform takes this one's.
    ///
    /// It is the base itself wherever that makes no difference.
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
            .invalidField,
            "base_image: the base_image chain has more than \(limit) specs; merge some of them"
        )
    }
}
