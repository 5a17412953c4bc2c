// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ImageSpec

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that a spec can be named and rendered, and report all that is wrong with it.",
        discussion: """
            Prints nothing where all is well. Each problem is a line on standard error, and the exit status is that of the \
            first one: 65 for the spec, 66 for its files. Reads every file that the spec names.

              imagespec check trainer.yaml && echo fine
              imagespec check --json trainer.yaml
              {"problems":[{"code":"invalidField","message":"trainer.yaml: packages: …"}],"valid":false}
            """)

    @OptionGroup var input: SpecInput

    func run() throws {
        let problems = self.problems()
        if input.json {
            let list = problems.map { problem -> ImageSpec.JSONValue in
                ["code": .string(problem.code.description), "message": .string(problem.message)]
            }
            let object: ImageSpec.JSONValue = ["problems": .array(list), "valid": .bool(problems.isEmpty)]
            try StandardOutput.write(object.canonicalForm + [UInt8(ascii: "\n")])
        }
        if !problems.isEmpty { throw SpecProblems(problems: problems) }
    }

    private func problems() -> [ImageSpecError] {
        do throws(ImageSpecError) {
            let spec = try input.load()
            let problems = spec.problems(in: input.context)
            if !problems.isEmpty { return problems.map(input.located) }
            do throws(ImageSpecError) {
                // What only shows when every file is read.
                let identity =
                    try spec.isForEnvd
                    ? ImageSpec.EnvdContext(spec, in: input.context).identity
                    : ImageSpec.BuildContext(spec, in: input.context).identity
                _ = try identity.imageName()
                return []
            } catch {
                return [input.located(error)]
            }
        } catch {
            return [error]
        }
    }
}

/// All that is wrong with a spec; at least one problem.
struct SpecProblems: Error {
    var problems: [ImageSpecError]
}
