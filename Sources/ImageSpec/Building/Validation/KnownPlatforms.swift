// SPDX-License-Identifier: Apache-2.0

/// The systems and architectures that images are made for.
///
/// Others are allowed: a registry takes any. What differs from a known one by a slip of the pen is refused.
///
/// Source: OCI image specification 1.1, "Image Index", which has the values of Go's GOOS and GOARCH; and containerd's other
/// names for architectures.
enum KnownPlatforms {
    private static let systems = [
        "linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "illumos",
        "aix",
        "android", "ios", "plan9", "wasi", "wasip1",
    ]
    private static let architectures = [
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "mips64",
        "mipsle", "mips",
        "ppc64", "ppc", "riscv", "s390", "sparc64", "sparc", "wasm", "wasm32", "armbe", "arm64be",
        // What containerd takes for one of them.
        "x86_64", "x86-64", "aarch64", "i386", "armhf", "armel",
    ]

    /// A name that is nearly a known one.
    static let spelling = TextRule { text in
        for platform in text.split(separator: ",") {
            let parts = platform.split(separator: "/").map(String.init)
            for (part, (kind, known)) in zip(
                parts, [("operating system", systems), ("architecture", architectures)])
            {
                guard !known.contains(part), part.utf8.count > 2,
                    let nearest = Suggestion.nearest(to: part, among: known)
                else { continue }
                return TextRule.Problem(
                    reason: "contains the unknown \(kind) \"\(part.shortened)\"",
                    fix: "did you mean \"\(nearest)\"?")
            }
        }
        return nil
    }
}
