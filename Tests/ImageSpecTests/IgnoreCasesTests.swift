// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ContentTree
@testable import ImageSpec

/// Recorded trees with ignore files, and the paths that each set of rules includes.
@Suite struct IgnoreCasesTests {
    struct Case: Decodable {
        let name: String
        let root: String
        let git: Bool
        let gitignore: [String: String]
        let dockerignore: String
        let paths: [String]
        let gitKept: [String]
        let dockerKept: [String]?
        let dockerError: String?
    }

    static func cases() throws -> [Case] {
        let url = try #require(
            Bundle.module.url(
                forResource: "ignore", withExtension: "jsonl", subdirectory: "Fixtures/identity"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try Data(contentsOf: url).split(separator: UInt8(ascii: "\n")).map {
            try decoder.decode(Case.self, from: $0)
        }
    }

    @Test func allRecordedCasesAgree() throws {
        let cases = try Self.cases()
        var agreed = 0
        for test in cases {
            let git = try Self.keptByGit(test, IgnoreMatcher())
            #expect(git == test.gitKept.map { Bytes($0.utf8) }, "\(test.name): git")
            let docker = Self.keptByDocker(test, IgnoreMatcher())
            if test.dockerError != nil {
                #expect(docker == nil, "\(test.name): docker")
                if git == test.gitKept.map({ Bytes($0.utf8) }), docker == nil { agreed += 1 }
            } else {
                let kept = try #require(test.dockerKept).map { Bytes($0.utf8) }
                #expect(docker == kept, "\(test.name): docker")
                if git == test.gitKept.map({ Bytes($0.utf8) }), docker == kept { agreed += 1 }
            }
        }
        print("ignore: \(agreed) of \(cases.count)")
        #expect(agreed == 300 && cases.count == 300)
    }

    static func keptByGit(_ test: Case, _ matcher: IgnoreMatcher) throws -> [Bytes] {
        var scope = IgnoreScope([])
        let walk = IgnoreWalk(matcher)
        walk.add(test.paths)
        // Directory by directory from the top, as a walk reads them.
        for (path, text) in test.gitignore.sorted(by: { $0.key.utf8.count < $1.key.utf8.count }) {
            guard let file = IgnoreFile.git(Bytes(text.utf8), path: path) else { continue }
            let folder = Bytes(path.utf8.dropLast(".gitignore".utf8.count + (path == ".gitignore" ? 0 : 1)))
            let root = Bytes(test.root.utf8)
            let slash = [UInt8(ascii: "/")]
            if folder == root {
                walk.gitFiles[[]] = file
            } else if root.isEmpty || folder.starts(with: root + slash) {
                walk.gitFiles[Bytes(folder.dropFirst(root.isEmpty ? 0 : root.count + 1))] = file
            } else if test.git && (folder.isEmpty || root.starts(with: folder + slash)) {
                scope.add(file, at: Bytes(root.dropFirst(folder.isEmpty ? 0 : folder.count + 1)))
            }
        }
        walk.walk(scope)
        return kept(test, walk)
    }

    static func keptByDocker(_ test: Case, _ matcher: IgnoreMatcher) -> [Bytes]? {
        do throws(ContentTreeError) {
            let file = try IgnoreFile.docker(Bytes(test.dockerignore.utf8), path: ".dockerignore")
            let walk = IgnoreWalk(matcher)
            walk.add(test.paths)
            walk.walk(IgnoreScope([file].compactMap { $0 }))
            return kept(test, walk)
        } catch {
            if case .malformedPattern = error.reason { return nil }
            return []
        }
    }

    private static func kept(_ test: Case, _ walk: IgnoreWalk) -> [Bytes] {
        test.paths.map { Bytes($0.utf8) }.filter { walk.findings[$0]?.leftOutBy == nil }
    }
}
