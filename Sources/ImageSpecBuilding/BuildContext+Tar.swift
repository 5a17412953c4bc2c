// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec.BuildContext {
    /// Writes the context as a tar archive to a file. The file appears only when it is complete.
    ///
    /// The archive contains what ``write(to:)`` writes to a directory, with the same modes and time stamps, and is
    /// byte-identical on every host, for every user, at any time: ustar headers, and pax headers for names that are longer than 100
    /// bytes or not ASCII; directory by directory, each sorted by the bytes of the names, the Dockerfile last; no owner.
    /// An existing file, or the target of a link, is replaced at the end and keeps its mode. Pipes and devices are
    /// written to directly.
    ///
    /// Uses memory for the path of each file. Stops if the task is cancelled, even while a pipe has no reader.
    /// - Parameter path: the file, relative to the working directory of the process.
    /// - Throws: ``ImageSpecError/Code/sourceChanged`` if a file changed after the image was named;
    ///   ``ImageSpecError/Code/unwritableOutput``; ``ImageSpecError/Code/unreadableInput``. The unfinished archive is
    ///   removed.
    public func writeTar(toFile path: String) throws(ImageSpecError) {
        let file = try TarContextFile(path)
        if let place = try file.realPlace() { try files.checkLocation(ofFile: place) }
        try writeTar { bytes throws(ImageSpecError) in try file.write(bytes) }
        try file.finish()
    }

    /// Writes the context as a tar archive to an open file, pipe or socket, which stays open.
    ///
    /// Behaves like ``writeTar(toFile:)``, except that output that was written before an error remains. It then ends
    /// within an entry and without end-of-archive blocks, so that readers detect that it is truncated.
    /// - Parameter descriptor: the descriptor to write the archive to.
    /// - Throws: the errors of ``writeTar(toFile:)``.
    public func writeTar(to descriptor: Int32) throws(ImageSpecError) {
        let output: StreamOutput
        do throws(FileSystem.Failure) {
            output = try StreamOutput(descriptor)
        } catch {
            throw .unwritableArchive(error.reason)
        }
        try writeTar { bytes throws(ImageSpecError) in
            do throws(FileSystem.Failure) {
                try output.writeAll(bytes)
            } catch {
                throw error.isCancelled ? .writingCancelled : .unwritableArchive(error.reason)
            }
        }
    }

    func writeTar(_ output: @escaping ContextSink.Write) throws(ImageSpecError) {
        let archive = TarContextSink(output)
        do throws(ImageSpecError) {
            try files.writeAll(to: archive)
            try archive.finish()
        } catch {
            archive.breakOff()
            throw error
        }
    }
}
