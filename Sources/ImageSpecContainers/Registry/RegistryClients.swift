// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import Synchronization

/// The clients of this process, by the files of their credentials. All that is done for a spec shares connections, tokens,
/// and what was learned about its registry.
final class RegistryClients: Sendable {
    static let shared = RegistryClients()

    private let clients = Mutex<[String?: ImageSpec.RegistryClient]>([:])

    subscript(file: String?) -> ImageSpec.RegistryClient {
        clients.withLock { clients in
            if let known = clients[file] { return known }
            let client = ImageSpec.RegistryClient(.init(credentialsFile: file))
            clients[file] = client
            return client
        }
    }
}
