// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// File names, arguments and environment variables that are not UTF-8. Another file is never used in their place.
@Suite struct ProcessTextTests {
    /// Two directories: one whose name has the byte FF, and one with the replacement character in its place.
    private static func withDirectories(_ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let script = #"""
                one=$(printf 'nu\377'); other=$(printf 'nu\357\277\275')
                for d in "$one" "$other"; do
                    mkdir -p "$d/src"
                    printf '{"source_root":"src","requirements":"r.txt","copy":["conf"]}' >"$d/a.json"
                    printf 'name: here\nsource_root: src\n' >"$d/a.yaml"
                    printf 'six\n' >"$d/r.txt"; mkdir "$d/conf"; echo 1 >"$d/conf/c"
                done
                echo 1 >"$one/src/mine.py"; echo 2 >"$other/src/other.py"
                """#
            try #require(try Tool.shell(script, in: folder).status == 0)
            try body(folder)
        }
    }

    private static func shell(_ script: String, in folder: String) throws -> Tool.Outcome {
        let names = #"one=$(printf 'nu\377'); other=$(printf 'nu\357\277\275'); "#
        return try Tool.shell(names + script, in: folder)
    }

    @Test(arguments: ["a.json", "./a.json", "a.yaml"]) func theWorkingDirectoryIsTheOneThatItIs(
        _ spec: String
    )
        throws
    {
        try Self.withDirectories { folder in
            let outcome = try Self.shell(#"cd "$one" && "$0" files \#(spec)"#, in: folder)
            #expect(outcome.status == 0, "\(outcome.messages)")
            #expect(outcome.text.contains("src/mine.py") && !outcome.text.contains("other.py"))
            // Also if there is no other.
            let alone = try Self.shell(#"rm -r "$other"; cd "$one" && "$0" files \#(spec)"#, in: folder)
            #expect(alone.text == outcome.text)
        }
    }

    @Test func everythingElseWorksThereToo() throws {
        try Self.withDirectories { folder in
            let script = #"""
                set -e
                a=$(cd "$one" && "$0" tag a.json)
                mv "$one" plain
                b=$(cd plain && "$0" tag a.json)
                mv plain "$one"; cd "$one"
                echo "$a" "$b"
                "$0" check a.json; "$0" context a.json out >/dev/null; "$0" context --tar out.tar a.json >/dev/null
                "$0" tag --snapshot snapshot.json a.json >/dev/null; "$0" diff snapshot.json a.json
                ls out/source; ls; rm a.yaml; "$0" init --output - . | grep -c 'name:' || true
                """#
            let outcome = try Self.shell(script, in: folder)
            #expect(outcome.status == 0, "\(outcome.messages)")
            let tags = outcome.lines.first?.split(separator: " ") ?? []
            #expect(tags.count == 2 && tags.first == tags.last, "\(outcome.text)")
            #expect(outcome.lines.contains("mine.py"))
        }
    }

    @Test(arguments: [
        #"tag "$one/a.json""#, #"tag --base-dir "$one" a.json"#, #"tag --base-dir="$one" a.json"#,
        #"files --loaded-module "$one" a.json"#, #""$one" a.json"#,
    ])
    func anArgumentThatIsNotUTF8IsAnError(_ arguments: String) throws {
        try Self.withDirectories { folder in
            let outcome = try Self.shell(#""$0" \#(arguments)"#, in: folder)
            #expect(outcome.status == 64)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains(#"is not valid UTF-8: ""#), "\(outcome.messages)")
            #expect(outcome.messages.contains(#"nu\377"#), "\(outcome.messages)")
        }
    }

    @Test(arguments: ["DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "TMPDIR", "HTTPS_PROXY"])
    func aVariableThatIsNotUTF8IsAnError(_ name: String) throws {
        try Self.withDirectories { folder in
            let outcome = try Self.shell(#"env \#(name)="$PWD/$one" "$0" id "$other/a.json""#, in: folder)
            #expect(outcome.status == 64)
            #expect(
                outcome.messages
                    == "imagespec: the environment variable \(name) is not valid UTF-8; change it, or unset it\n"
            )
        }
    }

    // The cache is never an error.
    @Test(arguments: ["IMAGESPEC_CACHE", "XDG_CACHE_HOME", "HOME"]) func aCacheThatIsNotUTF8IsNone(
        _ name: String
    )
        throws
    {
        try Self.withDirectories { folder in
            let script = #"""
                unset IMAGESPEC_CACHE XDG_CACHE_HOME HOME
                mkdir -p big/src; for i in $(seq 300); do echo $i >big/src/$i; done
                printf '{"source_root":"src","source_copy_mode":"all"}' >big/a.json
                env \#(name)="$PWD/$one" "$0" tag big/a.json >/dev/null
                ls -A "$one" "$other"
                """#
            let before = try Self.shell(#"ls -A "$one" "$other""#, in: folder)
            let outcome = try Self.shell(script, in: folder)
            #expect(outcome.status == 0 && outcome.messages == "")
            #expect(outcome.text == before.text)
        }
    }
}
