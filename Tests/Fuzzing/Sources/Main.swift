// SPDX-License-Identifier: Apache-2.0

import Glibc

// The entry points of libFuzzer, which has the main function.

/// The fuzzer that the variable `FUZZER` names. Its value `list` prints the names of all.
private let fuzzer: Fuzzer = {
    let name = getenv("FUZZER").map { String(cString: $0) } ?? ""
    if name == "list" {
        for fuzzer in Fuzzer.all { print(fuzzer.name) }
        exit(0)
    }
    guard let fuzzer = Fuzzer.all.first(where: { $0.name == name }) else {
        let message = "FUZZER names no fuzzer; use list\n"
        _ = write(STDERR_FILENO, message, message.utf8.count)
        exit(64)
    }
    return fuzzer
}()

/// Called once, before all inputs.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: OpaquePointer?, _ arguments: OpaquePointer?) -> CInt {
    _ = fuzzer
    return 0
}

/// Called for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    fuzzer.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
