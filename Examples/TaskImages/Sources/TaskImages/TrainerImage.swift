// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// The images of the training task: the image of `Examples/trainer/image.yaml`, defined in code.
public enum TrainerImage {
    /// The image that the task runs in.
    public static let spec = ImageSpec(
        name: "trainer",
        pythonVersion: "3.12",
        sourceRoot: "src",
        env: [
            "TRAINER_MODE": "fast",
            "TRAINER_GREETING": #"it's "only" $5, or ${LESS}"#,
            "TRAINER_SEPARATOR": #" \t | \ "#,
            "TRAINER_CITY": "Zürich, 東京",
        ],
        registry: "ghcr.io/acme",
        requirements: "requirements.txt",
        aptPackages: ["git", "libgomp1"],
        entrypoint: ["python", "-m", "trainer"],
        commands: ["python -m trainer --check"],
        tagFormat: "{spec_hash:.16}",
        sourceCopyMode: .all,
        copy: ["conf/train.toml"]
    )

    /// The directory whose files are in the image, on the machine on which this is compiled. For tests and deployment programs;
    /// code that runs in the image needs no files.
    public static let context = ImageSpec.Context(besideFile: #filePath, directory: "../../../trainer")

    /// The same image with a debugger. This is a copy: the original spec and its name do not change.
    public static let debugging = spec.withPackages("debugpy==1.8.9").withName("trainer-debug")
}
