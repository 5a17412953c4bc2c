// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding
internal import Synchronization

/// Reads a layer of a base image as it arrives, and keeps what matters of it. Stores nothing else.
final class BaseLayerReader: Sendable {
    private struct State {
        var gzip: GzipReader?
        var tar: TarReader<BaseLayerVisitor>
        let visitor: BaseLayerVisitor
        var hasBegun = false
    }

    private let state: Mutex<State>

    init(_ selection: BaseSelection) {
        let visitor = BaseLayerVisitor(selection)
        state = Mutex(State(tar: TarReader(visitor), visitor: visitor))
    }

    func read(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.isEmpty { return }
        // A copy, because a lock does not let in what belongs to the caller.
        let bytes = Array(bytes)
        try state.withLock { state in try bytes.withUnsafeBytes { try Self.read($0, &state) } }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, _ state: inout State) throws {
        if !state.hasBegun {
            state.hasBegun = true
            switch bytes[0] {
            case 0x1F: state.gzip = try GzipReader()
            // Source: RFC 8878, "Zstandard Frames".
            case 0x28 where bytes.count < 4 || bytes[1] == 0xB5: throw ImageSpecError.layerUsesZstd
            default: break
            }
        }
        guard let gzip = state.gzip else { return try state.tar.read(bytes) }
        try gzip.read(bytes) { try state.tar.read($0) }
    }

    func finish() throws -> BaseLayer {
        try state.withLock { state in
            try state.gzip?.finish()
            try state.tar.finish()
            return state.visitor.layer
        }
    }
}

/// Which files of a base image matter.
struct BaseSelection: Sendable {
    /// The environments whose installed distributions are known, without a leading slash.
    var environments: [[UInt8]]

    /// Without a leading slash: the files whose bytes determine a new user.
    private static let accountFiles: Set<[UInt8]> = Set(
        ["passwd", "group", "shadow", "gshadow", "subuid", "subgid", "login.defs", "default/useradd"].map {
            Array("etc/\($0)".utf8)
        })
    private static let programs: Set<[UInt8]> = Set(["useradd", "adduser", "busybox"].map { Array($0.utf8) })

    /// The largest file that is kept.
    static let fileLimit = 16 << 20
    /// What all files below the working directory of tasks may have together, because they are copied to a layer.
    static let homeLimit = 32 << 20

    enum Interest {
        case none
        /// That it exists.
        case existence
        case bytes
        case pythonVersion
        case libraryVersion
    }

    func interest(in member: TarMember) -> Interest {
        let path = member.path
        let name = path.lastPathComponent
        switch member.kind {
        case .folder:
            return path.pathComponents.count <= 2 || isInHome(path) || isInEnvironment(path)
                ? .existence : .none
        case .link:
            let isNearRoot = path.pathComponents.count <= 3
            return isNearRoot || isInHome(path) || isProgram(path) || isInEnvironment(path)
                ? .existence : .none
        case .file, .hardLink, .other: break
        }
        if Self.accountFiles.contains(path) || isInHome(path) { return .bytes }
        if isInEnvironment(path), isMetadata(path) { return .bytes }
        if Self.isPythonName(name), isProgram(path) || name.starts(with: "libpython".utf8) {
            return .pythonVersion
        }
        if Self.isLibrary(name) { return .libraryVersion }
        let isKnown = isProgram(path) && (name.starts(with: "python".utf8) || Self.programs.contains(name))
        return isKnown || name.starts(with: "ld-musl-".utf8) || isInEnvironment(path) ? .existence : .none
    }

    private func isInHome(_ path: [UInt8]) -> Bool {
        let homes = [RenderingConstants.workingDirectory, "/etc/skel"]
        return homes.contains { path.isBelow(BaseTree.bytes($0)) }
    }

    private func isProgram(_ path: [UInt8]) -> Bool {
        let directory = path.parentPath.lastPathComponent
        return directory.elementsEqual("bin".utf8) || directory.elementsEqual("sbin".utf8)
    }

