// SPDX-License-Identifier: Apache-2.0

extension AtomicFile {
    private static let prefix = Array(".imagespec-".utf8)
    private static let longestEnding = 16

    /// A name that is not the file's with something appended, which may be too long, but that has the same ending: a line
    /// such as `*.tar` in a .gitignore file excludes both.
    static func temporaryName(for name: [UInt8]) -> [UInt8] {
        let digits = String(UInt64.random(in: .min ... .max), radix: 36)
        return prefix + Array(digits.utf8) + ending(of: name)
    }

    /// Whether a name is one that ``temporaryName(for:)`` returns for a file with this ending.
    static func isTemporaryName(_ name: [UInt8], ending: [UInt8]) -> Bool {
        let digits = name.dropFirst(prefix.count).dropLast(ending.count)
        return name.count > prefix.count + ending.count && name.starts(with: prefix)
            && name.suffix(ending.count).elementsEqual(ending) && digits.count <= 13
            && digits.allSatisfy { $0.isASCIIDigit || $0.isASCIILowercaseLetter }
    }

    private static func ending(of name: [UInt8]) -> [UInt8] {
        let ending = name.lastIndex(of: UInt8(ascii: ".")).map { Array(name[$0...]) } ?? []
        return ending.count > longestEnding ? [] : ending
    }
}
