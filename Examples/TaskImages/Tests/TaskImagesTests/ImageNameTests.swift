// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecTesting
import TaskImages
import Testing

@Suite struct ImageNameTests {
    @Test func `The images have the recorded names`() throws {
        try ImageSpec.checkNames(
            of: ["trainer": TrainerImage.spec, "debugging": TrainerImage.debugging],
            in: TrainerImage.context)
    }
}
