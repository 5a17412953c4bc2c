// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `imagespec exist`, `digest` and `pin` as far as no registry is needed; with real ones they are tried in
/// `Tests/Integration/registry.sh`.
@Suite struct PinCommandTests {
    private static let digest = "@sha256:" + String(repeating: "0a", count: 32)

    /// Nobody listens on port 1 of this machine.
    private static let files = [
        "gone.yaml": "name: a # x\nregistry: localhost:1\nbase_image: localhost:1/b:1\n",
        "pinned.yaml": "name: a # x\nbase_image: debian:12\(digest)\n",
        "local.yaml": "name: a\nbase_image: debian:12\(digest)\n", "open.yaml": "name: a\n",
        "wrong.yaml": "nmae: a\n", "bad.yaml": "packages: [-x]\nbase_image: a:1\n",
    ]

    private func run(_ script: String, _ check: (Tool.Outcome, String) throws -> Void) throws {
        try withFolder(of: Self.files) { folder in
            let prepare = """
                unset DOCKER_AUTH_CONFIG DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_RUNTIME_DIR FLYTE_PUSH_IMAGE_SPEC
                export HOME=$PWD http_proxy= HTTP_PROXY= https_proxy= HTTPS_PROXY=
                tool() { PATH=/nowhere "$0" "$@"; }

                """
            try check(try Tool.shell(prepare + script, in: folder), folder)
            for (name, text) in Self.files {
                #expect(try String(contentsOfFile: folder + "/" + name, encoding: .utf8) == text)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".yaml") }
                    == [])
        }
    }

    @Test func nobodyCanTellWhereNoRegistryAnswers() throws {
        try run("tool exist gone.yaml") { outcome, _ in
            #expect(outcome.status == 69)
            #expect(outcome.text.hasPrefix("unknown localhost:1/a:"))
            #expect(outcome.lines.count == 2)
            #expect(outcome.messages.hasPrefix("imagespec: localhost:1/a:"))
        }
        try run("tool exist --json gone.yaml") { outcome, _ in
            #expect(outcome.status == 69)
            let object = try JSONSerialization.jsonObject(with: outcome.output) as? [String: String]
            #expect(object?["existence"] == "unknown")
            #expect(object?["image_name"]?.hasPrefix("localhost:1/a:") == true)
            #expect(object?["reason"]?.contains("localhost:1") == true)
        }
        try run("tool digest gone.yaml") { outcome, _ in
            #expect(outcome.status == 69)
            #expect(outcome.text == "")
            #expect(outcome.messages.contains("localhost:1"))
        }
    }

    @Test func aBaseWhoseRegistryDoesNotAnswerIsNotPinned() throws {
        for options in ["", "--dry-run"] {
            try run("tool pin \(options) gone.yaml") { outcome, _ in
                #expect(outcome.status == 69)
                #expect(outcome.text == "")
                #expect(outcome.messages.hasPrefix("imagespec: gone.yaml: base_image: "))
            }
        }
    }

    @Test func whatIsPinnedNeedsNothing() throws {
        for (script, text) in [
            ("tool pin pinned.yaml", ""), ("tool pin --dry-run pinned.yaml", ""),
            ("tool pin --json pinned.yaml", "{\"pins\":[],\"written\":false}\n"),
            ("tool pin - < pinned.yaml", Self.files["pinned.yaml"] ?? "?"),
        ] {
            try run(script) { outcome, _ in
                #expect(outcome.status == 0)
                #expect(outcome.text == text)
                #expect(outcome.messages == "")
            }
        }
    }

