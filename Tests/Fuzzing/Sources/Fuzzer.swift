// SPDX-License-Identifier: Apache-2.0

/// One reader of untrusted input.
///
/// A fuzzer must end without a crash for any input. What it also promises is checked with `require`.
struct Fuzzer: Sendable {
    let name: String
    let run: @Sendable (_ input: [UInt8]) -> Void

    static let all = readers + [cache, identity]
}

/// Ends the process if a law does not hold: libFuzzer reports the input of a process that ends with a signal.
func require(_ condition: Bool, _ law: @autoclosure () -> String) {
    if !condition { fatalError("not so: " + law()) }
}

/// The text of an input. If `nil`, it is not UTF-8.
func text(_ input: some Sequence<UInt8>) -> String? { String(validating: input, as: UTF8.self) }