    private func isInEnvironment(_ path: [UInt8]) -> Bool { environments.contains { path.isBelow($0) } }

    /// What an installer reads of the environment: its configuration, and the metadata of distributions.
    private func isMetadata(_ path: [UInt8]) -> Bool {
        path.lastPathComponent.elementsEqual("pyvenv.cfg".utf8)
            || path.parentPath.lastPathComponent.reversed().starts(with: "ofni-tsid.".utf8)
    }

    /// `python3.11`, `libpython3.11.so.1.0`.
    private static func isPythonName(_ name: [UInt8]) -> Bool {
        for prefix in ["python3.", "libpython3."] where name.starts(with: prefix.utf8) {
            let rest = name.dropFirst(prefix.utf8.count)
            let suffix = rest.drop { $0 >= 0x30 && $0 <= 0x39 }
            return rest.count > suffix.count && (suffix.isEmpty || suffix.starts(with: ".so".utf8))
        }
        return false
    }

    /// The C library of GNU: `libc.so.6`, `libc-2.31.so`.
    private static func isLibrary(_ name: [UInt8]) -> Bool {
        name.elementsEqual("libc.so.6".utf8)
            || name.starts(with: "libc-2.".utf8) && name.suffix(3).elementsEqual(".so".utf8)
    }
}

/// Keeps what matters of the members of a layer.
private final class BaseLayerVisitor: TarVisitor {
    private(set) var layer = BaseLayer()
    private let selection: BaseSelection
    private var member: TarMember?
    private var interest = BaseSelection.Interest.none
    private var content: [UInt8] = []
    private var search: VersionSearch?
    private var homeSize = 0

    init(_ selection: BaseSelection) { self.selection = selection }

    func begin(_ member: TarMember) throws {
        self.member = member
        content = []
        search = nil
        let name = member.path.lastPathComponent
        if name.starts(with: Whiteout.prefix.utf8) {
            if name.elementsEqual(Whiteout.opaque.utf8) {
                layer.emptied.insert(member.path.parentPath)
            } else if !name.starts(with: ".wh..wh.".utf8) {
                let hidden = Array(name.dropFirst(Whiteout.prefix.utf8.count))
                let parent = member.path.parentPath
                layer.removed.insert(parent.isEmpty ? hidden : parent + [UInt8(ascii: "/")] + hidden)
            }
            interest = .none
            self.member = nil
            return
        }
        interest = selection.interest(in: member)
        if member.kind == .hardLink {
            if interest != .none { layer.hardLinks[member.path] = member.target }
            // The bytes may be those of a member that came before.
            if interest != .none, let known = layer.entries[member.target] {
                layer.entries[member.path] = known
            }
            self.member = nil
            return
        }
        switch interest {
        case .bytes:
            if member.size > BaseSelection.fileLimit { throw ImageSpecError.baseFileTooLarge(member.path) }
            if member.path.isBelow(BaseTree.bytes(RenderingConstants.workingDirectory)) {
                homeSize += member.size
                guard homeSize <= BaseSelection.homeLimit else { throw ImageSpecError.baseHomeTooLarge }
            }
            content.reserveCapacity(member.size)
        case .pythonVersion: search = .python(inFile: member.path.lastPathComponent)
        case .libraryVersion: search = .glibc
        case .existence, .none: break
        }
    }

    func read(_ bytes: UnsafeRawBufferPointer) {
        if interest == .bytes { content += bytes } else { search?.read(bytes) }
    }

    func end() {
        guard let member, interest != .none else { return }
        let kind: BaseEntry.Kind =
            switch member.kind {
            case .folder: .folder
            case .link: .link(target: member.target)
            case .file: .file(bytes: interest == .bytes ? content : nil)
            case .hardLink, .other: .other
            }
        layer.hardLinks[member.path] = nil
        layer.entries[member.path] = BaseEntry(
            kind, mode: member.mode, owner: FileOwner(user: member.owner, group: member.group),
            version: search?.version)
        content = []
    }
}
