// SPDX-License-Identifier: Apache-2.0

/// What rendering fills in where a spec is silent.
///
/// These values are part of identity version 1 (section 9 of its definition): they are in no id and no tag, so a
/// change to one of them, or to what the rendered instructions do, changes what a name stands for. It needs a new
/// version of the format (`imagespec.tag.v2`), never an edit here. A test on rendered files guards them.
package enum RenderingConstants {
    /// The base image of a spec that names none and needs no Python.
    static let defaultBase = "debian:bookworm-slim"
    /// The Python of a spec that has packages, but names neither a base image nor a version.
    package static let defaultPython = "3.12"
    /// Has the static binary `/uv`. `builder_config` overrides it with `uv_image`.
    static let uvImage = "ghcr.io/astral-sh/uv:0.13.9"
    /// Has `/usr/bin/micromamba` and a bundle of certificates. `builder_config` overrides it with `micromamba_image`.
    static let micromambaImage = "mambaorg/micromamba:2.6.1-debian12-slim"
    /// The poetry that installs what a `poetry.lock` says. `builder_config` overrides its version with `poetry`.
    static let poetry = "poetry==2.5.1"
    /// The first minor version of Python 3 that it runs on.
    static let firstPythonOfPoetry = 10

    /// The index that pip uses where a spec names further ones alone.
    static let packageIndex = "https://pypi.org/simple"
    /// The system in the tag of the NVIDIA image that envd takes for cuda, as flytekit has it.
    static let cudaSystem = "ubuntu20.04"

    /// The official Python image of a version: the default base with that Python on it.
    static func pythonImage(_ version: String) -> String { "python:\(version)-slim-bookworm" }

    /// Where that image has its standard library.
    static func standardLibrary(ofOfficial version: String) -> String {
        let numbers = version.utf8.split(separator: UInt8(ascii: ".")).prefix(2)
        return "/usr/local/lib/python"
            + numbers.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }

    // Places in the image.

    /// The environment that packages go to, where conda does not make one.
    static let virtualEnvironment = "/opt/venv"
    /// Where uv keeps Pythons that it downloads: readable by every user, which `/root` need not be.
    static let managedPythons = "/opt/python"
    static let condaRoot = "/opt/micromamba"
    static let condaEnvironment = "/opt/micromamba/envs/runtime"
    static let workingDirectory = "/root"
    static let user = "flytekit"
    /// Where clusters with GPUs, such as those of GKE, mount programs and libraries of the driver.
    static let driverPrograms = "/usr/local/nvidia/bin:/usr/local/cuda/bin"
    static let driverLibraries = "/usr/local/nvidia/lib64"
    /// What login shells read last.
    static let loginProfile = "/etc/profile.d/zz-imagespec.sh"
    /// The label that carries the id, so that a registry can be asked for it.
    static let idLabel = "imagespec.id"
    /// The variable that carries the id, so that code can ask in which image it runs.
    static let idVariable = "_F_IMG_ID"

    // Places that exist while the image is made.

    static let uv = "/tmp/uv"
    static let micromamba = "/tmp/micromamba"
    static let certificates = "/tmp/ca-certificates.crt"
    static let cache = "/var/cache/imagespec"

    /// The time of every file, directory and link of a build context, in seconds: 1980-01-01, the first that every
    /// archive format can write. Copied files keep it.
    static let timeStamp = 315_532_800
}
