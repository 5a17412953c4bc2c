// SPDX-License-Identifier: Apache-2.0

public import ImageSpec

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

// In a module of its own, because ImageSpec does not link Foundation.
extension ImageSpecError: LocalizedError {
    /// The message: what is wrong and what to do about it.
    public var errorDescription: String? { message }

    /// The reasons of all problems, one below the other, without their locations.
    public var failureReason: String? { problems.map(\.reason).joined(separator: "\n") }

    /// What to do about the problems, one below the other. `nil` if nothing is known.
    public var recoverySuggestion: String? {
        let fixes = problems.compactMap(\.fix?.text)
        return fixes.isEmpty ? nil : fixes.joined(separator: "\n")
    }
}
