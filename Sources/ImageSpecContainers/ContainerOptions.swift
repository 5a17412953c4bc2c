// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// The builder options that the builder of this package knows. They are part of the tag, as all builder options are.
///
/// | key | value |
/// |---|---|
/// | `engine` | `docker`, `podman` or `buildah`; otherwise the first of these that works |
/// | `network` | the network of build steps, as in `host` or `none`; otherwise the engine's default |
/// | `cache` | `false` builds every layer anew; otherwise layers of earlier builds are used |
/// | `progress` | `plain`: what the engine prints is passed on line by line, as it is in any case |
struct ContainerOptions: Hashable, Sendable {
    var engine: ImageSpec.ContainerEngine?
    var network: String?
    var usesCache = true

    static let names = ["engine", "network", "cache", "progress"]

    /// - Throws: ``ImageSpecError/Code/unsupportedField`` for a key that is not in the table,
    ///   ``ImageSpecError/Code/invalidField`` for a value that is not.
    init(_ spec: ImageSpec) throws(ImageSpecError) {
        for (key, value) in spec.builderOptions ?? [:] {
            switch (key, value) {
            case (_, .null): break
            case ("engine", .string(let name)):
                guard let engine = ImageSpec.ContainerEngine(rawValue: name) else {
                    let names = ImageSpec.ContainerEngine.allCases.map(\.rawValue).joined(separator: ", ")
                    throw .invalidOption(key, "\"\(name)\" is no container engine; use one of \(names)")
                }
                self.engine = engine
            case ("network", .string(let name)):
                // It becomes an argument of its own, and must not be taken for another one.
                let isName = name.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || "_.:/-".utf8.contains(byte)
                }
                guard !name.isEmpty, isName, !name.hasPrefix("-") else {
                    throw .invalidOption(
                        key, "\"\(name)\" is no name of a network; use host, none or default")
                }
                network = name
            case ("cache", .bool(let isUsed)): usesCache = isUsed
            case ("progress", .string("plain")): break
            case ("progress", _): throw .invalidOption(key, "only \"plain\" is known; leave it out")
            case ("cache", _): throw .invalidOption(key, "expected true or false, without quotes")
            case ("engine", _): throw .invalidOption(key, "expected a string, such as \"podman\"")
            case ("network", _): throw .invalidOption(key, "expected a string, such as \"host\"")
            default: throw .unknownOption(key, known: Self.names)
            }
        }
    }
}
