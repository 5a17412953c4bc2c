// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

extension ImageSpec.JSONValue {
    /// Reads JSON text (RFC 8259, UTF-8).
    ///
    /// Stricter than most readers, so that all readers of a spec agree. Duplicate keys, unpaired surrogates, integers
    /// beyond ±(2^53 − 1), numbers that overflow, and text after the value are errors. The order of keys and integer
    /// spelling are kept.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` with the line and column.
    public init(json text: String) throws(ImageSpecError) {
        try self.init(json: Array(text.utf8))
    }

    /// Reads JSON from UTF-8 bytes; see ``init(json:)-(String)``.
    /// - Throws: ``ImageSpecError/Code/invalidDocument`` with the line and column.
    public init(json bytes: [UInt8]) throws(ImageSpecError) {
        var reader = JSONReader(bytes)
        self = try reader.document()
    }
}
