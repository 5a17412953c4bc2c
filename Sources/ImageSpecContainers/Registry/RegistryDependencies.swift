// SPDX-License-Identifier: Apache-2.0

import ImageSpec

extension RegistrySession.Dependencies {
    /// Creates the dependencies of this process.
    init(_ options: ImageSpec.RegistryClient.Options) {
        self.init(
            credentials: Self.credentials(options),
            proxies: ProxySettings(environment: ImageSpec.processEnvironment),
            trust: TrustStore(environment: ImageSpec.processEnvironment))
    }

    /// Returns a closure that finds credentials.
    private static func credentials(
        _ options: ImageSpec.RegistryClient.Options
    ) -> @Sendable (ImageSpec.ImageReference) async -> CredentialLookup {
        let credentials = Keychain(configurationFile: options.credentialsFile, helpers: .system)
        return { await credentials.credential(for: $0.registry.description, repository: $0.repository) }
    }
}
