// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What each target may know. The compiler keeps the direction between targets; this keeps a target from knowing what it could
/// reach but must not, such as Foundation in the core.
@Suite struct ImportTests {
    private static let system: Set = ["Glibc", "Musl", "Darwin", "Synchronization"]

    /// The modules that the files of a target may import.
    private static let allowed: [String: Set<String>] = [
        "ContentTree": ["CFileSystem", "CLibcrypto", "CSHA256"],
        "ImageSpec": ["CFileSystem", "ContentTree"],
        "ImageSpecBuilding": ["CFileSystem", "ContentTree", "ImageSpec"],
        "ImageSpecDiff": ["ContentTree", "ImageSpec"],
        "ImageSpecFlytekit": ["CLibcrypto", "ContentTree", "ImageSpec"],
        "ImageSpecFoundation": ["Foundation", "FoundationEssentials", "ImageSpec"],
        "ImageSpecTesting": [
            "ContentTree", "Foundation", "FoundationEssentials", "ImageSpec", "ImageSpecDiff",
        ],
        "ImageSpecYAML": ["ContentTree", "ImageSpec", "Yams"],
        "ImageSpecDrafting": ["ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecYAML"],
        "ImageSpecLayers": ["CZlib", "ContentTree", "ImageSpec", "ImageSpecBuilding"],
        "ImageSpecContainers": [
            "CCurl", "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecFlytekit", "ImageSpecLayers",
            "Subprocess", "System", "SystemPackage",
        ],
        "ImageSpecCommand": [
            "ArgumentParser", "ContentTree", "ImageSpec", "ImageSpecBuilding", "ImageSpecContainers",
            "ImageSpecDiff", "ImageSpecDrafting", "ImageSpecFlytekit", "ImageSpecYAML",
        ],
    ]

    /// Words of the layers above, which no lower target may use in its code.
    private static let foreign: [String: [String]] = [
        "ContentTree": ["ImageSpec", "source_root", "requirements"],
        "ImageSpec": ["BuildContext", "BuildEngine", "Builder", "RegistryClient"],
        "ImageSpecBuilding": ["RegistryClient", "ContainerEngine", "ArgumentParser"],
        "ImageSpecLayers": ["RegistryClient", "ContainerEngine", "ContainerBuilder"],
        "ImageSpecDiff": ["Dockerfile"],
    ]

    @Test(arguments: allowed.keys.sorted()) func aTargetImportsOnlyWhatItMayKnow(target: String) throws {
        let files = try Self.files(of: target)
        #expect(!files.isEmpty)
        let allowed = try #require(Self.allowed[target]).union(Self.system)
        let declaration =
            /^\s*(?:@\w+ )?(?:public |package |internal )?import (?:class |struct |enum |func )?(?<module>[A-Z]\w+)/
            .anchorsMatchLineEndings()
        for file in files {
            let modules = Set(file.text.matches(of: declaration).map { String($0.module) })
            let forbidden = modules.subtracting(allowed)
            #expect(forbidden.isEmpty, "\(target)/\(file.name) imports \(forbidden.sorted())")
        }
    }

    @Test(arguments: foreign.keys.sorted()) func aTargetDoesNotNameWhatIsAboveIt(target: String) throws {
        for file in try Self.files(of: target) {
            let code = file.text.split(separator: "\n").filter {
                !$0.drop(while: \.isWhitespace).starts(with: "//")
            }
            .joined(separator: "\n")
            for word in Self.foreign[target] ?? [] {
                let isUsed = code.contains(try Regex("\\b\(word)\\b"))
                #expect(!isUsed, "\(target)/\(file.name) uses \(word)")
            }
        }
    }

    /// A client that imports a module must not find its helpers on its own strings.
    @Test func noStandardTypeHasAPublicExtension() throws {
        let start = #/^(?:public )?extension (?:Swift\.)?(?<type>[A-Z]\w*\??)/#.anchorsMatchLineEndings()
        let member = #/^(?:@\w+ +)?\s*public /#.anchorsMatchLineEndings()
        let standard: Set = [
            "String", "Substring", "Character", "Unicode", "Array", "ArraySlice", "ContiguousArray",
            "Dictionary",
            "Set", "Optional", "Result", "Int", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Bool",
            "Duration",
            "Sequence", "Collection", "BidirectionalCollection", "RandomAccessCollection", "Error", "Range",
            "UnsafeRawBufferPointer", "Task", "AsyncSequence", "Comparable", "Equatable", "Hashable",
        ]
        var count = 0
        for target in Self.allowed.keys {
            for file in try Self.files(of: target) {
                for part in file.text.split(separator: "\n}\n") {
                    guard let match = part.firstMatch(of: start),
                        standard.contains(String(match.type.filter { $0 != "?" }))
                    else { continue }
                    count += 1
                    let isPublic = part[match.range.lowerBound...].contains(member)
                    #expect(!isPublic, "\(target)/\(file.name): extension \(match.type)")
                }
            }
        }
        #expect(count > 20)
    }

    @Test func everyTargetIsInTheTable() throws {
        let sources = SourceText.folder + "/Sources"
        let targets = try FileManager.default.contentsOfDirectory(atPath: sources).filter {
            !$0.hasPrefix("C") || $0 == "ContentTree"
        }
        #expect(Set(targets) == Set(Self.allowed.keys))
    }

    private static func files(of target: String) throws -> [(name: String, text: String)] {
        let folder = SourceText.folder + "/Sources/" + target
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.map {
            ($0, try String(contentsOfFile: folder + "/" + $0, encoding: .utf8))
        }
    }
}
