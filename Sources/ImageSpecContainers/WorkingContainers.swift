// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec

/// The working containers of a terminated podman build, which podman does not remove.
struct WorkingContainers: Sendable {
    var engine: DetectedEngine
    var finder: EngineFinder
    /// The temporary directory of the build, whose path is in the containers' secrets.
    var scratch: String

    /// The secret of builds without secrets.
    static let markFile = "imagespec"

    /// Removes the containers of this build; those of other builds stay. Does nothing if they cannot be found.
    func remove() async {
        let storage = command(
            "info", "--format", "{{.Store.GraphRoot}}/{{.Store.GraphDriverName}}-containers")
        guard let outcome = try? await finder.runner.answer(storage), outcome.isSuccess,
            let directory = outcome.output.first
        else { return }
        let names = FileSystem.listing(ofFolder: directory)?.entries.map(\.name) ?? []
        let ids = names.filter { id in
            let state = try? FileSystem.contents(directory + "/" + id + "/userdata/buildah.json")
            return state.map { String(decoding: $0, as: UTF8.self).contains(scratch + "/") } ?? false
        }
        if ids.isEmpty { return }
        _ = try? await finder.runner.answer(command(["rm", "--force"] + ids), within: .seconds(60))
    }

    private func command(_ arguments: String...) -> Command { command(arguments) }

    private func command(_ arguments: [String]) -> Command {
        Command(executable: engine.path, arguments: arguments, environment: finder.environment)
    }
}
