// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecBuilding
import ImageSpecLayers

/// Whether an image is made without a container engine.
enum BuildMethod: Sendable {
    /// Without an engine, as requested.
    case builtin
    /// Without an engine, because nothing else was requested. If the base image or a package prevents that, with the first
    /// engine that works.
    case builtinByDefault
    /// With the requested engine.
    case engine
    /// With the first engine that works, because nothing was requested, and this prevents the use of none.
    case engineByDefault(BuiltinObstacle)

    /// The method of a request. `buildxBuilder` is the builder in buildx's own variable, if set.
    init(
        of request: ImageSpec.BuildRequest, _ wanted: ImageSpec.ContainerEngine?, buildxBuilder: String?
    ) {
        let options = ContainerOptions.read(request.spec).options
        if let kind = wanted ?? options.engine ?? options.endpoints?.engine {
            self = kind == .builtin ? .builtin : .engine
        } else if let obstacle = BuiltinObstacle(to: request, options, buildxBuilder: buildxBuilder) {
            self = .engineByDefault(obstacle)
        } else {
            self = .builtinByDefault
        }
    }

    /// What prevents the use of no engine; nil if an engine was requested, or nothing does.
    var obstacle: BuiltinObstacle? {
        if case .engineByDefault(let obstacle) = self { obstacle } else { nil }
    }

    var usesBuiltin: Bool {
        switch self {
        case .builtin, .builtinByDefault: true
        case .engine, .engineByDefault: false
        }
    }
}

/// Why an image is not made without an engine by default.
enum BuiltinObstacle: Sendable {
    /// Fields and options of the spec.
    case fields([String])
    /// Also whether the spec has a registry.
    case notPushed(hasRegistry: Bool)
    /// The environment selects a builder.
    case buildxBuilder
    /// The base image is a spec whose image is in an engine.
    case localBase
    /// The base image or a package, when the image was made.
    case failure(ImageSpecError)

    /// What is known from the request; nil if nothing is in the way.
    init?(to request: ImageSpec.BuildRequest, _ options: ContainerOptions, buildxBuilder: String?) {
        let problems = BuiltinCheck(spec: request.spec, options: options, in: request.context).problems
        let fields = problems.flatMap(\.problems).compactMap(\.field)
        if !fields.isEmpty {
            self = .fields(fields)
        } else if !request.isPushed {
            self = .notPushed(hasRegistry: !(request.spec.registry ?? "").isEmpty)
        } else if request.localBase != nil {
            self = .localBase
        } else if !(buildxBuilder ?? "").isEmpty {
            self = .buildxBuilder
        } else {
            return nil
        }
    }

    /// Completes a sentence that begins with "because".
    var reason: String {
        switch self {
        case .fields(let fields): "builtin does not support \(fields.joined(separator: ", "))"
        case .notPushed(let hasRegistry): hasRegistry ? "the image is not pushed" : "registry is not set"
        case .buildxBuilder: "BUILDX_BUILDER is set"
        case .localBase: "its base image is in no registry"
        case .failure(let error): "builtin cannot make the image: \(error.problems[0].reason)"
        }
    }

    /// The error if no engine works either.
    func error(_ imageName: String, _ search: NoEngine) -> ImageSpecError {
        switch self {
        case .failure(let error): .noOtherEngine(error, search.reasons)
        case .notPushed: .noPlaceForImage(imageName, search.reasons.joined(separator: "; "))
        case .fields, .buildxBuilder, .localBase: .noEngine(nil, [reason] + search.reasons)
        }
    }
}
