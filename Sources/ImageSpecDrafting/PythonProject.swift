// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
import ImageSpec
import ImageSpecBuilding

/// What a `pyproject.toml` says about the project.
///
/// Source: the specification of pyproject.toml of the Python Packaging Authority; poetry's documentation.
struct PythonProject {
    var name: String?
    /// `requires-python`, or the `python` of poetry's dependencies.
    var requiresPython: String?
    /// The dependencies in pip's notation; `nil` if the file does not list them.
    var dependencies: [String]?
    /// The names of the optional dependencies.
    var extras: [String] = []
    /// Whether the dependencies are in poetry's notation, which pip cannot read.
    var isPoetry = false
    /// What was not understood.
    var remarks: [String] = []

    init(_ text: String) throws(TOMLProblem) {
        let document = try TOMLReader.read(text)
        let project = document["project"]
        let poetry = document["tool", "poetry"]
        let poetryDependencies = poetry?["dependencies"]?.table
        name = project?["name"]?.string ?? poetry?["name"]?.string
        requiresPython = project?["requires-python"]?.string ?? poetryDependencies?["python"]?.string
        if let list = project?["dependencies"] {
            dependencies = list.strings
            if dependencies == nil { remarks.append("dependencies of [project] is not a list of strings") }
        } else if project?["dynamic"]?.strings?.contains("dependencies") == true {
            remarks.append("the dependencies are dynamic: the build backend computes them")
        } else if poetryDependencies?.keys.contains(where: { $0 != "python" }) == true {
            isPoetry = true
        }
        extras = (project?["optional-dependencies"]?.table?.keys.sorted() ?? [])
    }
}
