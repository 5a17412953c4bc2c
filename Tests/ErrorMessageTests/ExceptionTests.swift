// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecContainers

/// The sentences that only a special machine or moment causes, made by their factories.
@Suite struct ExceptionTests {
    static let errors: [(String, ImageSpecError, ImageSpecError.Code, String)] = [
        (
            "sourceChanged", .sourceChanged("/a/b.py", "it grew"), .sourceChanged,
            "\"/a/b.py\" changed while it was in use: it grew; retry when no process is writing to it"
        ),
        (
            "unreadableStandardInput", .unreadableStandardInput(reason: "Bad file descriptor"),
            .unreadableInput,
            "cannot read standard input: Bad file descriptor; pass the path of a spec file instead of -"
        ),
        (
            "renamed", .renamed("a:1", "a:2"), .sourceChanged,
            "files of a:1 changed after it was named, and now it would be a:2; try again when nothing writes to them"
        ),
        (
            "noTemporaryDirectory", .noTemporaryDirectory("/tmp", "No space left on device"),
            .unwritableOutput,
            "\"/tmp\": no temporary folder can be made there: No space left on device; make room there, or set TMPDIR to "
                + "another folder"
        ),
        (
            "ignoreFileOfAnotherUser",
            .ignoreFileOfAnotherUser("/tmp/.git", owner: 1001, sourceRoot: "/tmp/project/src"),
            .invalidIgnoreFile,
            "source_root \"/tmp/project/src\": \"/tmp/.git\" determines which files are in the image, but is owned by user 1001, not by "
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
