// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec
internal import ImageSpecDiff
import Synchronization

/// A file with the names of images, and a snapshot of each for later comparisons.
struct RecordedNames: Equatable {
    private typealias JSON = ImageSpec.JSONValue

    /// The version covers the snapshots, too, which are stored without their own.
    private static let format = ImageSpec.namesFormatPrefix + "v1"
    /// Tests run at the same time.
    private static let lock = Mutex(())

    private var names: ImageSpec.OrderedDictionary<String> = [:]
    private var snapshots: ImageSpec.OrderedDictionary<JSON> = [:]

    private init() {}

    /// Compares the names of specs with those of a file, and writes the file if it has to be recorded.
    static func check(
        _ specs: ImageSpec.OrderedDictionary<ImageSpec>, in context: ImageSpec.Context, file: String,
        isRecording: Bool
    ) throws {
        var current = RecordedNames()
        var recordings: [SnapshotRecording] = []
        for (label, spec) in specs {
            do throws(ImageSpecError) {
                let recording = try SnapshotRecording(of: spec, in: context)
                try recording.checkIsNotInput(file)
                current.names[label] = try recording.identity.imageName()
                current.snapshots[label] = try stored(recording.snapshot)
                recordings.append(recording)
            } catch {
                throw error.inside(ImageSpecError.Location(subject: label))
            }
        }
        try lock.withLock { _ in
            let recorded: RecordedNames
            do throws(ImageSpecError) {
                recorded = try RecordedNames(contentsOf: file) ?? RecordedNames()
            } catch {
                // For example after a merge conflict. A file that is something else is not overwritten.
                guard isRecording, error.code == .invalidDocument else { throw error }
                recorded = RecordedNames()
            }
            let changes = zip(specs.keys, recordings).compactMap { label, recording in
                recorded.change(of: label, to: current.names[label], recording.snapshot)
            }
            let gone = recorded.names.keys.filter { specs[$0] == nil }.compactMap {
                recorded.change(of: $0, to: nil, nil)
            }
            // Changes without an effect are recorded, too: they are no part of the next difference.
            if isRecording, recorded != current { try current.write(to: file) }
            if changes.isEmpty && gone.isEmpty { return }
            throw ImageSpec.NameChanges(file: file, changes: changes + gone, areRecorded: isRecording)
        }
    }

    private func change(
        of label: String, to current: String?, _ snapshot: ImageSpec.Snapshot?
    ) -> ImageSpec.NameChanges.Change? {
        let recorded = names[label]
        if let recorded, let current, recorded.hasSameBytes(as: current) { return nil }
        let old = recorded == nil ? nil : snapshots[label].flatMap(Self.snapshot)
        var diff: ImageSpec.Diff?
        if let old, let snapshot { diff = ImageSpec.Diff(from: old, to: snapshot) }
        return ImageSpec.NameChanges.Change(label: label, recorded: recorded, current: current, diff: diff)
    }

    // MARK: the file

    /// Reads a file. `nil` if there is none.
    private init?(contentsOf path: String) throws(ImageSpecError) {
        guard let bytes = try FileSystem.contents(ofOptionalFile: path) else { return nil }
        let document: JSON
        do throws(ImageSpecError) {
            document = try JSON(json: bytes)
        } catch {
            throw error.suggestingRecording.inFile(path)
        }
        do throws(ImageSpecError) {
            guard case .object(let object) = document, object["format"] == .string(Self.format),
                case .object(let names)? = object["images"],
                case .object(let snapshots)? = object["snapshots"]
            else { throw .notImageNames }
            for (label, name) in names {
                guard case .string(let name) = name else { throw .notImageNames }
                self.names[label] = name
            }
            self.snapshots = snapshots
        } catch {
            throw error.inFile(path)
        }
    }

    private var json: JSON {
        [
            "format": .string(Self.format),
            "images": .object(names.reduce(into: [:]) { $0[$1.key] = .string($1.value) }),
            "snapshots": .object(snapshots),
        ]
    }

    private func write(to path: String) throws(ImageSpecError) {
        if let bytes = try FileSystem.contents(ofOptionalFile: path), !bytes.isEmpty,
            !String(decoding: bytes, as: UTF8.self).contains("\"\(Self.format)\"")
        {
            throw .notOverwritten(path, found: "does not contain image names")
        }
        let (place, kind) = try FileSystem.outputPlace(path)
        guard kind == nil || kind == .file else { throw .unwritable(place, "not a regular file") }
        do throws(FileSystem.Failure) {
            try FileSystem.replaceFile(place, with: IndentedJSON.bytes(of: json), mode: 0o644)
        } catch {
            throw .unwritable(place, error.reason)
        }
    }

    /// A snapshot without its format, so that nothing takes this file for a snapshot.
    private static func stored(_ snapshot: ImageSpec.Snapshot) throws(ImageSpecError) -> JSON {
        guard case .object(var object) = try JSON(json: snapshot.jsonBytes) else { return .null }
        object["format"] = nil
        return .object(object)
    }

    /// `nil` if it was edited.
    private static func snapshot(_ stored: JSON) -> ImageSpec.Snapshot? {
        guard case .object(let object) = stored else { return nil }
        var all: ImageSpec.OrderedDictionary<JSON> = ["format": .string(ImageSpec.Snapshot.format)]
        for (key, value) in object { all[key] = value }
        return try? ImageSpec.Snapshot(json: IndentedJSON.bytes(of: .object(all)))
    }
}

extension ImageSpecError {
    static let notImageNames = ImageSpecError(
        .invalidDocument, "not a file of recorded image names in the format of this release",
        fix: "record them: IMAGESPEC_RECORD_NAMES=1 swift test")
}

extension ImageSpecError {
    /// The error of a file that is not JSON, for example with the marks of a merge conflict.
    fileprivate var suggestingRecording: ImageSpecError {
        let fix = Fix(
            "after a merge conflict, record the names again: \(ImageSpec.NameChanges.variable)=1 swift test")
        return ImageSpecError(problems: problems.map { Problem($0, fix: fix) }) ?? self
    }
}
