// SPDX-License-Identifier: Apache-2.0

import Foundation
import ImageSpec

@testable import ContentTree
@testable import ImageSpecFlytekit

extension ErrorArea {
    /// Where flytekit itself raises an exception, its text stands in the message.
    static let flytekit = ErrorArea(
        name: "flytekit",
        cases: [
            .flytekit("flytekit", "registry: https://ghcr.io"),
            .flytekit("flytekit", "source_copy_mode: all"),
            .flytekit("flytekitCannotRead", "source_root: src\nsource_copy_mode: all"),
            .flytekit("flytekitCannotRead", "requirements: r.txt"),
            .flytekit("gitListingRequired", "source_root: src\nsource_copy_mode: all", files: ["src/a": ""]),
            .flytekit("loadedModulesRequired", "source_root: $FOLDER/src", files: ["src/a": ""]),
            .flytekit("unsupportedFlytekitTagFormat", "tag_format: '{'"),
            .flytekit("unsupportedFlytekitTagFormat", "tag_format: 'v1-{spec_hash!r}'"),
            ErrorCase("endlessFile", "copy: [a], which is a pipe") { scene in
                guard mkfifo(scene.path("a"), 0o644) == 0 else { return }
                _ = try ImageSpec(copy: ["a"]).tag(scheme: .flytekit, in: scene.context)
            },
        ])
}
