// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The trusted certificates, and the client certificate to present.
struct TrustSettings: Hashable, Sendable {
    /// A file of certificates that replaces the system's. If `nil`, the system's.
    var file: String?
    /// Directories of certificates that replace the system's, separated by colons. If `nil`, the system's.
    var folders: String?
    /// All trusted certificates (PEM): those of ``file`` and others. If `nil`, only those of ``file``.
    var certificates: [UInt8]?
    /// A client certificate and its key.
    var clientCertificate: String?
    var clientKey: String?
    /// Whether only ``folders`` and ``certificates`` are trusted, and not the system's file in place of a ``file``.
    var isQuick = false
}

/// Finds the certificates for a host: those of the system or of `SSL_CERT_FILE` and `SSL_CERT_DIR`, and those in docker's
/// and podman's directories for the host.
///
/// Source: docker, "Verify repository client with certificates"; containers-certs.d(5).
struct TrustStore: Sendable {
    /// Directories with a subdirectory for each host. All their CA certificates are trusted; the first client certificate
    /// is used.
    var hostFolders: [String]
    var file: String?
    var folders: String?
    /// The system's directory of certificates that have the hashes of their subjects as names. Read only for TLS.
    private let systemFolder: @Sendable () -> String?

    init(
        hostFolders: [String], file: String? = nil, folders: String? = nil,
        systemFolder: @autoclosure @escaping @Sendable () -> String? = Self.hashedFolder
    ) {
        self.hostFolders = hostFolders
        self.file = file
        self.folders = folders
        self.systemFolder = systemFolder
    }

    private static let hashedFolder = ["/etc/ssl/certs"].first { folder in
        LocalFile.names(in: folder).contains { name in
            name.utf8.count == 10 && name.hasSuffix(".0") && name.dropLast(2).allSatisfy(\.isHexDigit)
        }
    }

    init(environment: (String) -> String?) {
        func value(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let own =
            value("HOME").map { [$0 + "/.config/containers/certs.d", $0 + "/.config/docker/certs.d"] } ?? []
        self.init(
            hostFolders: own + ["/etc/containers/certs.d", "/etc/docker/certs.d"],
            file: value("SSL_CERT_FILE"), folders: value("SSL_CERT_DIR"))
    }

    /// The default locations of the system's CA bundle.
    private static let systemFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
    ]
    private static let sizeLimit = 16 << 20

    /// Settings that trust a part of what ``settings(for:)`` trusts, and take less time: of a directory, OpenSSL reads only the
    /// certificates that it needs, and of a file all, which takes longer than a handshake. If the server's certificate is not
    /// accepted, the other settings decide.
    ///
    /// On this machine, a server may turn out not to support TLS, so that nothing has to be trusted.
    /// - Returns: nil if there is no such directory.
    func quickSettings(for url: HTTPURL) throws(ImageSpecError) -> TrustSettings? {
        var settings = TrustSettings(folders: folders ?? (file == nil ? systemFolder() : nil), isQuick: true)
        guard settings.folders != nil || url.isOnLoopback else { return nil }
        let own = try addFiles(of: url, to: &settings)
        if !own.isEmpty { settings.certificates = own }
        return settings
    }

    /// Adds the client certificate for a server, and returns the authorities for it.
    private func addFiles(
        of url: HTTPURL, to settings: inout TrustSettings
    ) throws(ImageSpecError) -> [UInt8] {
        var own: [UInt8] = []
        for folder in folders(of: url) { try add(folder, to: &settings, &own) }
        return own
    }

    /// The folders that may have certificates for a server.
    private func folders(of url: HTTPURL) -> [String] {
        hostFolders.flatMap { folder in
            [url.authority, "\(url.host):\(url.port ?? url.scheme.defaultPort)"].uniqued.map {
                folder + "/" + $0
            }
        }
    }

    /// Whether there is a folder with certificates for a server, which then has TLS.
    func hasFolder(of url: HTTPURL) -> Bool {
        folders(of: url).contains { (try? FileSystem.kind($0)) == .folder }
    }

    /// Returns the settings for the server of a URL. Reads files.
    func settings(for url: HTTPURL) throws(ImageSpecError) -> TrustSettings {
        var settings = TrustSettings(file: file, folders: folders)
        let own = try addFiles(of: url, to: &settings)
        guard !own.isEmpty else { return settings }
        let base = [file].compactMap { $0 } + (file == nil ? Self.systemFiles : [])
        let common = base.lazy.compactMap { LocalFile.bytes(of: $0, limit: Self.sizeLimit) }.first ?? []
        settings.certificates = common + [UInt8(ascii: "\n")] + own
        return settings
    }

    private func add(
        _ folder: String, to settings: inout TrustSettings, _ own: inout [UInt8]
    ) throws(ImageSpecError) {
        for name in LocalFile.names(in: folder).sorted() {
            let path = folder + "/" + name
            if name.hasSuffix(".crt") {
                guard let bytes = LocalFile.bytes(of: path, limit: Self.sizeLimit),
                    bytes.firstRange(of: Array("-----BEGIN ".utf8)) != nil
                else { throw .invalidCertificateFile(path, "is not a valid PEM certificate") }
                own += bytes + [UInt8(ascii: "\n")]
            } else if name.hasSuffix(".cert"), settings.clientCertificate == nil {
                let key = String(path.dropLast(".cert".count)) + ".key"
                guard LocalFile.isReadable(key) else {
                    throw .invalidCertificateFile(
                        path, "is a client certificate without a readable .key file")
                }
                settings.clientCertificate = path
                settings.clientKey = key
            }
        }
    }
}

extension Array where Element: Hashable {
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

extension LocalFile {
    /// Returns the contents of a file, or `nil` if it cannot be read or exceeds the limit.
    static func bytes(of path: String, limit: Int) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return ferror(file) == 0 ? bytes : nil }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { return nil }
        }
    }

    /// Returns the names in a directory; empty if it does not exist.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }
}
