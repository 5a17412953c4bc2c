// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec {
    /// The id of the spec: the lower-case hexadecimal SHA-256 of ``idDocument``, 64 characters.
    ///
    /// Reads no files and does not depend on the host, only on the declared fields. Registry, tag format, builder, secret
    /// mounts and runtime packages are not part of it. Used to look up an image in an ``ImageConfig``, and by
    /// ``isContainer(environment:)``.
    public var id: String {
        SHA256Digest(of: IdentityDocument.id(of: self)).hex
    }

    /// The canonical JSON (RFC 8785) whose SHA-256 is the ``id``.
    public var idDocument: String {
        String(decoding: IdentityDocument.id(of: self), as: UTF8.self)
    }

    /// The tag of the image, which identifies its content.
    ///
    /// The content digest in the format of ``tagFormat``. Reads all files of the spec: requirements, copied paths and the
    /// source root, relative to the working directory of the process.
    /// - Throws: the errors of ``identity(in:)``.
    public var tag: String {
        get throws(ImageSpecError) { try tag(in: currentContext) }
    }

    /// The tag of the image in a context; see ``tag-property``.
    /// - Throws: the errors of ``identity(in:)``.
    public func tag(in context: Context) throws(ImageSpecError) -> String {
        let format = try parsedTagFormat()
        let contents = try ResolvedInputs.read(of: self, in: context)
        let digest = ContentIdentity(spec: self, contents: contents).contentDigest.hex
        return format?.tag(specHash: digest) ?? digest
    }

    /// The full image name: `[registry/]name:tag`.
    ///
    /// Depends only on the spec and its files, not on builds.
    /// - Throws: ``ImageSpecError/Code/invalidReference`` if registry and name are not a valid image name, and the errors of
    ///   ``identity(in:)``.
    public func imageName() throws(ImageSpecError) -> String {
        try imageName(in: currentContext)
    }

    /// The image name in a context; see ``imageName()``.
    /// - Throws: the errors of ``imageName()``.
    public func imageName(in context: Context) throws(ImageSpecError) -> String {
        try identity(in: context).imageName()
    }

    /// Computes the identity of the image and reads each file once.
    ///
    /// - Throws: ``ImageSpecError/Code/invalidField`` for a copy mode without source root, a copied path that is absolute or
    ///   contains `..`, an invalid tag format, an invalid platform, or too many bases; ``ImageSpecError/Code/missingInput`` and
    ///   ``ImageSpecError/Code/unreadableInput`` for files; ``ImageSpecError/Code/invalidRequirements`` and
    ///   ``ImageSpecError/Code/invalidIgnoreFile`` for their text.
    public func identity(in context: Context) throws(ImageSpecError) -> Identity {
        // Reports an invalid format before any file is read.
        _ = try parsedTagFormat()
        let contents = try ResolvedInputs.read(of: self, in: context)
        return try Identity(spec: self, ContentIdentity(spec: self, contents: contents))
    }

    package func parsedTagFormat() throws(ImageSpecError) -> TagFormat? {
        guard let tagFormat = tagFormat.nonEmpty else { return nil }
        return try TagFormat(tagFormat)
    }

    /// The context of this process, as far as the tag depends on it: system calls would take most of the time of a tag without
    /// files.
    private var currentContext: Context {
        if namesFiles { return .current }
        let needsHost = declaredPlatform == nil && isRegistryLocal
        return Context(
            workingDirectory: ".",
            hostArchitecture: needsHost ? CurrentProcess.machineArchitecture : "")
    }

    var hasBaseSpec: Bool { if case .spec = baseImage { true } else { false } }

    /// Whether the tag depends on files, also those of a base spec.
    package var namesFiles: Bool {
        if namesOwnFiles { return true }
        if !hasBaseSpec { return false }
        var next = baseImage
        while case .spec(let base) = next {
            if base.namesOwnFiles { return true }
            next = base.baseImage
        }
        return false
    }

    var namesOwnFiles: Bool {
        requirements.nonEmpty != nil || sourceRoot.nonEmpty != nil || copy?.isEmpty == false
    }

    /// Whether this process runs in the image of this spec.
    ///
    /// Returns `true` outside an execution (if `FLYTE_INTERNAL_EXECUTION_ID` is not set). In an execution, returns whether
    /// `_F_IMG_ID` of the image is the ``id`` of this spec. Use it to guard imports that only this image provides.
    /// - Parameter environment: looks up an environment variable. Defaults to the environment of the process.
    /// - Returns: `true` outside an execution and in an execution with the image of this spec.
    public func isContainer(environment: (String) -> String? = Self.processEnvironment) -> Bool {
        guard environment("FLYTE_INTERNAL_EXECUTION_ID") != nil else { return true }
        return environment("_F_IMG_ID") == id
    }

    /// Looks up a variable in the environment of this process.
    public static func processEnvironment(_ name: String) -> String? {
        CurrentProcess.environmentVariable(name)
    }

    /// The names of the variables in the environment of this process.
    package static var processEnvironmentNames: [String] { CurrentProcess.environmentVariableNames }
}
