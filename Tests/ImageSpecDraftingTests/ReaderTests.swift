// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import ImageSpecYAML
import Testing

@testable import ContentTree
@testable import ImageSpecDrafting

/// The readers of single files.
@Suite struct ReaderTests {
    @Test(arguments: [
        (">=3.10", "3.12"), (">=3.10,<3.12", "3.11"), (">= 3.9 , < 3.10", "3.9"), (">=3.13", "3.14"),
        ("<3.9", "3.8"),
        ("==3.11.*", "3.11"), ("==3.11.4", "3.11.4"), ("~=3.10", "3.12"), ("~=3.10.2", "3.10"),
        ("!=3.12.*", "3.14"), ("!=3.12.3", "3.12"),
        (">3.11", "3.12"), ("<=3.11", "3.10"), ("^3.10", "3.12"), ("^3.13", "3.14"), ("~3.11", "3.11"),
        // Without an operator, and with two parts, it is 3.11.0, which neither Debian 12 nor uv has.
        ("3.11", nil), ("==3.12", "3.12.0"), ("3.11.*", "3.11"), (">=3.12.4", "3.12"),
        // Only uv has these.
        (">=3.15", "3.15"), ("==3.9.16", "3.9.16"),
        (">=4", nil), ("", nil), (">=3.8,", "3.12"), ("*", "3.12"), ("three", nil), (">=3.10rc1", "3.12"),
        ("===3.11", nil), (">=3.*", nil), ("==2.7.18", nil), ("<3.7", nil),
        (">=3.99999999999999999999", nil), ("^3.9 || ^3.12", "3.12"), (">=3.8,<3.10 || 3.14.*", "3.14"),
    ])
    func anAvailableVersionOfARangeIsChosen(_ range: String, _ expected: String?) {
        let found = VersionRange(range).flatMap(PythonVersion.preferred)
        #expect(found?.text == expected)
    }

    struct Docker: Sendable, CustomTestStringConvertible {
        var text: String
        /// The parts of the hints, as `name=value` texts.
        var expected: [String]

        init(_ text: String, _ expected: String...) {
            self.text = text
            self.expected = expected
        }

        var testDescription: String { text.debugDescription }
    }

    static func parts(of text: String) -> [String] {
        let hints: DockerfileHints
        do throws(DockerfileInstruction.Unsupported) {
            hints = try DockerfileHints(text)
        } catch {
            return ["problem=" + error.reason]
        }
        var parts: [String] = []
        if let base = hints.base { parts.append("base=" + base) }
        if let platform = hints.platform { parts.append("platform=" + platform) }
        if !hints.aptPackages.isEmpty { parts.append("apt=" + hints.aptPackages.joined(separator: " ")) }
        if !hints.pipPackages.isEmpty { parts.append("pip=" + hints.pipPackages.joined(separator: " ")) }
        if !hints.requirements.isEmpty {
            parts.append("requirements=" + hints.requirements.joined(separator: " "))
        }
        parts += hints.env.map { "env \($0.name)=\($0.value)" }
        parts += hints.rest.map { "rest \($0.line)=\($0.text)" }
        parts += hints.skippedStages.map { "skipped=" + $0 }
        return parts
    }

