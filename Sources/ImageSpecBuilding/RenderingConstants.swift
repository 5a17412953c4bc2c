// SPDX-License-Identifier: Apache-2.0

internal import ImageSpec

/// The defaults of rendering.
///
/// These values are part of identity version 1 (section 9 of its definition): they are in no id and no tag, so a change to
/// one of them, or to the effect of the rendered instructions, changes the image of a name. After a release, it requires a
/// new version of the format (`imagespec.tag.v2`). A test compares rendered files.
package enum RenderingConstants {
    /// The base image of a spec without a base image that needs no Python.
    static let defaultBase = "debian:bookworm-slim"
    /// The Python of a spec with packages, but without a base image and a version.
    package static let defaultPython = "3.12"
    /// Contains the static binary `/uv`. `uv_image` in `builder_config` overrides it.
    package static let uvImage = "ghcr.io/astral-sh/uv:0.13.9"
    /// Contains `/usr/bin/micromamba` and CA certificates. `micromamba_image` in `builder_config` overrides it.
    static let micromambaImage = "mambaorg/micromamba:2.6.1-debian12-slim"
    /// The poetry that installs a `poetry.lock`. `poetry` in `builder_config` overrides the version.
    static let poetry = "poetry==2.5.1"
    /// The first minor version of Python 3 that poetry supports.
    static let firstPythonOfPoetry = 10

    /// The index that pip uses if a spec has only extra indexes.
    static let packageIndex = "https://pypi.org/simple"
    /// The system in the tag of the NVIDIA image that envd uses for cuda, as in flytekit.
    static let cudaSystem = "ubuntu20.04"

    /// The official Python image of a version: the default base with that Python on it.
    static func pythonImage(_ version: String) -> String { "python:\(version)-slim-bookworm" }

    /// The directory of its standard library.
    static func standardLibrary(ofOfficial version: String) -> String {
        let numbers = version.utf8.split(separator: UInt8(ascii: ".")).prefix(2)
        return "/usr/local/lib/python"
            + numbers.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ".")
    }

    // Paths in the image.

    /// The environment of packages, unless conda creates it.
    package static let virtualEnvironment = "/opt/venv"
    /// The directory of Pythons that uv downloads. Every user can read it, unlike `/root` in some images.
    package static let managedPythons = "/opt/python"
    static let condaRoot = "/opt/micromamba"
    static let condaEnvironment = "/opt/micromamba/envs/runtime"
    package static let workingDirectory = "/root"
    package static let user = "flytekit"
    /// The directories in which clusters with GPUs, such as GKE, mount programs and libraries of the driver.
    package static let driverPrograms = "/usr/local/nvidia/bin:/usr/local/cuda/bin"
    package static let driverLibraries = "/usr/local/nvidia/lib64"
    /// The PATH of an image whose base image sets none.
    ///
    /// Source: BuildKit, `util/system`, `DefaultPathEnvUnix`.
    package static let systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// The profile that login shells read last.
    package static let loginProfile = "/etc/profile.d/zz-imagespec.sh"
    /// The label with the id, which can be read from a registry.
    package static let idLabel = "imagespec.id"
    /// The variable with the id, by which code determines its image.
    package static let idVariable = "_F_IMG_ID"

    // Paths that exist only during the build.

    static let uv = "/tmp/uv"
    static let micromamba = "/tmp/micromamba"
    static let certificates = "/tmp/ca-certificates.crt"
    static let cache = "/var/cache/imagespec"

    /// The time of every file, directory and link of a build context, in seconds: 1980-01-01, the first that every
    /// archive format can write. Copied files keep it.
    package static let timeStamp = 315_532_800
}
