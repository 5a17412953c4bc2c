// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The tool with many processors and few open files.
@Suite struct OpenFilesTests {
    /// A process that loads this has as many processors as FAKE_CPUS says.
    private static let fakeProcessors = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdarg.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        static long direct(long n, long a, long b, long c, long d, long e, long f) {
        #if defined(__x86_64__)
            long r; register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
            __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
        #elif defined(__aarch64__)
            register long x8 __asm__("x8") = n, r __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
            register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
            __asm__ volatile("svc 0" : "+r"(r) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
        #endif
            if (r < 0 && r > -4096) { errno = -r; return -1; }
            return r;
        }
        long syscall(long n, ...) {
            va_list v; va_start(v, n);
            long a = va_arg(v, long), b = va_arg(v, long), c = va_arg(v, long), d = va_arg(v, long), e = va_arg(v, long), f = va_arg(v, long);
            va_end(v);
            if (n != SYS_sched_getaffinity || !getenv("FAKE_CPUS")) return direct(n, a, b, c, d, e, f);
            memset((void *)c, 0, 128);
            for (int i = 0, k = atoi(getenv("FAKE_CPUS")); i < k; i++) ((unsigned char *)c)[i / 8] |= 1 << (i % 8);
            return 128;
        }
        """

    private static let hasCompiler = (try? Tool.shell("clang --version", in: "/"))?.status == 0

    /// 45 files of 4 MiB, each of which is offered to all threads, between small ones.
    private static func makeFiles(_ folder: String) throws {
        let script = """
            mkdir src; printf '{"source_root":"src","source_copy_mode":"all"}' >a.json
            for d in 1 2 3; do
                mkdir src/$d
                for i in $(seq 15); do truncate -s 4M src/$d/large$i; echo $i >src/$d/small$i; done
            done
            """
        #expect(try Tool.shell(script, in: folder).status == 0)
    }

    @Test(.enabled(if: hasCompiler, "needs clang"), arguments: [64])
    func manyThreadsWithFewOpenFilesFindTheSameTag(limit: Int) throws {
        try withTemporaryFolder { folder in
            try Self.makeFiles(folder)
            try Data(Self.fakeProcessors.utf8).write(to: URL(fileURLWithPath: folder + "/fake.c"))
            let script = """
                set -e
                clang -shared -fPIC -O1 -o fake.so fake.c
                export IMAGESPEC_CACHE=off
                taskset -c 0 "$0" tag a.json
                ulimit -n \(limit)
                FAKE_CPUS=16 LD_PRELOAD="$PWD/fake.so" "$0" tag a.json
                export IMAGESPEC_CACHE="$PWD/cache"
                for i in 1 2; do FAKE_CPUS=16 LD_PRELOAD="$PWD/fake.so" "$0" tag a.json; done
                """
            let outcome = try Tool.shell(script, in: folder)
            #expect(outcome.status == 0 && outcome.messages == "", "\(outcome.messages)")
            let tags = outcome.lines.filter { !$0.isEmpty }
            #expect(tags.count == 4 && Set(tags).count == 1, "\(tags)")
        }
    }

    // One thread reads one file at a time.
    @Test func oneThreadNeedsFewOpenFiles() throws {
        try withTemporaryFolder { folder in
            try Self.makeFiles(folder)
            let outcome = try Tool.shell(
                "ulimit -n 16; IMAGESPEC_CACHE=off exec taskset -c 0 \"$0\" tag a.json", in: folder)
            #expect(outcome.status == 0, "\(outcome.messages)")
        }
    }
}
