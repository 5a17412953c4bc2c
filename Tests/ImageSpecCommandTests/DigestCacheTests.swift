// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The tool and its digest cache, where something is in the way.
@Suite struct DigestCacheTests {
    /// A project of enough files for a cache.
    private static func withProject(_ body: (String) throws -> Void) throws {
        var files = ["a.json": #"{"source_root": "src", "source_copy_mode": "all"}"#]
        for index in 0..<300 { files["src/\(index % 5)/\(index).py"] = "value = \(index)" }
        try withFolder(of: files, body)
    }

    private static func caches(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func theEnvironmentSaysWhereTheCacheLies() throws {
        try Self.withProject { folder in
            let script = """
                set -e
                IMAGESPEC_CACHE=off XDG_CACHE_HOME="$PWD/xdg" "$0" tag a.json
                test ! -e xdg
                IMAGESPEC_CACHE="$PWD/own" "$0" tag a.json
                XDG_CACHE_HOME="$PWD/xdg" "$0" tag a.json
                mkdir home
                env -u XDG_CACHE_HOME HOME="$PWD/home" "$0" tag a.json
                XDG_CACHE_HOME=relative HOME="$PWD/home2" "$0" tag a.json
                env -u XDG_CACHE_HOME -u HOME "$0" tag a.json
                test ! -e relative
                test ! -e home2
                """
            let outcome = try Tool.shell("unset IMAGESPEC_CACHE\n" + script, in: folder)
            #expect(outcome.status == 0 && outcome.messages.isEmpty)
            #expect(Set(outcome.lines.filter { !$0.isEmpty }).count == 1)
            for place in ["own", "xdg/imagespec", "home/.cache/imagespec"] {
                #expect(try Self.caches(folder + "/" + place).count == 1, "\(place)")
            }
        }
    }

    @Test func severalProcessesAtOnceAgree() throws {
        try Self.withProject { folder in
            let script = """
                export IMAGESPEC_CACHE="$PWD/cache"
                for round in 1 2 3 4 5; do
                    echo "round $round" >src/0/0.py
                    for n in 1 2 3 4 5 6; do "$0" tag a.json >>"tags.$round" & done
                    wait
                    IMAGESPEC_CACHE=off "$0" tag a.json >>"tags.$round"
                    sort -u "tags.$round"
                done
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.messages.isEmpty)
            #expect(Set(outcome.lines.filter { !$0.isEmpty }).count == 5)
            #expect(outcome.lines.filter { !$0.isEmpty }.count == 5)
            #expect(try Self.caches(folder + "/cache").count == 1)
        }
    }

    /// A limit on the size of files fails as a full disk does: in the middle of writing.
    @Test func aCacheThatCannotBeWrittenToItsEndIsNone() throws {
        try Self.withProject { folder in
            let script = """
                export IMAGESPEC_CACHE="$PWD/cache"
                trap '' XFSZ
                ulimit -f 16
                "$0" tag a.json | cat
                IMAGESPEC_CACHE=off "$0" tag a.json | cat
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 0 && outcome.messages.isEmpty)
            #expect(outcome.lines.count == 3 && outcome.lines[0] == outcome.lines[1])
            #expect(try Self.caches(folder + "/cache").isEmpty)
        }
    }

    static let canMount =
        geteuid() == 0
        && ((try? Tool.shell("unshare -m true", in: "/"))?.status == 0)

    @Test(.enabled(if: canMount, "needs root, and the right to mount"))
    func aFullDiskIsNoError() throws {
        try Self.withProject { folder in
            let script = """
                mkdir disk
                IMAGESPEC_CACHE=off "$0" tag a.json
                unshare -m sh -c '
                    mount -t tmpfs -o size=16k none disk || exit 1
                    IMAGESPEC_CACHE="$PWD/disk/cache" "$0" tag a.json && ls -A disk/cache' "$0"
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 0 && outcome.messages.isEmpty)
            #expect(outcome.lines.count == 3 && outcome.lines[0] == outcome.lines[1], "\(outcome.lines)")
        }
    }
}