    @Test(arguments: [
        Docker("FROM debian", "base=debian"), Docker("from  debian:12  as x", "base=debian:12"),
        Docker("FROM --platform=linux/arm64 debian", "base=debian", "platform=linux/arm64"),
        Docker("FROM --platform=$BUILDPLATFORM debian", "base=debian"),
        Docker("ARG V=1\nFROM debian:$V", "rest 2=FROM debian:$V"),
        Docker("FROM scratch", "rest 1=FROM scratch"),
        Docker("FROM a AS b\nENV X=1\nFROM B\nENV Y=2", "base=a", "env Y=2", "skipped=b"),
        Docker("FROM a\nFROM b as C\nFROM d", "base=d", "skipped=0", "skipped=C"),
        Docker(
            "FROM a AS b\nRUN apt-get install -y git\nFROM c\nCOPY --from=b / /", "base=c",
            "rest 4=COPY --from=b / /", "skipped=b"),
        // Commands.
        Docker(
            "RUN apt-get update && apt-get install -y git curl=1:2 && rm -rf /var/lib/apt/lists/*",
            "apt=git curl=1:2"),
        Docker(
            "RUN apt-get update; \\\n  # a comment\n  apt-get install -qq --no-install-recommends git",
            "apt=git"),
        Docker("RUN DEBIAN_FRONTEND=noninteractive apt-get -y install git", "apt=git"),
        Docker("RUN --mount=type=cache,target=/var/cache/apt apt install -y git", "apt=git"),
        Docker("RUN apt-get install -y $PACKAGES", "rest 1=RUN apt-get install -y $PACKAGES"),
        Docker(
            "RUN apt-get install -y -t bookworm-backports git",
            "rest 1=RUN apt-get install -y -t bookworm-backports git"),
        Docker("RUN apt-get install -y git || true", "rest 1=RUN apt-get install -y git || true"),
        Docker("RUN apt-get install -y git && make", "rest 1=RUN apt-get install -y git && make"),
        Docker("RUN apt-get install -y ./a.deb", "rest 1=RUN apt-get install -y ./a.deb"),
        Docker(#"RUN ["apt-get", "install", "git"]"#, #"rest 1=RUN ["apt-get", "install", "git"]"#),
        Docker(
            "RUN pip install --no-cache-dir numpy==2.1.3 'torch>=2' \"uvicorn[standard]\"",
            "pip=numpy==2.1.3 torch>=2 uvicorn[standard]"),
        Docker(
            "RUN pip install -U pip setuptools && python -m pip install -r requirements.txt",
            "requirements=requirements.txt"),
        Docker("RUN uv pip install --system a\nRUN pip3 install a b", "pip=a b"),
        Docker("RUN pip install .", "rest 1=RUN pip install ."),
        Docker("RUN pip install -e .", "rest 1=RUN pip install -e ."),
        Docker("RUN pip install numpy>=2", "rest 1=RUN pip install numpy>=2"),
        Docker("RUN pip install --index-url https://a b", "rest 1=RUN pip install --index-url https://a b"),
        Docker("RUN python setup.py", "rest 1=RUN python setup.py"), Docker("RUN 'a", "rest 1=RUN 'a"),
        // Variables.
        Docker("ENV A=1 B='c d' C=\"e\"\nENV F g", "env A=1", "env B=c d", "env C=e", "env F=g"),
        Docker("ENV A=1\nENV A=2", "env A=2"),
        Docker("ENV PATH=/a:$PATH", "rest 1=ENV PATH=/a:$PATH"), Docker("ENV A=a\\ b", "rest 1=ENV A=a\\ b"),
        Docker("ENV A", "rest 1=ENV A"),
        Docker("ENV A b c", "rest 1=ENV A b c"), Docker("ENV A=1 b", "rest 1=ENV A=1 b"),
        Docker(
            "ENV API_TOKEN=abc", "rest 1=ENV API_TOKEN=… (it may be a secret, which an image should not hold)"
        ),
        // What is left out, and what is left to a person.
        Docker("WORKDIR /app\nUSER me\nLABEL a=b\nEXPOSE 80"),
        Docker("COPY . /app\nCMD [\"a\"]", "rest 1=COPY . /app", "rest 2=CMD [\"a\"]"),
        Docker("FROM a\r\nENV B=c\r\n", "base=a", "env B=c"),
        Docker("FROM a\nRUN apt-get \\", "base=a", "rest 2=RUN apt-get"),
        Docker(""),
        // What cannot be read for certain is not read.
        Docker("# escape=`\nFROM a", "problem=its escape character is not \\"),
        Docker("FROM a\nRUN <<E\nx\nE", "problem=line 2 has a here-document"),
    ])
    func aDockerfileTellsWhatIsCertain(_ example: Docker) {
        #expect(Self.parts(of: example.text) == example.expected)
    }

    static let awkward = [
        "", " ", "a", "yes", "No", "y", "null", "~", "true", "3.10", "010", "0x1f", "1:30", "1e3", ".5",
        ".inf", "2024-01-31", "-", "- a", "a: b", "a:", ":a",
        "a #b", "#a", "'", "''", "it's", "\"", "a\"b", "\\", "a\\n", "a\nb", "\n", "\t", "a\tb", "[a]", "{a}",
        "*a", "&a", "!a", "|", ">", "@a", "`a`", "%a",
        "?", "? a", "---", "...", "--- a", "<<", "=", "é", "日本", "😀", "a\u{301}", "'\u{301}",
        "\"\u{301}\u{1}", "\u{85}", "\u{2028}", "\u{2029}", "\u{A0}", "\u{200B}",
        "\u{1}", "\u{7F}", "\u{FFFE}", "\u{E000}", "\u{10FFFF}", "a\rb", "a\r\nb", "numpy>=2,<3",
        "a @ https://b/c#d", "python:3.12", "x" + String(repeating: "y ", count: 200),
    ]

    @Test(arguments: awkward) func everyTextIsReadBack(_ text: String) throws {
        let scalar = try #require(YAMLText.scalar(text))
        for document in [
            "name: \(scalar)\n", "packages:\n  - \(scalar)\n",
            "env:\n  A: \(scalar)\n  \(scalar.isEmpty ? "''" : scalar): b\n",
        ] {
            let spec: ImageSpec
            if document.hasPrefix("env"), text == "A" { continue }
            spec = try ImageSpec(yaml: document)
            let found = spec.name ?? spec.packages?.first ?? spec.env?["A"] ?? ""
            #expect(Array(found.utf8) == Array(text.utf8), "\(document)")
        }
    }

    @Test func randomTextsAreReadBack() throws {
        var generator = SplitMix(state: 7)
        let scalars: [Unicode.Scalar] = Array(
            "ab1.:-#'\"\\ \n\t[]{},&*!|>%@`~=?é\u{85}\u{2028}\u{301}\u{1F600}\u{1}".unicodeScalars)
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                text.unicodeScalars.append(scalars[Int.random(in: 0..<scalars.count, using: &generator)])
            }
            let scalar = try #require(YAMLText.scalar(text))
            let spec = try ImageSpec(yaml: "packages:\n  - \(scalar)\n")
            #expect(spec.packages.map { $0.map { Array($0.utf8) } } == [Array(text.utf8)], "\(scalar)")
        }
    }

    @Test func whatNoReaderKeepsIsNotWritten() {
        #expect(YAMLText.scalar("\u{FEFF}a") == nil)
        #expect(YAMLText.scalar("a\0") == nil)
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}
