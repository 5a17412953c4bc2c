// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// The images of the task that trains: the one of `Examples/trainer/image.yaml`, defined in code.
public enum TrainerImage {
    /// The image in which the task runs.
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

    /// The same with a debugger. A copy: the original stays as it is, and so does its name.
    public static let debugging = spec.withPackages("debugpy==1.8.9").withName("trainer-debug")
}
