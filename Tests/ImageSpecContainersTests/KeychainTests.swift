// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import ImageSpecBuilding
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

/// What is found in real files, and by real programs.
@Suite struct RegistryCredentialsTests {
    private static let password = RegistryCredential(.password(user: "ci", password: "pa55:word"))
    /// `ci:pa55:word`
    private static let auth = "Y2k6cGE1NTp3b3Jk"

    /// A machine: files below its folder, where `$HOME` in a variable stands for that folder, and helpers in `bin`.
    struct Machine {
        var variables: [String: String] = [:]
        var files: [String: String] = [:]
        var helpers: [String: String] = [:]
        var configurationFile: String?
        var limit: Duration = .seconds(30)
    }

    private func lookUp(
        _ machine: Machine, _ registry: String = "ghcr.io", _ repository: String = "acme/app"
    ) async throws -> CredentialLookup {
        try await withTemporaryFolder { folder in
            for (path, text) in machine.files { try write(text, to: folder + "/" + path) }
            for (name, script) in machine.helpers {
                try write(
                    "#!/bin/sh\n" + script, to: folder + "/bin/docker-credential-" + name, mode: 0o755)
            }
            var variables = ["HOME": folder].merging(machine.variables) { $1 }
            for (name, value) in variables {
                variables[name] = value.replacing("$HOME", with: folder)
            }
            let environment = variables
            let finder = EngineFinder(folders: [folder + "/bin"])
            let credentials = Keychain(
                configurationFile: machine.configurationFile.map { folder + "/" + $0 },
                environment: { environment[$0] },
                helpers: CredentialHelpers(finder: finder, limit: machine.limit))
            let found = await credentials.credential(for: registry, repository: repository)
            if case .failed(let reason) = found {
                return .failed(reason: reason.replacing(folder, with: "$HOME"))
            }
            return found
        }
    }

    private static func entry(_ user: String) -> String {
        #"{"auths": {"ghcr.io": {"username": "\#(user)", "password": "x"}}}"#
    }

    private static func user(_ name: String) -> CredentialLookup {
        .found(RegistryCredential(.password(user: name, password: "x")))
    }

    // MARK: where it is looked for

    /// Each place yields to those before it; the last has nothing.
    @Test func theFirstPlaceThatHasSomethingDecides() async throws {
        let places: [(variables: [String: String], path: String?)] = [
            (["DOCKER_AUTH_CONFIG": Self.entry("variable")], nil),
            ([:], ".docker/config.json"),
            (["REGISTRY_AUTH_FILE": "$HOME/own.json"], "own.json"),
            (["XDG_RUNTIME_DIR": "$HOME/run"], "run/containers/auth.json"),
            ([:], ".config/containers/auth.json"),
        ]
        for first in places.indices {
            var machine = Machine()
            for place in places[first...] {
                machine.variables.merge(place.variables) { $1 }
                if let path = place.path { machine.files[path] = Self.entry(path) }
            }
            #expect(try await lookUp(machine) == Self.user(places[first].path ?? "variable"))
        }
        #expect(try await lookUp(Machine()) == .anonymous)
    }

