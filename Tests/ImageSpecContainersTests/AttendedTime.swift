// SPDX-License-Identifier: Apache-2.0

/// What work gives, and the time that it takes where it has its turn whenever it wants one.
///
/// Beside it, on the same threads, runs a clock of short sleeps. Each counts as long as it was meant to be, however late it
/// is woken: while other tests have the threads, neither the work nor its clock goes on. Work that truly waits, while its
/// clock ticks, is charged for all of it.
func attendedTime<Result: Sendable>(
    of work: @Sendable () async throws -> Result
) async rethrows -> (result: Result, time: Duration) {
    let tick = Duration.milliseconds(100)
    let clock = Task {
        var time = Duration.zero
        while !Task.isCancelled {
            try? await Task.sleep(for: tick)
            time += tick
        }
        return time
    }
    defer { clock.cancel() }
    let result = try await work()
    clock.cancel()
    return (result, await clock.value)
}
