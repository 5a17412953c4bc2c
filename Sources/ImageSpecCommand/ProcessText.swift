// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Arguments and environment variables, which may be any bytes. Swift would replace those that are not UTF-8, and the tool would
/// use another file than the one that was named.
enum ProcessText {
    /// The variables that the tool reads, except those that only locate the cache: without them, there is none. Of `PATH`,
    /// the directories that are UTF-8 are used.
    static let variables = [
        "ALL_PROXY", "BUILDX_BUILDER", "DOCKER_AUTH_CONFIG", "DOCKER_CONFIG",
        "FLYTE_ENVD_CONTEXT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REGISTRY_AUTH_FILE", "SSL_CERT_DIR",
        "SSL_CERT_FILE", "TMPDIR", "VIRTUAL_ENV", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "all_proxy",
        "http_proxy",
        "https_proxy", "no_proxy",
    ]

    /// - Throws: ``InvalidText`` for the first argument or variable that is not UTF-8.
    static func check() throws(InvalidText) {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            if let argument = CommandLine.unsafeArgv[index], !isValid(argument) {
                let bytes = UnsafeRawBufferPointer(start: argument, count: strlen(argument))
                throw InvalidText(
                    message:
                        "argument \(index) is not valid UTF-8: \(DisplayText.path(Array(bytes))); rename the file, or "
                        + "change to its directory and use a relative path")
            }
        }
        for name in variables {
            // The value may be a password.
            if let value = getenv(name), !isValid(value) {
                throw InvalidText(
                    message: "the environment variable \(name) is not valid UTF-8; change it, or unset it")
            }
        }
    }

    private static func isValid(_ text: UnsafePointer<CChar>) -> Bool {
        String(validatingCString: text) != nil
    }
}

/// An argument or environment variable is not UTF-8.
struct InvalidText: Error {
    let message: String
}
