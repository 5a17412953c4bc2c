// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// The files of one build in its temporary directory: the build context, and links to secrets and certificates, so that no
/// path of the user is in an argument.
struct BuildFiles: Sendable {
    /// The directory of the build context.
    var context: String
    var secrets: [BuildPlan.Secret] = []
    var tls = ContainerOptions.TLS()
    /// The images that the Dockerfile names, beginning with the base image.
    var images: [String] = []

    /// Writes the files, and the build context below another directory.
    /// - Throws: ``ImageSpecError/Code/sourceChanged`` if the context is no longer that of the image's name.
    @concurrent
    static func write(
        for request: ImageSpec.BuildRequest, _ options: ContainerOptions, to scratch: TemporaryDirectory,
        contextDirectory: String
    ) async throws -> BuildFiles {
        let context = try request.buildContext()
        let name = try context.identity.imageName()
        guard name == request.imageName else { throw ImageSpecError.renamed(request.imageName, name) }
        var files = BuildFiles(context: contextDirectory + "/context")
        try checkSecrets(of: request, context)
        for secret in context.dockerfile.secrets {
            let link = try scratch.link(secret.id, to: LocalFile.absolute(secret.source))
            files.secrets.append(BuildPlan.Secret(id: secret.id, path: link))
        }
        if files.secrets.isEmpty { try scratch.makeFile(WorkingContainers.markFile) }
        if let time = options.sourceDateEpoch {
            // BuildKit keeps the context of an earlier build. There, a directory in which it replaces a file gets the time of
            // the build, which becomes this time in the layer. If its files were older, the layer would depend on what the
            // daemon has built before.
            try context.write(to: files.context, time: time)
        } else {
            try context.write(to: files.context)
        }
        files.tls = try links(to: options.tls, in: scratch, request.context)
        files.images =
            try [request.baseImageName].compactMap { $0 }
            + request.spec.ownUsedImages(in: request.context).map(\.reference)
        return files
    }

    /// - Throws: ``ImageSpecError/Code/missingInput``, ``ImageSpecError/Code/unreadableInput`` for secrets that a build of the
    ///   context mounts and that cannot be read.
    static func checkSecrets(
        of request: ImageSpec.BuildRequest, _ context: ImageSpec.BuildContext
    ) throws(ImageSpecError) {
        // Secrets are mounted only where packages are installed.
        if context.dockerfile.secrets.isEmpty { return }
        let problems = request.spec.ownSecretProblems(in: request.context)
        if let error = ImageSpecError(problems: problems) { throw error }
    }

    private static func links(
        to files: ContainerOptions.TLS, in scratch: TemporaryDirectory, _ context: ImageSpec.Context
    ) throws(ImageSpecError) -> ContainerOptions.TLS {
        func link(_ option: String, _ path: String?) throws(ImageSpecError) -> String? {
            guard let path else { return nil }
            return try scratch.link(option, to: OptionFile.path(option, path, in: context))
        }
        var links = files
        links.authority = try link("tls_ca", files.authority)
        links.certificate = try link("tls_cert", files.certificate)
        links.key = try link("tls_key", files.key)
        return links
    }
}

/// A file that a builder option names, relative to the working directory.
enum OptionFile {
    /// - Throws: ``ImageSpecError/Code/missingInput`` if it cannot be read.
    static func path(
        _ option: String, _ path: String, in context: ImageSpec.Context
    ) throws(ImageSpecError) -> String {
        let file = LocalFile.absolute(LocalFile.join(context.workingDirectory, path))
        guard LocalFile.isReadable(file) else { throw .missingOptionFile(option, path) }
        try context.checkPlace(file, field: "builder_options.\(option)")
        return file
    }
}
