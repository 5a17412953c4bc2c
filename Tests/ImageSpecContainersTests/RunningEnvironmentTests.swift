// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec
import Testing

@testable import ContentTree
@testable import ImageSpecContainers

extension Trait where Self == ConditionTrait {
    fileprivate static var requiresPython: Self {
        .enabled(if: !EngineFinder().programs("python3").isEmpty, "python3 is not on PATH")
    }
}

@Suite struct RunningEnvironmentTests {
    /// A package as pip leaves it.
    private func withPackage(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            try write(
                "Metadata-Version: 2.1\nName: acme-tool\nVersion: 1.2.3\n",
                to: folder + "/acme_tool-1.2.3.dist-info/METADATA")
            // An interpreter of its own, which sees that folder.
            let python = try #require(EngineFinder().programs("python3").first)
            try write(
                "#!/bin/sh\nPYTHONPATH='\(folder)' exec '\(python)' \"$@\"\n", to: folder + "/env/bin/python",
                mode: 0o755)
            try await body(folder + "/env")
        }
    }

    @Test(.requiresPython) func theVersionAndThePinsAreThoseOfTheInterpreter() async throws {
        try await withPackage { environment in
            let spec = try await ImageSpec.fromEnvironment(
                pinning: ["acme-tool"], python: nil, base: ImageSpec(name: "a", packages: ["six"]),
                finder: EngineFinder(), environment: { $0 == "VIRTUAL_ENV" ? environment : nil })
            #expect(spec.name == "a")
            #expect(spec.packages == ["six", "acme-tool==1.2.3"])
            let version = try #require(spec.pythonVersion)
            #expect(version.wholeMatch(of: /3\.[0-9]+/) != nil)
            let named = try await ImageSpec.fromEnvironment(
                pinning: ["acme-tool"], python: environment + "/bin/python")
            #expect(named.pythonVersion == version)
        }
    }

    @Test(.requiresPython) func noModuleOfTheWorkingDirectoryIsRun() async throws {
        try await withTemporaryFolder { folder in
            for module in ["csv", "email", "zipfile", "json", "textwrap", "pathlib"] {
                try write("raise SystemExit('not Python\'s')\n", to: folder + "/\(module).py")
            }
            let python = try #require(EngineFinder().programs("python3").first)
            try write(
                "#!/bin/sh\ncd '\(folder)' && exec '\(python)' \"$@\"\n", to: folder + "/bin/python",
                mode: 0o755)
            let spec = try await ImageSpec.fromEnvironment(python: folder + "/bin/python")
            #expect(spec.pythonVersion != nil)
        }
    }

    @Test(.requiresPython) func whatIsNotInstalledIsNamed() async throws {
        try await withPackage { environment in
            let error = await #expect(throws: ImageSpecError.self) {
                try await ImageSpec.fromEnvironment(
                    pinning: ["acme-tool", "no-such-thing", ""], python: environment + "/bin/python")
            }
            #expect(error?.code == .missingInput)
            #expect(error?.message.contains("\"no-such-thing\", \"\"") == true)
            #expect(error?.message.contains("acme-tool") == false)
        }
    }

    @Test func aPythonVersionIsRefused() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await ImageSpec.fromEnvironment(base: ImageSpec(pythonVersion: "3.12"))
        }
        #expect(error?.code == .invalidField)
        #expect(error?.message.contains("python_version") == true)
    }

    @Test func whereThereIsNoPythonThatIsSaid() async throws {
        let error = await #expect(throws: ImageSpecError.self) {
            try await ImageSpec.fromEnvironment(
                pinning: [], python: nil, base: ImageSpec(), finder: EngineFinder(folders: []),
                environment: { _ in nil })
        }
        #expect(error?.code == .toolUnavailable)
        let other = await #expect(throws: ImageSpecError.self) {
            try await ImageSpec.fromEnvironment(python: "/nowhere/python")
        }
        #expect(other?.code == .toolUnavailable)
        #expect(other?.message.contains("/nowhere/python") == true)
    }
}