    @Test func aBaseThatIsNotGivenIsToldOf() throws {
        try run("tool pin open.yaml") { outcome, _ in
            #expect(outcome.status == 0)
            #expect(outcome.text == "")
            #expect(
                outcome.messages.contains(
                    "open.yaml: base_image is not set, so the default debian:bookworm-slim"))
        }
    }

    /// The registry takes the connection, and says nothing.
    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func aSignalEndsTheQuestionAndTheFileStays(_ signal: Int32, _ status: Int32) throws {
        let listener = try Listener()
        let text = "base_image: localhost:\(listener.port)/a:1 # x\n"
        try withFolder(of: ["a.yaml": text]) { folder in
            for command in ["pin", "exist"] {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: Tool.path)
                process.arguments =
                    [command, folder + "/a.yaml"]
                    + (command == "exist" ? ["--registry", "localhost:\(listener.port)"] : [])
                process.environment = ["HOME": folder, "PATH": "/nowhere"]
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                try process.runWithoutBlockedSignals()
                let isAsking = listener.waitForConnection()
                #expect(isAsking)
                kill(process.processIdentifier, isAsking ? signal : SIGKILL)
                process.waitUntilExit()
                #expect(process.outcomeStatus == status)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.yaml"])
                #expect(try String(contentsOfFile: folder + "/a.yaml", encoding: .utf8) == text)
            }
        }
    }

    /// Such a program is in a session of its own, which Ctrl-C does not reach.
    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func aSignalEndsTheProgramThatIsAskedForAPassword(_ signal: Int32, _ status: Int32) throws {
        let listener = try Listener()
        listener.refuseAll()
        let helper = "#!/bin/sh\necho $$ > \"$HOME/new\"\nmv \"$HOME/new\" \"$HOME/pid\"\nexec sleep 60\n"
        try withFolder(of: [
            "a.yaml": "name: a\n", ".docker/config.json": #"{"credsStore": "slow"}"#,
            "bin/docker-credential-slow": helper,
        ]) { folder in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: folder + "/bin/docker-credential-slow")
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Tool.path)
            process.arguments = ["exist", folder + "/a.yaml", "--registry", "localhost:\(listener.port)"]
            process.environment = ["HOME": folder, "PATH": folder + "/bin:/usr/bin:/bin"]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.runWithoutBlockedSignals()
            let helperID = try wait {
                try? Int32(String(contentsOfFile: folder + "/pid", encoding: .utf8).dropLast())
            }
            kill(process.processIdentifier, helperID == nil ? SIGKILL : signal)
            process.waitUntilExit()
            #expect(process.outcomeStatus == status)
            let program = try #require(helperID)
            let isGone: Bool? = try wait {
                let state = try? String(contentsOfFile: "/proc/\(program)/stat", encoding: .utf8)
                return kill(program, 0) != 0 || state?.contains(") Z ") == true ? true : nil
            }
            #expect(isGone == true)
            if isGone == nil { kill(program, SIGKILL) }
        }
    }

    /// What is there in the end; nil where it does not come.
    private func wait<Value>(_ look: () throws -> Value?) throws -> Value? {
        for _ in 0..<2000 {
            if let value = try look() { return value }
            usleep(10_000)
        }
        return nil
    }

    /// Takes connections on this machine.
    private final class Listener {
        private let descriptor: Int32
        private var connections: [Int32] = []
        let port: UInt16

        init() throws {
            #if canImport(Darwin)
            let stream = SOCK_STREAM
            #else
            let stream = Int32(SOCK_STREAM.rawValue)
            #endif
            descriptor = socket(AF_INET, stream, 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, size) == 0 && listen(descriptor, 8) == 0
                        && getsockname(descriptor, address, &size) == 0
                }
            }
            try #require(result)
            port = UInt16(bigEndian: address.sin_port)
        }

        deinit { for descriptor in connections + [descriptor] { close(descriptor) } }

        /// Wants a password of all, without encryption; ends with the test's process.
        func refuseAll() {
            let listener = descriptor
            Thread.detachNewThread {
                var bytes = [UInt8](repeating: 0, count: 4096)
                while true {
                    let connection = accept(listener, nil, nil)
                    if connection < 0, errno == EINTR { continue }
                    guard connection >= 0 else { return }
                    _ = recv(connection, &bytes, bytes.count, 0)
                    let answer =
                        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: 0\r\n\r\n"
                    _ = answer.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                    shutdown(connection, Int32(SHUT_RDWR))
                    close(connection)
                }
            }
        }

        /// Takes one connection, and keeps it open.
        func waitForConnection() -> Bool {
            var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, 60_000) == 1 else { return false }
            let connection = accept(descriptor, nil, nil)
            if connection >= 0 { connections.append(connection) }
            return connection >= 0
        }
    }

    @Test(
        arguments: [
            ("tool exist", 66), ("tool exist nothing.yaml", 66), ("tool exist wrong.yaml", 65),
            ("tool exist pinned.yaml wrong.yaml", 65), ("tool digest local.yaml", 65),
            ("tool digest wrong.yaml", 65),
            ("tool pin nothing.yaml", 66), ("tool pin wrong.yaml", 65), ("tool pin bad.yaml", 65),
            ("tool pin --json - < pinned.yaml", 64), ("tool pin pinned.yaml gone.yaml", 64),
        ] as [(String, Int32)])
    func whatCannotBeAskedEndsSo(_ script: String, _ status: Int32) throws {
        try run(script) { outcome, _ in
            #expect(outcome.status == status)
            #expect(outcome.text == "")
            #expect(!outcome.messages.isEmpty)
        }
    }
}
