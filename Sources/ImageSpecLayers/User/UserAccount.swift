// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec
internal import ImageSpecBuilding

/// The user of tasks in an image: that of the base image, or a new one as the base image's own tools would add it.
package struct UserAccount: Sendable {
    package let owner: FileOwner
    /// The files that a new user changes and adds. Empty if the base image has the user.
    package let entries: [LayerEntry]

    /// The day in `/etc/shadow` on which the password was set: a constant, because the image must not depend on the day.
    private static let passwordDay = RenderingConstants.timeStamp / 86_400
    private static let name = RenderingConstants.user
    private static let home = "home/" + RenderingConstants.user
    private static let shell = "/bin/sh"

    /// - Throws: if the base image has accounts that cannot be read.
    package init(in tree: BaseTree) throws {
        for path in ["/etc", "/home", "/root", "/opt"] {
            if let entry = tree[path], !entry.isFolder { throw ImageSpecError.linkInBase(path) }
        }
        if let line = AccountFile("etc/passwd", in: tree)?.line(of: Self.name) {
            guard line.count > 3, let user = Int(line[2]), let group = Int(line[3]) else {
                throw ImageSpecError.invalidAccounts
            }
            owner = FileOwner(user: user, group: group)
            entries = []
            return
        }
        // Without either program, the image has no tools at all, and the user is added as by the first one.
        let hasUserAdd = Self.has("useradd", tree)
        (owner, entries) =
            hasUserAdd || !Self.has("adduser", tree)
            ? Self.addedByShadowTools(to: tree) : Self.addedByBusybox(to: tree)
    }

    private static func has(_ program: String, _ tree: BaseTree) -> Bool {
        ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].contains { tree.entry(following: $0 + program) != nil }
    }

    // MARK: useradd

    /// The effect of `useradd --create-home --shell /bin/sh`.
    ///
    /// Source: shadow, `src/useradd.c`, `libmisc/find_new_uid.c`.
    private static func addedByShadowTools(to tree: BaseTree) -> (FileOwner, [LayerEntry]) {
        let settings = LoginSettings(tree)
        var passwd = AccountFile("etc/passwd", in: tree)
        var group = AccountFile("etc/group", in: tree)
        let user = next(
            after: passwd?.numbers(field: 2) ?? [], from: settings.number("UID_MIN", default: 1000),
            to: settings.number("UID_MAX", default: 60_000))
        let groupID = newGroup(
            preferring: user, used: group?.numbers(field: 2) ?? [],
            from: settings.number("GID_MIN", default: 1000), to: settings.number("GID_MAX", default: 60_000))
        let owner = FileOwner(user: user, group: groupID)
        var entries: [LayerEntry] = []
        // Without the other file, the password would be in this one: none that is valid.
        let userPassword = tree["etc/shadow"] == nil ? "!" : "x"
        let groupPassword = tree["etc/gshadow"] == nil ? "!" : "x"
        passwd?.append([name, userPassword, "\(user)", "\(groupID)", "", "/" + home, shell])
        entries +=
            passwd.map { $0.entries(of: tree, keepsOld: true) }
            ?? missing(
                "etc/passwd", "\(name):x:\(user):\(groupID)::/\(home):\(shell)\n")
        group?.append([name, groupPassword, "\(groupID)", ""])
        entries +=
            group.map { $0.entries(of: tree, keepsOld: true) }
            ?? missing(
                "etc/group", "\(name):x:\(groupID):\n")
        if var shadow = AccountFile("etc/shadow", in: tree) {
            func days(_ name: String, _ standard: Int) -> String {
                let number = settings.number(name, default: standard)
                return number < 0 ? "" : "\(number)"
            }
            shadow.append([
                name, "!", "\(passwordDay)", days("PASS_MIN_DAYS", 0), days("PASS_MAX_DAYS", 99_999),
                days("PASS_WARN_AGE", 7), "", "", "",
            ])
            entries += shadow.entries(of: tree, keepsOld: true)
        }
        if var shadow = AccountFile("etc/gshadow", in: tree) {
            shadow.append([name, "!", "", ""])
            entries += shadow.entries(of: tree, keepsOld: true)
        }
        for (file, prefix) in [("etc/subuid", "SUB_UID"), ("etc/subgid", "SUB_GID")] {
            guard var ranges = AccountFile(file, in: tree) else { continue }
            let count = settings.number(prefix + "_COUNT", default: 65_536)
            let ends = ranges.lines.compactMap { line -> Int? in
                guard line.count > 2, let start = Int(line[1]), let count = Int(line[2]) else { return nil }
                return start + count
            }
            let start = max(settings.number(prefix + "_MIN", default: 100_000), ends.max() ?? 0)
            ranges.append([name, "\(start)", "\(count)"])
            entries += ranges.entries(of: tree, keepsOld: true)
        }
        return (owner, entries + homeEntries(of: tree, owner, mode: settings.homeMode))
    }

    // MARK: adduser

    /// The effect of busybox's `adduser -D`.
    ///
    /// Source: busybox, `loginutils/adduser.c`.
    private static func addedByBusybox(to tree: BaseTree) -> (FileOwner, [LayerEntry]) {
        var passwd = AccountFile("etc/passwd", in: tree)
        var group = AccountFile("etc/group", in: tree)
        let used = (passwd?.numbers(field: 2) ?? []).union(group?.numbers(field: 2) ?? [])
        var id = 1000
        while used.contains(id) { id += 1 }
        let owner = FileOwner(user: id, group: id)
        passwd?.append([name, "x", "\(id)", "\(id)", "Linux User,,,", "/" + home, shell])
        group?.append([name, "x", "\(id)", ""])
        var entries =
            (passwd.map { $0.entries(of: tree, keepsOld: true) }
                ?? missing("etc/passwd", "\(name):x:\(id):\(id):Linux User,,,:/\(home):\(shell)\n"))
            + (group.map { $0.entries(of: tree, keepsOld: true) }
                ?? missing("etc/group", "\(name):x:\(id):\n"))
        if var shadow = AccountFile("etc/shadow", in: tree) {
            shadow.append([name, "!", "\(passwordDay)", "0", "99999", "7", "", "", ""])
            entries += shadow.entries(of: tree, keepsOld: true)
        }
        return (owner, entries + homeEntries(of: tree, owner, mode: 0o2755))
    }

    // MARK: parts

    /// The number after the largest one in a range, or the first free one.
    private static func next(after used: Set<Int>, from minimum: Int, to maximum: Int) -> Int {
        let largest = used.filter { (minimum...maximum).contains($0) }.max() ?? (minimum - 1)
        if largest < maximum { return largest + 1 }
        return (minimum...maximum).first { !used.contains($0) } ?? minimum
    }

    /// The number of the user if it is in the range of groups and free, and otherwise the next one.
    ///
    /// Source: shadow, `libmisc/find_new_gid.c`.
    private static func newGroup(
        preferring user: Int, used: Set<Int>, from minimum: Int, to maximum: Int
    ) -> Int {
        if (minimum...maximum).contains(user), !used.contains(user) { return user }
        return next(after: used, from: minimum, to: maximum)
    }

    private static func missing(_ path: String, _ text: String) -> [LayerEntry] {
        [LayerEntry(path, .bytes(Array(text.utf8)), mode: 0o644)]
    }

    /// The home directory, with the files of the skeleton.
    private static func homeEntries(of tree: BaseTree, _ owner: FileOwner, mode: Int) -> [LayerEntry] {
        // A home directory that exists is used as it is.
        if tree[home] != nil { return [] }
        var entries = [LayerEntry(home, .folder, mode: mode, owner: owner)]
        let skeleton = Array("etc/skel".utf8)
        for (path, entry) in tree.below(skeleton) {
            let target = Array(home.utf8) + path.dropFirst(skeleton.count)
            if let copied = LayerEntry(entry, at: target, owner: owner) { entries.append(copied) }
        }
        return entries
    }
}

extension LayerEntry {
    /// An entry of the base image with another path and owner. If `nil`, its bytes are not known.
    init?(_ entry: BaseEntry, at path: [UInt8], owner: FileOwner) {
        switch entry.kind {
        case .folder: self.init(path, .folder, mode: entry.mode, owner: owner)
        case .link(let target): self.init(path, .link(target: target), mode: 0o777, owner: owner)
        case .file(let bytes?): self.init(path, .bytes(bytes), mode: entry.mode, owner: owner)
        case .file(nil), .other: return nil
        }
    }
}
