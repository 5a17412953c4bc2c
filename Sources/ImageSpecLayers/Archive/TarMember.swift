// SPDX-License-Identifier: Apache-2.0

/// A member of a tar archive that was read.
package struct TarMember: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file, hardLink, link, folder
        /// A device or a pipe.
        case other
    }

    package var kind: Kind
    /// Without `.` and empty components, and so without slashes at its ends. Empty for the root.
    package var path: [UInt8]
    /// The permissions.
    package var mode: Int
    package var owner: Int
    package var group: Int
    /// The size of a file.
    package var size = 0
    /// The target of a link; of a hard link, in the form of `path`.
    package var target: [UInt8] = []

    package init(
        kind: Kind, path: [UInt8], mode: Int, owner: Int = 0, group: Int = 0, size: Int = 0,
        target: [UInt8] = []
    ) {
        self.kind = kind
        self.path = path
        self.mode = mode
        self.owner = owner
        self.group = group
        self.size = size
        self.target = target
    }
}

/// Receives the members of an archive in order.
package protocol TarVisitor: AnyObject {
    /// Begins a member.
    func begin(_ member: TarMember) throws
    /// The next bytes of the member. Called for files.
    func read(_ bytes: UnsafeRawBufferPointer) throws
    /// Ends the member.
    func end() throws
}
