// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// Turns the findings in a directory into fields. If two files disagree, the more specific one is used, and a comment names
/// the other.
struct DraftBuilder {
    let project: ProjectScan
    private(set) var fields: [DraftField] = []

    init(_ project: ProjectScan) {
        self.project = project
        addNames()
        addBase()
        addPython()
        addAptPackages()
        addPythonPackages()
        addFiles()
        addEnvironment()
    }

    mutating func add(
        _ name: String, _ value: DraftField.Value?, because comments: [String], example: String? = nil
    ) {
        fields.append(DraftField(name, value, because: comments, example: example))
    }

    private mutating func addEnvironment() {
        let env = project.dockerfile?.env ?? []
        if env.isEmpty {
            add(
                "env", nil,
                because: [
                    "Environment variables. Do not write secrets here: they are readable in the image."
                ],
                example: "{MODE: fast}")
        } else {
            add("env", .map(env.map { ($0.name, $0.value) }), because: ["ENV in the Dockerfile."])
        }
        add(
            "commands", nil, because: ["Shell commands to run in the image after everything else."],
            example: "[python -c 'import sys']")
        add(
            "entrypoint", nil,
            because: ["The command that a container runs; [] removes that of the base image."],
            example: "[python, -m, app]")
    }
}
