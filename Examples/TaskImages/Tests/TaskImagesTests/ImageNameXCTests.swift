// SPDX-License-Identifier: Apache-2.0

import ImageSpec
import ImageSpecTesting
import TaskImages
import XCTest

final class ImageNameXCTests: XCTestCase {
    func testImagesHaveTheRecordedNames() throws {
        try ImageSpec.checkNames(
            of: ["trainer": TrainerImage.spec], in: TrainerImage.context, recordedIn: "xctest-names.json")
    }
}
