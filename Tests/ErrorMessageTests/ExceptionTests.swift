// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecContainers
@testable import ImageSpecLayers

/// The sentences that only a special machine or moment causes, made by their factories.
@Suite struct ExceptionTests {
    static let errors: [(String, ImageSpecError, ImageSpecError.Code, String)] = [
        (
            "sourceChanged", .sourceChanged("/a/b.py", "it grew"), .sourceChanged,
            "\"/a/b.py\" changed while it was in use: it grew; retry when no process is writing to it"
        ),
        (
            "standardInputTooLarge", .standardInputTooLarge, .invalidDocument,
            "standard input is too large; a spec can be at most 1 MiB"
        ),
        (
            "unreadableStandardInput", .unreadableStandardInput(reason: "Bad file descriptor"),
            .unreadableInput,
            "cannot read standard input: Bad file descriptor; pass the path of a spec file instead of -"
        ),
        (
            "renamed", .renamed("a:1", "a:2"), .sourceChanged,
            "files of a:1 changed after its name was computed, which is now a:2; try again when no program is writing to them"
        ),
        (
            "noTemporaryDirectory", .noTemporaryDirectory("/tmp", "No space left on device"),
            .unwritableOutput,
            "cannot create the temporary directory \"/tmp\": No space left on device; free some space, or set TMPDIR to another "
                + "directory"
        ),
        (
            "layerChanged", .layerChanged("source"), .sourceChanged,
            "the layer \"source\" changed while the image was built; try again"
        ),
        (
            "ignoreFileOfAnotherUser",
            .ignoreFileOfAnotherUser("/tmp/.git", owner: 1001, sourceRoot: "/tmp/project/src"),
            .invalidIgnoreFile,
            "source_root: \"/tmp/project/src\": \"/tmp/.git\" determines which files are in the image, but is owned by user 1001, not by "
                + "you, root or the owner of the source root; change its owner, or create .git in the project's own directory"
        ),
    ]

    @Test func eachSaysWhatIsRecorded() {
        for (name, error, code, message) in Self.errors {
            #expect(error.code == code, "\(name)")
            #expect(error.message == message, "\(name)")
        }
        #expect(Set(Self.errors.map(\.0)) == Set(ErrorMessageTests.exceptions.keys))
    }
}
