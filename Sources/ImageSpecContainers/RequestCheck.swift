// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// Finds what keeps an image from being built by any engine: the builder options, the platforms, and the files of this
/// machine that the options and `registry_config` name. Runs no program.
struct RequestCheck {
    var spec: ImageSpec
    var imageName: String
    var context: ImageSpec.Context
    var isPushed: Bool
    /// The engine that was requested, besides the spec's option.
    var wanted: ImageSpec.ContainerEngine?

    init(
        spec: ImageSpec, imageName: String, in context: ImageSpec.Context, isPushed: Bool,
        _ wanted: ImageSpec.ContainerEngine?
    ) {
        self.spec = spec
        self.imageName = imageName
        self.context = context
        self.isPushed = isPushed
        self.wanted = wanted
    }

    init(_ request: ImageSpec.BuildRequest, _ wanted: ImageSpec.ContainerEngine?) {
        self.init(
            spec: request.spec, imageName: request.imageName, in: request.context,
            isPushed: request.isPushed, wanted)
    }

    /// All problems.
    var problems: [ImageSpecError] {
        var (options, problems) = ContainerOptions.read(spec)
        func check(_ body: () throws(ImageSpecError) -> Void) {
            do throws(ImageSpecError) { try body() } catch { problems.append(error) }
        }
        if problems.isEmpty {
            check { () throws(ImageSpecError) in try checkEngine(options) }
            check { () throws(ImageSpecError) in
                try options.check(
                    wanted ?? options.engine ?? options.endpoints?.engine, imageName: imageName,
                    isPushed: isPushed)
            }
        }
        check { () throws(ImageSpecError) in try checkPlatforms() }
        if problems.isEmpty, (wanted ?? options.engine) == .builtin {
            problems += BuiltinCheck(spec: spec, options: options, in: context).problems
        }
        for case (let option, let path?) in options.tls.files {
            check { () throws(ImageSpecError) in _ = try OptionFile.path(option, path, in: context) }
        }
        check { () throws(ImageSpecError) in _ = try RegistryConfiguration.file(of: spec, in: context) }
        return problems
    }

    /// The options of the spec.
    /// - Throws: all problems in one error.
    func validate() throws(ImageSpecError) -> ContainerOptions {
        if let error = ImageSpecError(problems: problems) { throw error }
        return try ContainerOptions(spec)
    }

    /// The options of the spec, if they agree with the requested engine and the platforms.
    func options() throws(ImageSpecError) -> ContainerOptions {
        let options = try ContainerOptions(spec)
        try checkEngine(options)
        try checkPlatforms()
        return options
    }

    private func checkEngine(_ options: ContainerOptions) throws(ImageSpecError) {
        guard let wanted else { return }
        if let option = options.engine, wanted != option { throw .enginesDiffer(option, wanted) }
        if let endpoints = options.endpoints, wanted != endpoints.engine {
            throw .optionNeedsEngine(endpoints.key, endpoints.engine, wanted)
        }
    }

    private func checkPlatforms() throws(ImageSpecError) {
        let platforms = spec.platforms(in: context)
        // A base spec without a platform has those of this one, and noop does not build for any.
        if case .spec(let base)? = spec.baseImage, base.builder != "noop", !base.declaredPlatforms.isEmpty {
            let available = base.declaredPlatforms
            let missing = ImagePlatform.missing(platforms, among: available.compactMap { ImagePlatform($0) })
            if !missing.isEmpty { throw .baseSpecPlatforms(missing, available: available) }
        }
        guard platforms.count > 1, !isPushed else { return }
        throw .platformsUnsupported(
            platforms, "a multi-platform image must be pushed to a registry",
            fix: "set registry and push the image, or use one platform")
    }
}
