// SPDX-License-Identifier: Apache-2.0

import ImageSpec

extension [ImageSpec.Warning] {
    /// Writes each as a line to standard error.
    func show(in input: SpecInput) {
        let file = SpecOptions.isStandardInput(input.spec) ? "standard input" : input.spec
        for warning in self { StandardError.write("imagespec: warning: \(file): \(warning)\n") }
    }

    var json: ImageSpec.JSONValue {
        .array(
            map {
                [
                    "field": .string($0.field), "path": .string($0.path), "reason": .string($0.reason),
                ]
            })
    }
}
