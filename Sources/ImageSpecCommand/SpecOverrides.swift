// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecYAML

/// What a command line says of specs besides their files: values for fields, and where files are.
struct SpecOverrides {
    var name: String?
    var registry: String?
    var tagFormat: String?
    var platform: String?
    /// The directory for relative paths; if nil, that of the spec file.
    var baseDirectory: String?
    /// Directories outside the project whose files may be used.
    var within: [String] = []
    /// As printed by `uname -m`; if nil, that of this machine.
    var architecture: String?
    var loadedModules: [String] = []

    /// The fields whose values are not those of the file.
    var fields: Set<String> {
        let values = [
            ("name", name), ("registry", registry), ("tag_format", tagFormat), ("platform", platform),
        ]
        return Set(values.filter { $0.1 != nil }.map(\.0))
    }

    /// Reads a spec.
    func load(_ file: SpecFile) throws(ImageSpecError) -> ImageSpec { try read(file).get() }

    /// Reads a spec as far as possible, with its problems.
    /// - Throws: the problems of a file that cannot be read, or is not JSON or YAML.
    func read(_ file: SpecFile) throws(ImageSpecError) -> ImageSpec.SpecFiles.Result {
        guard !file.isStandardInput else { return try read(standardInput: file.contents()) }
        do throws(ImageSpecError) {
            var result = try ImageSpec.read(contentsOf: file.path, within: within)
            result.spec = overridingFields(of: result.spec)
            return result
        } catch {
            guard file.isUsual else { throw error }
            throw error.suggesting("pass the path of a spec file, or write one with: imagespec init")
        }
    }

    /// The spec in standard input that was read before.
    func spec(fromStandardInput bytes: [UInt8]) throws(ImageSpecError) -> ImageSpec {
        try read(standardInput: bytes).get()
    }

    private func read(standardInput bytes: [UInt8]) throws(ImageSpecError) -> ImageSpec.SpecFiles.Result {
        var result = try ImageSpec.read(
            contents: bytes, name: "standard input", in: baseDirectory ?? ".", within: within)
        result.spec = overridingFields(of: result.spec)
        return result
    }

    private func overridingFields(of spec: ImageSpec) -> ImageSpec {
        var spec = spec
        if let name { spec = spec.withName(name) }
        if let registry { spec = spec.withRegistry(registry) }
        if let tagFormat { spec = spec.withTagFormat(tagFormat) }
        if let platform { spec = spec.withPlatform(platform) }
        return spec
    }

    func context(of file: SpecFile) -> ImageSpec.Context {
        var context = file.isStandardInput ? .current : ImageSpec.Context(specFile: file.path)
        if let baseDirectory {
            context.specFolder = context.workingDirectory
            context.workingDirectory = baseDirectory
        }
        context.within = within
        if let architecture { context.hostArchitecture = architecture }
        if !loadedModules.isEmpty { context.loadedModules = loadedModules }
        context.progress = HashingDisplay.progress()
        return context
    }
}
