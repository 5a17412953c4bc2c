// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// Versions of packages as PEP 440 and poetry compare them.
@Suite struct PackageVersionTests {
    /// The example of PEP 440, "Summary of permitted suffixes and relative ordering", and what it says of local versions.
    static let ascending = [
        "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2",
        "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7",
        "1.0+5",
        "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.10", "2", "1!0.1",
    ]

    @Test func theOrderIsThatOfPEP440() throws {
        let versions = try Self.ascending.map { try #require(PackageVersion($0), "\($0)") }
        for (index, version) in versions.enumerated() {
            for other in versions[..<index] { #expect(other < version, "\(other) \(version)") }
            for other in versions[index...] { #expect(!(other < version), "\(other) \(version)") }
        }
    }

    @Test(arguments: [
        ("1.0", "1"), ("1.0a1", "1.0.ALPHA-1"), ("1.0rc0", "1.0c"), ("1.0rc2", "1.0_preview2"),
        ("1.0.post1", "1.0-1"),
        ("1.0.post0", "1.0r"), ("1.0.dev0", "1.0dev"), ("1.0+a.b", "1.0+a-b"), ("1.0", "v1.0"),
    ])
    func oneVersionHasSeveralSpellings(_ one: String, _ other: String) throws {
        let versions = try (#require(PackageVersion(one)), #require(PackageVersion(other)))
        #expect(versions.0 == versions.1)
        #expect(versions.0.hashValue == versions.1.hashValue)
    }

    @Test(arguments: [
        "", "x", "1.", ".1", "1..0", "1.0x", "1.0+", "1.0+a..b", "1.0 ", "1!", "1.0-", "99999999999999999999",
    ])
    func whatIsNoVersionIsNotRead(_ text: String) { #expect(PackageVersion(text) == nil) }

    @Test(arguments: [
        (">=3.9", "3.9", true), (">=3.9", "3.8.99", false), ("<3.12", "3.12.0", false),
        ("<3.12", "3.12.0a1", false),
        ("==3.11.*", "3.11.9", true), ("==3.11.*", "3.12", false), ("!=3.11.*", "3.11.1", false),
        ("~=3.9", "3.13", true),
        ("~=3.9.1", "3.10", false), ("~=3.9.1", "3.9.7", true), ("==1.0", "1.0+local", true),
        ("==1.0+a", "1.0", false),
        (">1.0", "1.0.post1", false), (">1.0", "1.1", true), ("<=1.0", "1.0+a", true),
        ("===1.0", "1.0", true),
        ("!=1.0", "1.0.0", false), (">=3.9,<4,!=3.10.*", "3.10.4", false),
        (">=3.9,<4,!=3.10.*", "3.11", true),
    ])
    func conditionsHoldForVersions(_ conditions: String, _ version: String, _ expected: Bool) throws {
        let found = try #require(PackageVersion(version))
        #expect(try VersionSpecifier.list(conditions).allSatisfy { $0.contains(found) } == expected)
    }

    @Test(arguments: [
        ("^3.10", "3.13.1", true), ("^3.10", "4.0", false), ("^0.2.3", "0.3", false),
        ("^0.0.3", "0.0.4", false),
        ("^0.0", "0.0.9", true), ("^0", "0.9", true), ("~1.2.3", "1.2.9", true), ("~1.2", "1.3", false),
        ("~1", "1.9", true),
        ("*", "7", true), ("2.*", "2.5", true), ("2.*", "3", false), ("1.2.3", "1.2.3", true),
        ("1.2.3", "1.2.4", false),
        (">=2.0,<3", "2.2.1", true), (">=2.0 <3", "3.0", false), ("~=2.1", "2.9", true),
        (">= 2.2", "2.5.1", true),
        ("^1.8 || ^2.0", "2.1", true), ("^1.8|^2.0", "3.0", false), ("!=2.1", "2.1", false),
    ])
    func poetrysConditionsHoldForVersions(_ condition: String, _ version: String, _ expected: Bool) throws {
        let found = try #require(PackageVersion(version))
        #expect(try #require(PoetryConstraint(condition)).contains(found) == expected)
    }

    @Test(arguments: ["", "||", "^x", ">", "^1 | ", "latest"]) func anotherConditionIsNotRead(_ text: String)
    {
        #expect(PoetryConstraint(text) == nil)
    }
}
