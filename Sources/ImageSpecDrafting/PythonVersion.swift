// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// A version of Python as a spec declares it: `3.12` or `3.12.4`.
struct PythonVersion: Equatable, Sendable {
    /// Two or three numbers.
    let parts: [Int]

    var text: String { parts.map(String.init).joined(separator: ".") }

    init(_ parts: [Int]) { self.parts = parts }

    /// Reads `3.12` and `3.12.4`; `nil` for any other text.
    init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.filter { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isASCIIDigit) }
            .compactMap { Int($0) }
        guard (2...3).contains(parts.count), numbers.count == parts.count, [2, 3].contains(numbers[0]) else {
            return nil
        }
        self.parts = numbers
    }

    /// Whether a range includes this version.
    func isIn(_ range: VersionRange) -> Bool {
        // Without a patch number, it is the newest one, as in the tags of Python's images.
        range.contains(parts.count == 2 ? parts + [999] : parts)
    }

    /// The first version of a range in order of preference: the default, then the newest that is available.
    static func preferred(in range: VersionRange) -> PythonVersion? {
        ImageSpec.availablePythons.map { PythonVersion($0) }.first { $0.isIn(range) }
    }
}
