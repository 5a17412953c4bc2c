// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
internal import ImageSpec

/// A table while its document is read, with TOML's rules on what may be added to it.
///
/// The functions throw what is wrong, without its line.
final class TOMLTable {
    /// How a table was created, which decides what may be added to it later.
    enum Origin {
        /// As the parent of another table in a header.
        case implicit
        case header
        case dottedKey
    }

    private enum Node {
        case value(TOMLValue)
        case table(TOMLTable)
        case tables(Elements)
    }

    /// The elements of an array of tables. A class, so that adding one does not copy the others.
    private final class Elements {
        var tables: [TOMLTable]

        init(_ tables: [TOMLTable]) { self.tables = tables }
    }

    struct Conflict: Error {
        var what: String
    }

    private var origin: Origin
    private var nodes: [String: Node] = [:]

    init(_ origin: Origin) { self.origin = origin }

    var value: TOMLValue {
        .table(
            nodes.mapValues { node in
                switch node {
                case .value(let value): value
                case .table(let table): table.value
                case .tables(let elements): .array(elements.tables.map(\.value))
                }
            })
    }

    /// Adds the table of a header, `[a.b]`.
    func addTable(_ keys: [String]) throws(Conflict) -> TOMLTable {
        let (parent, key) = try parent(of: keys)
        switch parent.nodes[key] {
        case nil:
            let table = TOMLTable(.header)
            parent.nodes[key] = .table(table)
            return table
        case .table(let table) where table.origin == .implicit:
            table.origin = .header
            return table
        default: throw Conflict(what: "duplicate table [\(keys.joined(separator: "."))]")
        }
    }

    /// Adds an element to an array of tables, `[[a.b]]`.
    func addElement(_ keys: [String]) throws(Conflict) -> TOMLTable {
        let (parent, key) = try parent(of: keys)
        let table = TOMLTable(.header)
        switch parent.nodes[key] {
        case nil: parent.nodes[key] = .tables(Elements([table]))
        case .tables(let elements): elements.tables.append(table)
        default: throw Conflict(what: "\(keys.joined(separator: ".")) is not an array of tables")
        }
        return table
    }

    /// The table that contains the last key of a header.
    private func parent(of keys: [String]) throws(Conflict) -> (TOMLTable, String) {
        var table = self
        for key in keys.dropLast() {
            switch table.nodes[key] {
            case nil:
                let next = TOMLTable(.implicit)
                table.nodes[key] = .table(next)
                table = next
            case .table(let next): table = next
            case .tables(let elements): table = elements.tables.last ?? table
            case .value: throw Conflict(what: "\(key) is not a table")
            }
        }
        return (table, keys.last ?? "")
    }

    /// Adds a pair, `a.b = 1`.
    func add(_ value: TOMLValue, at keys: [String]) throws(Conflict) {
        var table = self
        for key in keys.dropLast() {
            switch table.nodes[key] {
            case nil:
                let next = TOMLTable(.dottedKey)
                table.nodes[key] = .table(next)
                table = next
            case .table(let next) where next.origin == .dottedKey: table = next
            default: throw Conflict(what: "\(key) is already defined")
            }
        }
        let key = keys.last ?? ""
        guard table.nodes.updateValue(.value(value), forKey: key) == nil else {
            throw Conflict(what: "duplicate key \(key)")
        }
    }
}
