// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

// Podman and buildah print `STEP 3/5: RUN …` before the output of a step, with the platform before it in a build for several
// platforms, and the reason at the very end, as one line or as a list.

extension BuildFailure {
    init?(buildah printed: [String]) {
        guard let lastTitle = printed.lastIndex(where: Self.isBuildahTitle) else { return nil }
        let error = printed.lastIndex { $0.hasPrefix("Error: ") }
        let message = error.map { index in
            // `Error: 2 errors occurred:`, then the errors.
            let listed = printed[(index + 1)...].first { $0.hasPrefix("\t* ") }
            return listed.map { String($0.dropFirst("\t* ".count)) } ?? printed[index]
        }
        // Builds for several platforms are interleaved; the message names the instruction.
        var title = lastTitle
        if let message, let instruction = Self.instruction(in: message) {
            title =
                printed.lastIndex { Self.isBuildahTitle($0) && $0.hasSuffix(": " + instruction) } ?? lastTitle
        }
        let output = printed[(lastTitle + 1)..<(error ?? printed.endIndex)].filter {
            !$0.isEmpty && !$0.hasPrefix("subprocess exited with ")
        }
        let reason = message ?? output.last ?? "unknown error"
        self.init(
            stage: printed[title], reason: reason,
            lines: message == nil ? output.dropLast() : output)
    }

    /// `RUN false` in `building at STEP "RUN false": while running runtime: exit status 1`.
    private static func instruction(in message: String) -> String? {
        guard let start = message.firstRange(of: "building at STEP \""),
            let end = message[start.upperBound...].firstRange(of: "\": ")
        else { return nil }
        return String(message[start.upperBound..<end.lowerBound]).replacing("\\\"", with: "\"")
    }
}
