// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The style of lines: coloured on a terminal, plain otherwise.
struct Style {
    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    var isColoured: Bool

    /// The style of what goes to a descriptor.
    ///
    /// Source: no-color.org; a terminal that is called dumb knows no colours.
    init(descriptor: Int32, environment: (String) -> String? = ImageSpec.processEnvironment) {
        let isDumb = ["", "dumb"].contains(environment("TERM") ?? "")
        let isRefused = !(environment("NO_COLOR") ?? "").isEmpty
        isColoured = isatty(descriptor) == 1 && !isDumb && !isRefused
    }

    static var standardOutput: Style { Style(descriptor: STDOUT_FILENO) }

    func line(_ text: some StringProtocol, _ colour: Colour) -> String {
        isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : String(text)
    }

    /// A comparison whose lines are coloured by their signs.
    func comparison(_ text: String) -> String {
        guard isColoured else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { text in
            switch text.prefix(4) {
            case "  + ": line(text, .green)
            case "  - ": line(text, .red)
            case "  ~ ": line(text, .yellow)
            default: String(text)
            }
        }.joined(separator: "\n")
    }
}
