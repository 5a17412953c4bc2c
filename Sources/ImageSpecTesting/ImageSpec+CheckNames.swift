// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec
internal import ImageSpecDiff

extension ImageSpec {
    /// Checks that the images of specs have the names that were recorded, and throws what has changed if not.
    ///
    /// ```swift
    /// try ImageSpec.checkNames(of: ["trainer": TrainerImage.spec], in: context)
    /// ```
    ///
    /// For tests in Swift Testing and XCTest: an error that a test throws is its failure. The error is a ``NameChanges``, whose text
    /// lists the fields and files that changed, or an ``ImageSpecError`` if a spec cannot be named.
    ///
    /// The names are recorded in a file to be committed, with a snapshot of each spec to find differences. If the
    /// environment variable `IMAGESPEC_RECORD_NAMES` is `1`, the file is written. A call that changes it throws as well, so that
    /// tests do not succeed by accident. Each call needs a file of its own.
    ///
    /// Reads all files of the specs.
    /// - Parameters:
    ///   - specs: the specs by a label, which the file and the text of the error contain.
    ///   - context: the context of relative paths. `ImageSpec.Context(besideFile: #filePath)` does not depend on the directory in
    ///     which the tests run.
    ///   - file: the path of the file, relative to the directory of the source file.
    ///   - sourceFile: the source file of the test.
    /// - Throws: ``NameChanges``, ``ImageSpecError``.
    public static func checkNames(
        of specs: OrderedDictionary<ImageSpec>, in context: Context = .current,
        recordedIn file: String = "image-names.json", besideFile sourceFile: String = #filePath
    ) throws {
        let variable = processEnvironment(NameChanges.variable) ?? ""
        try RecordedNames.check(
            specs, in: context, file: Path.join(Path.folder(of: sourceFile), file),
            isRecording: !["", "0", "false"].contains(variable))
    }

    /// Checks that the images of specs have the names that were recorded, as with a literal. The file has the labels in the
    /// order of their characters.
    /// - Throws: ``NameChanges``, ``ImageSpecError``.
    @_disfavoredOverload
    public static func checkNames(
        of specs: [String: ImageSpec], in context: Context = .current,
        recordedIn file: String = "image-names.json", besideFile sourceFile: String = #filePath
    ) throws {
        var ordered: OrderedDictionary<ImageSpec> = [:]
        for (label, spec) in specs.sorted(by: { $0.key < $1.key }) { ordered[label] = spec }
        try checkNames(of: ordered, in: context, recordedIn: file, besideFile: sourceFile)
    }
}
