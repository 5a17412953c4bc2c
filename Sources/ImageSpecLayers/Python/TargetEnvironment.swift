// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// The environment in the image that packages are installed in: that of the base image, or a new one over a Python of it.
struct TargetEnvironment: Hashable, Sendable {
    enum Origin: Hashable, Sendable {
        /// The base image has it.
        case ofBase
        /// The base image has it elsewhere, and it gets a link.
        case linked(to: String)
        /// It is created over an interpreter.
        case new(interpreter: String, replacesOld: Bool)
    }

    let origin: Origin
    /// The directory with the files, without a leading slash.
    let directory: [UInt8]
    /// The version of Python: `3.11.2`, or `3.11` if the rest is not known.
    let version: String

    /// `3.11`.
    var minorVersion: String { version.split(separator: ".").prefix(2).joined(separator: ".") }

    /// The modules that are installed, without a leading slash.
    var sitePackages: [UInt8] { directory + Array("/lib/python\(minorVersion)/site-packages".utf8) }

    private static let path = RenderingConstants.virtualEnvironment

    /// - Returns: nil if the spec needs no Python.
    /// - Throws: if the base image does not have the Python.
    init?(for setup: ImageSetup, in facts: BaseFacts) throws {
        let search = InterpreterSearch(facts)
        let existing = search.version(ofEnvironment: Self.path)
        switch setup.python.interpreter {
        case .none: return nil
        case .conda: preconditionFailure("conda runs in the image, and was rejected before")
        case .path(let path):
            // An interpreter of the base image's own environment.
            if BaseTree.bytes(path).isBelow(BaseTree.bytes(Self.path)), let existing {
                self.init(existing: existing, in: facts)
                return
            }
            guard let version = search.version(of: path) else { throw ImageSpecError.noInterpreter(path) }
            self.init(over: path, version, replacesOld: facts.tree[Self.path] != nil)
        case .official:
            let path = "/usr/local/bin/python3"
            guard let version = search.version(of: path) else { throw ImageSpecError.noInterpreter(path) }
            self.init(over: path, version, replacesOld: false)
        case .version(let wanted):
            if setup.spec.hasBaseImage, let existing, InterpreterSearch.isVersion(existing, wanted) {
                self.init(existing: existing, in: facts)
                return
            }
            guard let (path, version) = search.interpreter(ofVersion: wanted) else {
                throw ImageSpecError.noPythonOfVersion(wanted)
            }
            self.init(over: path, version, replacesOld: facts.tree[Self.path] != nil)
        case .ofBase:
            if let existing {
                self.init(existing: existing, in: facts)
                return
            }
            if let active = facts.image.configuration.variable("VIRTUAL_ENV"), !active.isEmpty {
                guard let version = search.version(ofEnvironment: active),
                    let place = facts.tree.resolved(active)
                else {
                    throw ImageSpecError.noInterpreter(active + "/bin/python")
                }
                self.init(origin: .linked(to: active), directory: place, version: version)
                return
            }
            guard let path = search.program("python3"), let version = search.version(of: path) else {
                throw ImageSpecError.baseWithoutPython
            }
            self.init(over: path, version, replacesOld: facts.tree[Self.path] != nil)
        }
    }

    private init(origin: Origin, directory: [UInt8], version: String) {
        self.origin = origin
        self.directory = directory
        self.version = version
    }

    private init(existing version: String, in facts: BaseFacts) {
        self.init(
            origin: .ofBase, directory: facts.tree.resolved(Self.path) ?? BaseTree.bytes(Self.path),
            version: version)
    }

    private init(over interpreter: String, _ version: String, replacesOld: Bool) {
        self.init(
            origin: .new(interpreter: interpreter, replacesOld: replacesOld),
            directory: BaseTree.bytes(Self.path),
            version: version)
    }
}

/// Looks for interpreters in a base image as a shell and uv would.
struct InterpreterSearch {
    private let tree: BaseTree
    private let folders: [String]

    init(_ facts: BaseFacts) {
        tree = facts.tree
        let path = facts.image.configuration.variable("PATH") ?? RenderingConstants.systemPath
        folders = path.split(separator: ":").map(String.init)
    }

    /// The first program of a name on the PATH of the base image.
    func program(_ name: String) -> String? {
        folders.map { $0 + "/" + name }.first { tree.entry(following: $0) != nil }
    }

    /// The first interpreter of a version on the PATH of the base image.
    ///
    /// Source: uv, "Python versions", "Discovery of Python versions": directory by directory, the most specific name first.
    func interpreter(ofVersion wanted: String) -> (path: String, version: String)? {
        let minor = wanted.split(separator: ".").prefix(2).joined(separator: ".")
        for folder in folders {
            for name in ["python\(minor)", "python3", "python"] {
                let path = folder + "/" + name
                if let version = version(of: path), Self.isVersion(version, wanted) { return (path, version) }
            }
        }
        return nil
    }

    /// Whether a version is the wanted one or one of its releases.
    static func isVersion(_ version: String, _ wanted: String) -> Bool {
        version == wanted || version.hasPrefix(wanted + ".")
    }

    /// The version of an interpreter: of its file, or of its library. If `nil`, there is none.
    func version(of path: String) -> String? {
        guard let place = tree.resolved(path), let entry = tree.entries[place] else { return nil }
        if let version = entry.version { return version }
        let name = String(decoding: place.lastPathComponent, as: UTF8.self)
        guard name.hasPrefix("python3."), let minor = Int(name.dropFirst("python3.".count)) else {
            return nil
        }
        // `/usr/local/lib/libpython3.12.so.1.0` of `/usr/local/bin/python3.12`
        let prefix = place.parentPath.parentPath
        let library = Array("libpython3.\(minor).so".utf8)
        let found = tree.entries.filter {
            $0.key.isBelow(prefix) && $0.key.lastPathComponent.starts(with: library)
        }
        return found.values.lazy.compactMap(\.version).first ?? "3.\(minor)"
    }

    /// The version of Python in an environment. If `nil`, there is no environment.
    func version(ofEnvironment path: String) -> String? {
        guard tree.entry(following: path + "/bin/python") != nil else { return nil }
        if let text = tree.text(of: path + "/pyvenv.cfg") {
            for line in text.split(separator: "\n") {
                let sides = line.split(separator: "=", maxSplits: 1).map {
                    $0.split(separator: " ").joined(separator: " ")
                }
                guard sides.count == 2, ["version", "version_info"].contains(sides[0]) else { continue }
                return sides[1].split(separator: ".").prefix(3).joined(separator: ".")
            }
        }
        return version(of: path + "/bin/python")
    }
}
