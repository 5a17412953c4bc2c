// SPDX-License-Identifier: Apache-2.0

package import ContentTree

extension ImageSpec.BuildContext {
    /// Writes the context as a tar archive to a file, which is there only once it is whole.
    ///
    /// It holds what ``write(to:)`` writes to a folder, with the same modes and time stamps, and is the same to the byte
    /// on every host, for every user, on every day: ustar headers, and pax headers for names that are longer than 100
    /// bytes or not ASCII; folder by folder, in each by the bytes of the names, the Dockerfile last; no owner. A file that was there is
    /// replaced at the end, and keeps its mode; of a link, what it leads to. A pipe or a device is written to as it is.
    ///
    /// Takes memory for the path of each file. Cancelling the task ends it, also while nobody reads the pipe.
    /// - Parameter path: the file; a relative path counts from the process's working directory.
    /// - Throws: ``ImageSpecError/Code/sourceChanged`` where a file is not any more what it was when it was named;
    ///   ``ImageSpecError/Code/unwritableOutput``; ``ImageSpecError/Code/unreadableInput``. Nothing that was written is
    ///   left then.
    public func writeTar(toFile path: String) throws(ImageSpecError) {
        try writeTar(toFile: path, UnfinishedFile())
    }

    /// The same for a process that may end before this returns; `unfinished` is what it has to take away then.
    package func writeTar(toFile path: String, _ unfinished: UnfinishedFile) throws(ImageSpecError) {
        let file = try TarContextFile(path, unfinished)
        if let place = try file.realPlace() { try checkPlace(ofFile: place) }
        try writeTar { bytes throws(ImageSpecError) in try file.write(bytes) }
        try file.finish()
    }

    /// Writes the context as a tar archive to an open file, pipe or socket, which stays open.
    ///
    /// What ``writeTar(toFile:)`` says holds, but for one thing: where it fails, what was written stays written. It ends
    /// then within an entry and without the blocks that end an archive, so that whoever reads it finds that it is cut off.
    /// - Parameter descriptor: where the archive goes, from the beginning to the end.
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
            try writeAll(to: archive)
            try archive.finish()
        } catch {
            archive.breakOff()
            throw error
        }
    }
}