    /// Without the variable of a session, podman and buildah log in to a directory of the user. Source: containers-auth.json(5).
    @Test func podmanHasAPlaceWithoutASession() {
        #if os(Linux)
        let own = ["/run/containers/\(getuid())/auth.json"]
        #else
        let own: [String] = []
        #endif
        #expect(CredentialPlaces.containersFiles { _ in nil } == own)
        #expect(
            CredentialPlaces.containersFiles { $0 == "HOME" ? "/h" : "" } == own + [
                "/h/.config/containers/auth.json"
            ])
        #expect(
            CredentialPlaces.containersFiles { $0 == "HOME" ? "/h" : "/" + $0 }
                == ["/XDG_RUNTIME_DIR/containers/auth.json", "/XDG_CONFIG_HOME/containers/auth.json"])
    }

    @Test func dockersFolderMayBeAnotherOne() async throws {
        let machine = Machine(
            variables: ["DOCKER_CONFIG": "$HOME/d"],
            files: ["d/config.json": Self.entry("d"), ".docker/config.json": Self.entry("home")])
        #expect(try await lookUp(machine) == Self.user("d"))
        let podman = Machine(
            variables: ["XDG_CONFIG_HOME": "$HOME/c"], files: ["c/containers/auth.json": Self.entry("c")])
        #expect(try await lookUp(podman) == Self.user("c"))
    }

    @Test func theFileOfASpecCountsAlone() async throws {
        let machine = Machine(
            variables: ["DOCKER_AUTH_CONFIG": Self.entry("variable")],
            files: [
                "spec.json": Self.entry("spec"), "empty.json": "{}",
                ".docker/config.json": Self.entry("home"),
            ], configurationFile: "spec.json")
        #expect(try await lookUp(machine) == Self.user("spec"))
        var other = machine
        other.configurationFile = "empty.json"
        #expect(try await lookUp(other) == .anonymous)
        // A path with a mistake must not mean that there are no credentials.
        other.configurationFile = "none.json"
        #expect(
            try await lookUp(other)
                == .failed(
                    reason: "the credentials file \"$HOME/none.json\" does not exist; correct its path"))
    }

    @Test(arguments: ["", " \n", "{}", #"{"auths": {}}"#, #"{"auths": null, "credsStore": null}"#])
    func aFileMayHaveNothing(_ text: String) async throws {
        let machine = Machine(files: [
            ".docker/config.json": text, ".config/containers/auth.json": Self.entry("podman"),
        ])
        #expect(try await lookUp(machine) == Self.user("podman"))
    }

    // MARK: entries

    @Test(
        arguments: [
            (#"{"auth": "Y2k6cGE1NTp3b3Jk"}"#, password),
            (#"{"auth": "Y2k6cGE1NTp3b3Jk", "username": "other", "password": "other"}"#, password),
            (#"{"username": "ci", "password": "pa55:word"}"#, password),
            // Docker fills up with NUL; padding may be missing.
            (#"{"auth": "YTpiAAA="}"#, .init(.password(user: "a", password: "b"))),
            (#"{"auth": "YTpiAAA"}"#, .init(.password(user: "a", password: "b"))),
            (#"{"auth": "YTo="}"#, .init(.password(user: "a", password: ""))),
            (#"{"auth": "Y2k6cGE1NTp3b3Jk", "identitytoken": "t"}"#, .init(.identityToken("t"))),
            (#"{"username": "<token>", "password": "t"}"#, .init(.identityToken("t"))),
            (#"{"registrytoken": "r", "identitytoken": "t"}"#, .init(.registryToken("r"))),
            (#"{"auth": "", "identitytoken": "", "username": "a"}"#, nil), ("{}", nil),
        ] as [(String, RegistryCredential?)])
    func anEntryHoldsOneCredential(_ entry: String, _ credential: RegistryCredential?) async throws {
        let machine = Machine(files: [".docker/config.json": #"{"auths": {"ghcr.io": \#(entry)}}"#])
        #expect(try await lookUp(machine) == credential.map(CredentialLookup.found) ?? .anonymous)
    }

    @Test(
        arguments: [
            ("ghcr.io", "ghcr.io", "a/b", true), ("GHCR.io", "ghcr.io", "a/b", true),
            ("https://ghcr.io", "ghcr.io", "a/b", true), ("http://ghcr.io/", "ghcr.io", "a/b", true),
            ("https://ghcr.io/v2/", "ghcr.io", "a/b", true), ("ghcr.io/v1", "ghcr.io", "a/b", true),
            ("ghcr.io/", "ghcr.io", "a/b", true), ("https://ghcr.io/some/path", "ghcr.io", "a/b", true),
            ("localhost:5000", "localhost:5000", "a", true), ("[::1]:5000", "[::1]:5000", "a", true),
            ("https://index.docker.io/v1/", "docker.io", "library/debian", true),
            ("index.docker.io/v1/", "docker.io", "library/debian", true),
            ("docker.io", "docker.io", "library/debian", true),
            ("https://registry-1.docker.io", "docker.io", "library/debian", true),
            ("docker.io", "index.docker.io", "library/debian", true),
            ("ghcr.io/a", "ghcr.io", "a/b", true), ("ghcr.io/a/b", "ghcr.io", "a/b", true),
            ("docker.io/library", "docker.io", "library/debian", true),
            ("ghcr.io/a/b/c", "ghcr.io", "a/b", false), ("ghcr.io/a/bc", "ghcr.io", "a/b", false),
            ("ghcr.io/x", "ghcr.io", "a/b", false), ("localhost:5001", "localhost:5000", "a", false),
            ("localhost", "localhost:5000", "a", false), ("evil-ghcr.io", "ghcr.io", "a", false),
            ("ghcr.io.evil.com", "ghcr.io", "a", false), ("io", "ghcr.io", "a", false),
            ("https://ghcr.io@evil.com", "ghcr.io", "a", false), ("", "ghcr.io", "a", false),
        ] as [(String, String, String, Bool)])
    func keysAreWrittenInManyWays(_ key: String, _ registry: String, _ repository: String, _ fits: Bool)
        async throws
    {
        let text = #"{"auths": {"\#(key)": {"auth": "\#(Self.auth)"}}}"#
        let machine = Machine(files: [".docker/config.json": text])
        #expect(
            try await lookUp(machine, registry, repository) == (fits ? .found(Self.password) : .anonymous))
    }

    @Test(arguments: [
        ("a/b", "namespace"), ("a/b/c", "deeper"), ("a/bc", "whole"), ("x/y", "whole"),
        ("a/b/cd", "namespace"),
    ])
    func theEntryThatFitsBestIsTaken(_ repository: String, _ user: String) async throws {
        let entries = [("ghcr.io", "whole"), ("ghcr.io/a/b", "namespace"), ("ghcr.io/a/b/c", "deeper")]
        for entries in [entries, entries.reversed()] {
            let text = entries.map { #""\#($0)": {"username": "\#($1)", "password": "x"}"# }
                .joined(separator: ", ")
            let machine = Machine(files: [".config/containers/auth.json": #"{"auths": {\#(text)}}"#])
            #expect(try await lookUp(machine, "ghcr.io", repository) == Self.user(user))
        }
    }

    @Test(
        arguments: [
            ("{", "line 1, column 2"), ("[]", "not a JSON object"),
            (#"{"auths": 1}"#, "auths must be an object"),
            (#"{"credHelpers": []}"#, "credHelpers must be an object"),
            (#"{"credsStore": {}}"#, "credsStore"),
            (#"{"auths": {"ghcr.io": "secret"}}"#, "entry for ghcr.io"),
            (#"{"auths": {"ghcr.io": {"auth": 5}}}"#, "auth of the entry for ghcr.io"),
            (#"{"auths": {"ghcr.io": {"auth": "secret!"}}}"#, "base64"),
            (#"{"auths": {"ghcr.io": {"auth": "c2VjcmV0"}}}"#, "user:password"),
            (#"{"auths": {"ghcr.io": {"auth": "Y2k6/w=="}}}"#, "user:password"),
            (#"{"auths": {"ghcr.io": {"identitytoken": ["secret"]}}}"#, "identitytoken"),
        ])
    func aMalformedFileIsNamed(_ text: String, _ what: String) async throws {
        for (machine, name) in [
            (Machine(files: [".docker/config.json": text]), "\"$HOME/.docker/config.json\""),
            (Machine(variables: ["DOCKER_AUTH_CONFIG": text]), "DOCKER_AUTH_CONFIG"),
        ] {
            let reason = try #require(try await lookUp(machine).failure)
            #expect(reason.contains(name))
            #expect(reason.contains(what))
            #expect(!reason.contains("secret"))
        }
    }

    @Test func aFileThatCannotBeReadIsNamed() async throws {
        let reason = try #require(try await lookUp(Machine(files: [".docker/config.json/x": ""])).failure)
        #expect(reason.contains("cannot read \"$HOME/.docker/config.json\""))
    }

    // MARK: helpers

    /// Answers for one server alone, and says what it was asked.
    private static let helper = #"""
        [ "$1" = get ] || exit 9
        read server
        [ "$server" = ghcr.io ] || { echo "credentials not found in native keychain"; exit 1; }
        echo '{"ServerURL": "ghcr.io",'
        echo ' "Username": "ci", "Secret": "pa55:word"}'
        """#

    @Test(
        arguments: [
            (#"{"credHelpers": {"ghcr.io": "good"}, "credsStore": "gone"}"#, .found(password)),
            (#"{"credHelpers": {"https://ghcr.io/": "good"}}"#, .found(password)),
            (#"{"credHelpers": {"docker.io": "gone"}, "credsStore": "good"}"#, .found(password)),
            (#"{"credsStore": "good", "auths": {"ghcr.io": {}}}"#, .found(password)),
            (#"{"credsStore": "empty"}"#, .anonymous), (#"{"credsStore": "none"}"#, .anonymous),
            (#"{"credsStore": ""}"#, .anonymous),
            (#"{"credsStore": "token"}"#, .found(.init(.identityToken("t")))),
            // What the helper does not know may stand in the file; an empty helper is none.
            (
                #"{"credsStore": "none", "auths": {"ghcr.io": {"auth": "Y2k6cGE1NTp3b3Jk"}}}"#,
                .found(password)
            ),
            (
                #"{"credsStore": "gone", "credHelpers": {"ghcr.io": ""}, "auths": {"ghcr.io": {"auth": "Y2k6cGE1NTp3b3Jk"}}}"#,
                .found(password)
            ),
        ] as [(String, CredentialLookup)])
    func helpersAreAskedFirst(_ text: String, _ found: CredentialLookup) async throws {
        let machine = Machine(
            files: [".docker/config.json": text],
            helpers: [
                "good": Self.helper,
                "none": "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1",
                "empty": #"echo '{"ServerURL": "", "Username": "", "Secret": ""}'"#,
                "token": #"echo '{"Username": "<token>", "Secret": "t"}'"#,
            ])
        #expect(try await lookUp(machine) == found)
    }

    @Test func dockerHubIsAskedForByItsAddress() async throws {
        let script = #"""
            read server
            [ "$server" = https://index.docker.io/v1/ ] || exit 3
            echo '{"Username": "ci", "Secret": "pa55:word"}'
            """#
        for key in ["docker.io", "index.docker.io", "https://index.docker.io/v1/"] {
            let machine = Machine(
                files: [".docker/config.json": #"{"credHelpers": {"\#(key)": "hub"}}"#],
                helpers: ["hub": script])
            #expect(try await lookUp(machine, "docker.io", "library/debian") == .found(Self.password))
        }
    }

    /// What a helper prints is never quoted: here it is a secret in each case.
    @Test(
        arguments: [
            ("echo secret; exit 1", "failed with exit status 1"),
            ("echo secret >&2; exit 7", "failed with exit status 7"),
            ("kill -KILL $$", "terminated by signal 9"),
            ("echo secret", "did not print a JSON object with Username"),
            (#"echo '{"Username": "secret"}'"#, "did not print a JSON object"),
            ("", "did not print a JSON object"),
            (#"echo '{"Username": 1, "Secret": "secret"}'"#, "did not print a JSON object"),
            (#"printf '"secret\377"'"#, "did not print a JSON object"),
            // It closes its input without having read it, and goes on.
            (
                "exec <&-; head -c 100000 /dev/zero >/dev/null; echo secret; exit 4",
                "failed with exit status 4"
            ),
            ("head -c 100000000 /dev/zero", "did not print a JSON object"),
        ])
    func aHelperThatFailsIsNamed(_ script: String, _ what: String) async throws {
        let machine = Machine(
            files: [".docker/config.json": #"{"credsStore": "bad"}"#], helpers: ["bad": script])
        let reason = try #require(try await lookUp(machine).failure)
        #expect(
            reason.contains("docker-credential-bad, configured in \"$HOME/.docker/config.json\" for ghcr.io"))
        #expect(reason.contains(what))
        #expect(reason.contains("echo ghcr.io | docker-credential-bad get"))
        #expect(!reason.contains("secret"))
    }

    /// Without an end these would take ten minutes or for ever.
    @Test(
        .timeLimit(.minutes(20)), arguments: ["sleep 600", "yes secret", "cat >/dev/null; sleep 600 & wait"])
    func aHelperThatHangsIsEnded(_ script: String) async throws {
        let machine = Machine(
            files: [".docker/config.json": #"{"credsStore": "bad"}"#], helpers: ["bad": script],
            limit: .milliseconds(200))
        let reason = try #require(try await lookUp(machine).failure)
        #expect(reason.contains("did not answer"))
    }

    @Test(arguments: [
        ("gone", "is not on PATH"), ("a/b", "contains a slash"), ("a b", "contains a slash or a space"),
    ])
    func aHelperThatIsNotThereIsNamed(_ name: String, _ what: String) async throws {
        let machine = Machine(files: [".docker/config.json": #"{"credsStore": "\#(name)"}"#])
        let reason = try #require(try await lookUp(machine).failure)
        #expect(reason.contains(what))
        #expect(reason.contains("$HOME/.docker/config.json"))
    }

    /// A hundred images are asked for at once, and the helper once.
    @Test func aHelperIsAskedOnceForAll() async throws {
        try await withTemporaryFolder { folder in
            let script = "#!/bin/sh\necho asked >> '\(folder)/log'\n" + Self.helper
            try write(script, to: folder + "/bin/docker-credential-good", mode: 0o755)
            try write(#"{"credsStore": "good"}"#, to: folder + "/config.json")
            let credentials = Keychain(
                configurationFile: folder + "/config.json", environment: { _ in nil },
                helpers: CredentialHelpers(finder: EngineFinder(folders: [folder + "/bin"])))
            let found = await withTaskGroup(of: CredentialLookup.self) { group in
                for number in 0..<100 {
                    group.addTask { await credentials.credential(for: "ghcr.io", repository: "a/\(number)") }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(found == Array(repeating: .found(Self.password), count: 100))
            #expect(try String(contentsOfFile: folder + "/log", encoding: .utf8) == "asked\n")
        }
    }

    /// Who does not wait any more ends the helper too.
    @Test(.timeLimit(.minutes(20))) func cancellingEndsAHelper() async throws {
        try await withTemporaryFolder { folder in
            let script = "#!/bin/sh\necho $$ > '\(folder)/started'\nexec sleep 600\n"
            try write(script, to: folder + "/bin/docker-credential-slow", mode: 0o755)
            try write(#"{"credsStore": "slow"}"#, to: folder + "/config.json")
            #expect(mkfifo(folder + "/started", 0o600) == 0)
            let started = open(folder + "/started", O_RDWR | O_NONBLOCK)
            defer { close(started) }
            let credentials = Keychain(
                configurationFile: folder + "/config.json", environment: { _ in nil },
                helpers: CredentialHelpers(finder: EngineFinder(folders: [folder + "/bin"])))
            let task = Task { await credentials.credential(for: "ghcr.io") }
            var event = pollfd(fd: started, events: Int16(POLLIN), revents: 0)
            while poll(&event, 1, 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            #expect(await task.value.failure?.contains("was cancelled") == true)
        }
    }

    @Test func aCredentialIsNotPrinted() {
        for kind in [
            RegistryCredential.Kind.password(user: "ci", password: "secret"), .identityToken("secret"),
            .registryToken("secret"),
        ] {
            let lookup = CredentialLookup.found(RegistryCredential(kind))
            var dumped = ""
            dump(lookup, to: &dumped)
            for text in ["\(lookup)", String(reflecting: lookup), dumped] {
                #expect(!text.contains("secret"))
            }
        }
    }
}

extension CredentialLookup {
    /// The reason of a failure.
    var failure: String? {
        if case .failed(let reason) = self { reason } else { nil }
    }
}
