// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// An environment on this machine in which uv installs the packages of an image. Its Python is that of this machine, and so
/// are some paths and texts; here they become those of the image.
struct HostEnvironment: Sendable {
    let path: String
    private let target: TargetEnvironment
    /// The version of Python in its paths: `3.12`.
    private let minorVersion: String
    /// What the environment has before anything is installed.
    private let created: HostFiles

    /// The environment that `uv venv` made in a directory.
    init(_ path: String, for target: TargetEnvironment) throws {
        self.path = path
        self.target = target
        created = try HostFiles(path)
        let prefix = Array("lib/python".utf8)
        guard
            let modules = created.entries.keys.first(where: {
                $0.starts(with: prefix) && $0.lastPathComponent.elementsEqual("site-packages".utf8)
            })
        else { throw ImageSpecError.uvFailed("create an environment", ["\(path) has no site-packages"]) }
        minorVersion = String(
            decoding: modules.parentPath.lastPathComponent.dropFirst("python".count), as: UTF8.self)
    }

    /// The directory with the modules, relative to the environment.
    var sitePackages: [UInt8] { Array("lib/python\(minorVersion)/site-packages".utf8) }

    /// The interpreter.
    var python: String { path + "/bin/python" }

    /// A path in the image of a path relative to the environment.
    func targetPath(_ relative: [UInt8]) -> [UInt8] {
        var components = relative.pathComponents.map { Array($0) }
        // `lib/python3.12`, `include/site/python3.12`
        let own = Array("python\(minorVersion)".utf8)
        for index in 1..<max(1, min(3, components.count))
        where components[index] == own && components[0] != Array("bin".utf8) {
            components[index] = Array("python\(target.minorVersion)".utf8)
        }
        if components.count == 2, components[0].elementsEqual("bin".utf8) {
            components[1] = targetScript(components[1])
        }
        return target.directory + [UInt8(ascii: "/")] + components.joined(separator: [UInt8(ascii: "/")])
    }

    /// uv names `pip3.12` after the Python of this machine.
    func targetScript(_ name: [UInt8]) -> [UInt8] {
        name.elementsEqual("pip\(minorVersion)".utf8) ? Array("pip\(target.minorVersion)".utf8) : name
    }

    /// Whether a path is one of those that the environment has before anything is installed, or a mark of uv.
    func isCreated(_ relative: [UInt8]) -> Bool {
        created.entries[relative] != nil || relative.elementsEqual(".lock".utf8)
    }

    // MARK: scripts

    /// The content that a script has in the image; nil if it is not changed.
    ///
    /// The first line names the interpreter. If its path is too long for the kernel, uv writes a script of the shell.
    func targetScript(at relative: [UInt8], in files: HostFiles) throws -> [UInt8]? {
        guard relative.starts(with: "bin/".utf8), case .file? = files.entries[relative] else { return nil }
        let own = Array("#!\(python)".utf8)
        let shell = Array("#!/bin/sh\n'''exec' ".utf8)
        let beginning = files.beginning(of: relative, count: own.count + shell.count + 4096)
        let line = Array("#!\(Self.python)".utf8)
        if beginning.starts(with: own) {
            let content = try files.bytes(of: relative)
            // `python3` in some older releases.
            let rest = content[own.count...].drop { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: " ") }
            return line + rest
        }
        guard beginning.starts(with: shell), beginning.contains(path) else { return nil }
        let content = try files.bytes(of: relative)
        // Two lines of the shell, then a line that ends its text.
        let lines = content.split(
            separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { return nil }
        return line + [UInt8(ascii: "\n")] + lines[3]
    }

    /// The interpreter of the environment in the image.
    private static let python = RenderingConstants.virtualEnvironment + "/bin/python"

    // MARK: the environment itself

    /// The files of a new environment in the image, as `uv venv` would make them there.
    func entries(over interpreter: String) throws -> [LayerEntry] {
        var entries: [LayerEntry] = []
        for (relative, kind) in created.entries {
            let path = targetPath(relative)
            switch kind {
            case .folder: entries.append(LayerEntry(path, .folder, mode: 0o755))
            case .link(let text):
                // The links to the interpreter are named after the Python of this machine.
                if relative.starts(with: "bin/".utf8) { continue }
                entries.append(LayerEntry(path, .link(target: text), mode: 0o777))
            case .file(_, let isExecutable):
                if relative.elementsEqual(".lock".utf8) { continue }
                var text = String(decoding: try created.bytes(of: relative), as: UTF8.self)
                if relative.elementsEqual("pyvenv.cfg".utf8) {
                    text = configuration(text, interpreter)
                } else {
                    text = text.replacing(self.path, with: RenderingConstants.virtualEnvironment)
                        .replacing("lib/python\(minorVersion)/", with: "lib/python\(target.minorVersion)/")
                }
                entries.append(LayerEntry(path, .bytes(Array(text.utf8)), mode: isExecutable ? 0o755 : 0o644))
            }
        }
        let links = [
            ("python", interpreter), ("python3", "python"), ("python\(target.minorVersion)", "python"),
        ]
        for (name, text) in links {
            entries.append(
                LayerEntry(
                    targetPath(Array("bin/\(name)".utf8)), .link(target: Array(text.utf8)), mode: 0o777))
        }
        entries.append(LayerEntry(target.directory, .folder, mode: 0o755))
        return entries
    }

    /// `pyvenv.cfg` with the interpreter of the image.
    private func configuration(_ text: String, _ interpreter: String) -> String {
        let values = [
            "home": String(interpreter.prefix(upTo: interpreter.lastIndex(of: "/") ?? interpreter.endIndex)),
            "version_info": target.version,
        ]
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let key = line.prefix { $0 != " " && $0 != "=" }
            return values[String(key)].map { "\(key) = \($0)" } ?? String(line)
        }.joined(separator: "\n")
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}
