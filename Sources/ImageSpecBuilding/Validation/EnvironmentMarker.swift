// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// When a requirement applies: `python_version < "3.9" and sys_platform == "linux"`.
///
/// Source: PEP 508, "Environment Markers"; names with dots and `python_implementation` are spellings of old tools that
/// installers still read.
indirect enum EnvironmentMarker: Equatable, Sendable {
    enum Operand: Equatable, Sendable {
        case variable(String)
        case text(String)
    }

    case comparison(Operand, String, Operand)
    case and(EnvironmentMarker, EnvironmentMarker)
    case or(EnvironmentMarker, EnvironmentMarker)

    static let variables: Set<String> = [
        "python_version", "python_full_version", "os_name", "sys_platform", "platform_release",
        "platform_system",
        "platform_version", "platform_machine", "platform_python_implementation", "implementation_name",
        "implementation_version", "extra", "extras", "dependency_groups",
        "os.name", "sys.platform", "platform.version", "platform.machine", "platform.python_implementation",
        "python_implementation",
    ]
    private static let operators: Set<String> = ["<=", "<", "!=", "==", ">=", ">", "~=", "in", "not in"]
    /// Deeper than anybody nests, and far from the end of a stack.
    private static let maximumDepth = 50

    /// Reads a marker that goes to the end of the text.
    init(_ text: String, for installer: PackageInstaller) throws(RequirementProblem) {
        var reader = Reader(cursor: TextCursor(text), installer: installer)
        self = try reader.alternatives(depth: 0)
        reader.cursor.skipSpace()
        guard reader.cursor.isAtEnd else {
            throw Self.problem(
                "\"\(reader.cursor.rest.shortened(to: 40))\" after the marker",
                "join conditions with \"and\" or \"or\"")
        }
    }

    private static func problem(_ what: String, _ fix: ImageSpecError.Fix) -> RequirementProblem {
        RequirementProblem("has " + what, fix: fix)
    }

    private struct Reader {
        var cursor: TextCursor
        let installer: PackageInstaller

        mutating func alternatives(depth: Int) throws(RequirementProblem) -> EnvironmentMarker {
            var marker = try conditions(depth: depth)
            while takeWord("or") { marker = .or(marker, try conditions(depth: depth)) }
            return marker
        }

        private mutating func conditions(depth: Int) throws(RequirementProblem) -> EnvironmentMarker {
            var marker = try condition(depth: depth)
            while takeWord("and") { marker = .and(marker, try condition(depth: depth)) }
            return marker
        }

        private mutating func condition(depth: Int) throws(RequirementProblem) -> EnvironmentMarker {
            cursor.skipSpace()
            guard cursor.take("(") else { return try comparison() }
            guard depth < EnvironmentMarker.maximumDepth else {
                throw problem("a marker with too many parentheses", "remove some")
            }
            let marker = try alternatives(depth: depth + 1)
            cursor.skipSpace()
            guard cursor.take(")") else {
                throw problem("a marker with an unclosed parenthesis", "close it")
            }
            return marker
        }

        private mutating func comparison() throws(RequirementProblem) -> EnvironmentMarker {
            let left = try operand()
            let sign = try comparisonOperator()
            return .comparison(left, sign, try operand())
        }

        private mutating func comparisonOperator() throws(RequirementProblem) -> String {
            cursor.skipSpace()
            let isWord = cursor.peek().map { ($0 | 0x20).isASCIILowercaseLetter } ?? false
            var sign =
                isWord
                ? cursor.takeAll { !$0.isASCIIWhiteSpace && $0 != 0x22 && $0 != 0x27 }
                : cursor.takeAll { "<>=!~".utf8.contains($0) }
            if sign == "not" {
                let start = cursor.position
                cursor.skipSpace()
                if cursor.position > start, takeWord("in") { sign = "not in" }
            }
            if EnvironmentMarker.operators.contains(sign) || (sign == "===" && installer == .pip) {
                return sign
            }
            if sign.isEmpty {
                throw problem(
                    "a marker without a comparison", "write one, as in python_version < \"3.12\"")
            }
            throw problem(
                "the unknown marker operator \"\(sign.shortened(to: 20))\"",
                "use one of < <= == != >= > ~= in, not in")
        }

        private mutating func operand() throws(RequirementProblem) -> Operand {
            cursor.skipSpace()
            if let quote = cursor.peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                cursor.position += 1
                let text = cursor.takeAll { $0 != quote }
                guard !cursor.isAtEnd else {
                    throw problem("a marker with an unclosed quote", "close it")
                }
                cursor.position += 1
                return .text(text)
            }
            let name = cursor.takeAll {
                $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
            if EnvironmentMarker.variables.contains(name) { return .variable(name) }
            if name.isEmpty, cursor.isAtEnd {
                throw problem(
                    "an incomplete marker",
                    "complete it, as in python_version < \"3.12\", or remove the \";\"")
            }
            if name.first?.isNumber == true {
                throw problem(
                    "a marker value without quotes", "write \"\(name.shortened(to: 20))\" in quotes")
            }
            let found = name.isEmpty ? cursor.nextWord : name
            throw problem(
                "the unknown marker variable \"\(found.shortened(to: 40))\"",
                "use a variable such as python_version, sys_platform or platform_machine, and put values in quotes"
            )
        }

        private mutating func takeWord(_ word: StaticString) -> Bool {
            cursor.skipSpace()
            let start = cursor.position
            guard cursor.take(word) else { return false }
            if let next = cursor.peek(), next.isASCIILetterOrDigit || next == UInt8(ascii: "_") {
                cursor.position = start
                return false
            }
            return true
        }

        private func problem(_ what: String, _ fix: ImageSpecError.Fix) -> RequirementProblem {
            EnvironmentMarker.problem(what, fix)
        }
    }

    /// Whether it is satisfied where exactly these extras are asked for; `nil` if that depends on the environment.
    func isSatisfied(byExtras extras: Set<String>) -> Bool? {
        switch self {
        case .comparison(let left, let sign, let right):
            let name: String
            switch (left, right) {
            case (.variable("extra"), .text(let text)), (.text(let text), .variable("extra")): name = text
            default: return nil
            }
            let isAsked = extras.contains(name.normalizedPackageName)
            return sign == "==" ? isAsked : sign == "!=" ? !isAsked : nil
        case .and(let left, let right):
            let sides = [left, right].map { $0.isSatisfied(byExtras: extras) }
            return sides.contains(false) ? false : sides.contains(nil) ? nil : true
        case .or(let left, let right):
            let sides = [left, right].map { $0.isSatisfied(byExtras: extras) }
            return sides.contains(true) ? true : sides.contains(nil) ? nil : false
        }
    }
}

extension String {
    /// The name of a package, extra or group as PEP 503 compares it: lower case, with "-" for runs of "-", "_" and ".".
    var normalizedPackageName: String {
        var name: [UInt8] = []
        for byte in utf8 {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") {
                if name.last != UInt8(ascii: "-") { name.append(UInt8(ascii: "-")) }
            } else {
                name.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return String(decoding: name, as: UTF8.self)
    }
}
