// SPDX-License-Identifier: Apache-2.0

/// The state of a directory in all ignore files that are in effect. A value that every thread's matcher can continue from.
struct IgnoreScope: Sendable {
    struct Place: Sendable {
        let file: IgnoreFile
        let positions: IgnorePositions
    }

    /// The deepest `.gitignore` first, then `.dockerignore`, then the standard rules.
    private(set) var places: [Place] = []

    init(places: [Place]) {
        self.places = places
    }

    /// The scope of a root that contains each of these files.
    init(_ files: [IgnoreFile]) {
        for file in files { add(file, at: []) }
    }

    /// Adds an ignore file of this directory, or of a directory above it, from which `path` leads here.
    ///
    /// Of several `.gitignore` files, those further up are added first.
    mutating func add(_ file: IgnoreFile, at path: [UInt8]) {
        precondition(!places.contains { $0.file === file }, "an ignore file has one place in a scope")
        var positions = file.program.start
        if !path.isEmpty {
            for byte in path + [ByteSet.slash] {
                positions = file.program.positions(after: positions, byte)
            }
        }
        if positions.isEmpty { return }
        let place = Place(file: file, positions: IgnorePositions(positions))
        switch file.kind {
        case .git: places.insert(place, at: 0)
        case .docker:
            places.insert(place, at: places.firstIndex { $0.file.kind == .standard } ?? places.count)
        case .standard: places.append(place)
        }
    }
}

/// What the ignore rules decide on an entry, and the rule that decides.
enum IgnoreVerdict {
    case include
    case exclude(file: IgnoreFile, rule: Int)
    /// A directory is excluded, but a later rule could include something below it.
    case excludeButDescend(file: IgnoreFile, rule: Int)
}
