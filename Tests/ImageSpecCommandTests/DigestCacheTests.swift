// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The tool and its digest cache.
@Suite struct DigestCacheTests {
    /// A project with enough files for a cache.
    private static func withProject(_ body: (String) throws -> Void) throws {
        var files = ["a.json": #"{"source_root": "src", "source_copy_mode": "all"}"#]
        for index in 0..<300 { files["src/\(index % 5)/\(index).py"] = "value = \(index)" }
        try withFolder(of: files, body)
    }

    private static func caches(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test func theEnvironmentLocatesTheCache() throws {
        try Self.withProject { folder in
            let script = """
                set -e
                IMAGESPEC_CACHE=off XDG_CACHE_HOME="$PWD/xdg" "$0" tag a.json
                test ! -e xdg
                for off in OFF 0 no ./relative; do
                    IMAGESPEC_CACHE=$off "$0" tag a.json
                    test ! -e $off
                done
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

    @Test func concurrentProcessesAgree() throws {
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

    /// Exceeding the limit on file sizes is a signal, which ends the process by default, or an error.
    @Test(arguments: ["trap '' XFSZ", "trap - XFSZ"])
    func anIncompleteCacheIsDiscarded(_ trap: String) throws {
        try Self.withProject { folder in
            let script = """
                export IMAGESPEC_CACHE="$PWD/cache"
                \(trap)
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

    /// For other files it is an error, and no file is left.
    @Test(arguments: [
        "context --tar out.tar a.json | cat", "tag --snapshot out.json a.json | cat", "files a.json >list",
        "context --tar - a.json >list",
    ])
    func anOutputThatExceedsTheLimitOnFileSizesIsAnError(_ arguments: String) throws {
        try Self.withProject { folder in
            let outcome = try Tool.shell(
                "export IMAGESPEC_CACHE=off; ulimit -f 16; \"$0\" \(arguments); rm -f list", in: folder)
            #expect(outcome.messages.lowercased().contains("file too large"), "\(outcome.messages)")
            #expect(try Self.caches(folder) == ["a.json", "src"])
        }
    }

    /// At any time, a signal ends the process and leaves no temporary file.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL]) func aSignalLeavesNoTemporaryFile(_ signal: Int32)
        throws
    {
        try Self.withProject { folder in
            for index in 0..<20 {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: Tool.path)
                process.currentDirectoryURL = URL(fileURLWithPath: folder)
                process.environment = ["IMAGESPEC_CACHE": folder + "/cache"]
                process.arguments = ["tag", "--snapshot", folder + "/snapshot.json", "a.json"]
                process.standardOutput = FileHandle.nullDevice
                try process.runWithoutBlockedSignals()
                usleep(UInt32(index * 2000))
                kill(process.processIdentifier, signal)
                process.waitUntilExit()
                #expect([0, -signal].contains(process.outcomeStatus))
                let names = try Self.caches(folder) + ((try? Self.caches(folder + "/cache")) ?? [])
                #expect(!names.contains { $0.hasPrefix(".imagespec-") }, "\(names)")
            }
        }
    }

    static let canMount =
        geteuid() == 0
        && ((try? Tool.shell("unshare -m true", in: "/"))?.status == 0)

    @Test(.enabled(if: canMount, "needs root, and the right to mount"))
    func aFullDiskIsNotAnError() throws {
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

    /// Offline changes of a lower layer, which the kernel's documentation allows, do not change the metadata of the merged
    /// directory.
    @Test(.enabled(if: canMount, "needs root, and the right to mount"))
    func aNameThatIsAddedBelowAnOverlayIsSeen() throws {
        try Self.withProject { folder in
            // The layers are in memory, because an overlay of an overlay is not always possible.
            let script = """
                mkdir disk
                unshare -m sh -c '
                    set -e
                    mount -t tmpfs none disk; cd disk
                    mkdir -p lower upper work merged; cp -r ../a.json ../src lower
                    merge() { mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none merged; }
                    merge || exit 77
                    echo up >merged/src/up; sleep 0.1
                    tag() { (cd merged && IMAGESPEC_CACHE=$1 "$0" tag a.json); }
                    for i in 1 2 3; do tag "$PWD/../cache" >/dev/null; done
                    umount merged; echo new >lower/src/new; rm lower/src/0/0.py; merge
                    tag "$PWD/../cache"; tag off
                    echo changed >merged/src/1/1.py; tag "$PWD/../cache"; tag off' "$0"
                """
            let outcome = try Tool.shell(script, in: folder)
            if outcome.status == 77 { return }
            let tags = outcome.lines.filter { !$0.isEmpty }
            #expect(outcome.status == 0 && tags.count == 4, "\(outcome.messages)")
            #expect(
                tags.count == 4 && tags[0] == tags[1] && tags[2] == tags[3] && tags[0] != tags[2], "\(tags)")
            // The cache is used for files.
            #expect(try Self.caches(folder + "/cache").count == 1)
        }
    }
}
