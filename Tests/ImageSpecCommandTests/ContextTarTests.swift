// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec context --tar` and `imagespec render --builder`.
@Suite struct ContextTarTests {
    static let files = BuildCommandsTests.files

    @Test func aFileAndAStreamHoldTheSameBytes() throws {
        try withFolder(of: Self.files) { folder in
            let file = try Tool.run(["context", "--tar", "out.tar", "a.yaml"], in: folder)
            let stream = try Tool.run(["context", "a.yaml", "--tar", "-"], in: folder)
            let name = try Tool.run(["name", "a.yaml"], in: folder)
            #expect(file.status == 0 && stream.status == 0)
            #expect(file.messages == "" && stream.messages == "")
            #expect(file.text == name.text)
            let written = try Data(contentsOf: URL(fileURLWithPath: folder + "/out.tar"))
            #expect(written == stream.output)
            #expect(written.count > 1024 && written.suffix(1024).allSatisfy { $0 == 0 })
        }
    }

    @Test func theResultAsJSONNamesTheFile() throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.run(["context", "--json", "--tar", "out.tar", "a.yaml"], in: folder)
            let object = try #require(JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(Set(object.keys) == ["tar", "image_name", "secrets"])
            #expect(object["tar"] as? String == "out.tar")
        }
    }

    @Test(arguments: [
        (["context", "a.yaml"], "missing destination"),
        (
            ["context", "a.yaml", "out", "--tar", "out.tar"],
            "cannot be combined with --tar; remove one of them"
        ),
        (["context", "a.yaml", "--tar", "-", "--json"], "remove --json"),
        (["render", "a.yaml", "--builder", "kaniko"], "use default or envd"),
    ])
    func argumentsThatSayNothingOrTooMuchAreRefused(arguments: [String], message: String) throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.run(arguments, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains(message), "\(outcome.messages)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/out.tar"))
        }
    }

    static let python = "/usr/bin/python3"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs python3"))
    func noArchiveGoesToATerminal() throws {
        try withFolder(of: Self.files) { folder in
            let script = """
                import os, pty, subprocess, sys
                master, slave = pty.openpty()
                result = subprocess.run([sys.argv[1], "context", "--tar", "-", "a.yaml"], stdout=slave, stderr=subprocess.PIPE, text=True)
                os.close(slave)
                print(result.returncode, "is a terminal" in result.stderr)
                """
            try Data(script.utf8).write(to: URL(fileURLWithPath: folder + "/terminal.py"))
            let outcome = try Tool.shell("\(Self.python) terminal.py \"$0\"", in: folder)
            #expect(outcome.text == "64 True\n", "\(outcome.messages)")
        }
    }

    @Test func aFileThatCannotBeWrittenIsAnError() throws {
        try withFolder(of: Self.files) { folder in
            let outcome = try Tool.run(["context", "--tar", "none/out.tar", "a.yaml"], in: folder)
            #expect(outcome.status == 73)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains("none/out.tar"))
            let full = try Tool.shell("\"$0\" context --tar - a.yaml >/dev/full", in: folder)
            #expect(full.status == 73)
            #expect(full.messages.contains("cannot write the tar archive"))
        }
    }

    @Test func whoReadsNoFurtherEndsTheTool() throws {
        try withFolder(of: Self.files) { folder in
            try Data(repeating: 0x61, count: 4 << 20).write(to: URL(fileURLWithPath: folder + "/conf/large"))
            let outcome = try Tool.shell(
                "{ \"$0\" context --tar - a.yaml; echo \"status $?\" >&2; } | head -c 10 >/dev/null",
                in: folder)
            #expect(!outcome.messages.contains("status 0"), "\(outcome.messages)")
            #expect(outcome.messages.contains("status "))
        }
    }

    // MARK: the law

    // Nothing of the host, the user, the day or the surroundings is in an archive.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum"), "needs sha256sum"))
    func theBytesAreTheSameEverywhere() throws {
        var files = Self.files
        for index in 0..<40 { files["src/m\(index * 7919 % 41).py"] = "\(index)" }
        try withFolder(of: files) { folder in
            // A second project, whose files were made in another order, by another user, on another day.
            let script = """
                chmod 755 .
                sum() { "$@" | sha256sum; }
                sum "$0" context --tar - a.yaml
                mkdir other && ls -r | grep -v other | xargs -I {} cp -r {} other/
                (cd other/src && for f in $(ls -r); do cp "$f" ../t && rm "$f" && umask 000 && cp ../t "$f"; done; rm ../t)
                find other -exec touch -h -d 2001-02-03 {} +
                chmod -R a+rwX other
                (umask 077; TZ=Asia/Kathmandu LC_ALL=C sum "$0" context --tar - other/a.yaml)
                (umask 000; TZ=America/St_Johns LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 sum "$0" context --tar - other/a.yaml)
                (cd other && umask 027 && "$0" context --tar ../x.tar a.yaml >/dev/null && sha256sum < ../x.tar)
                if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$0" -a -r a.yaml; then
                  sum setpriv --reuid=65534 --regid=65534 --clear-groups "$0" context --tar - other/a.yaml
                fi
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.messages == "")
            let sums = outcome.text.split(separator: "\n")
            #expect(sums.count >= 4)
            #expect(Set(sums).count == 1, "\(outcome.text)")
        }
    }

    // MARK: render

    @Test func theBuilderDecidesWhatIsRendered() throws {
        let files = [
            "a.yaml": "packages: [numpy]\nbase_image: debian:1", "b.yaml": "builder: envd\ncommands: [id]",
        ]
        try withFolder(of: files) { folder in
            func text(_ arguments: String...) throws -> String {
                let outcome = try Tool.run(["render"] + arguments, in: folder)
                #expect(outcome.status == 0, "\(outcome.messages)")
                return outcome.text
            }
            #expect(try text("a.yaml").hasPrefix("FROM debian:1\n"))
            #expect(try text("a.yaml", "--builder", "envd").hasPrefix("# syntax=v1\n\ndef build():\n"))
            #expect(try text("b.yaml").hasPrefix("# syntax=v1\n"))
            #expect(try text("b.yaml", "--builder", "default").hasPrefix("FROM "))
            let json = try Tool.run(["render", "--json", "b.yaml"], in: folder)
            let object = try #require(JSONSerialization.jsonObject(with: json.output) as? [String: String])
            #expect(object == ["build_envd": try text("b.yaml")])
        }
    }

    @Test func aSpecForEnvdIsCheckedAsOne() throws {
        let files = [
            "a.yaml": "builder: envd\npython_version: '3.10'\ncuda: '11.2.2'",
            "b.yaml": "builder: envd\nbase_image: x\npython_exec: /usr/bin/python3\npip_extra_args: -v",
        ]
        try withFolder(of: files) { folder in
            #expect(try Tool.run(["check", "a.yaml"], in: folder).status == 0)
            let wrong = try Tool.run(["check", "b.yaml"], in: folder)
            #expect(wrong.status == 65)
            #expect(wrong.messages.split(separator: "\n").count == 2)
            #expect(wrong.messages.contains("python_exec: not supported by envd"))
        }
    }
}
