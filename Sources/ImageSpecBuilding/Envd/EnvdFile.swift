// SPDX-License-Identifier: Apache-2.0

internal import ContentTree
public import ImageSpec

extension ImageSpec {
    /// The `build.envd` of a spec, from which envd builds an image.
    ///
    /// Equivalent to the ``Dockerfile`` of the spec as far as envd allows, and deterministic: specs with equal `id`, `tag` and
    /// base image name have the same text on every host. All values are escaped literals. Packages and commands, which envd
    /// passes to a shell, are quoted for the shell as well.
    ///
    /// Features that envd does not support are rejected: `python_exec`, `pip_secret_mounts`, `pip_extra_args`, lock files,
    /// `builder_config`, several platforms, an empty `entrypoint`. `cuda` and `cudnn`, which Dockerfiles of this package do not
    /// support, select the NVIDIA image that envd uses.
    ///
    /// Images built by envd differ from those of the builder `default`: they end as `root`, start in `/` with
    /// `PYTHONPATH=/root`, keep pip's index in `/etc/pip.conf`, carry no label with the id, have the paths for
    /// programs that envd sets and those of GPU drivers, no profile for login shells, and no byte code. pip also reads its
    /// variables (`PIP_…`) from `env` and the base image. Their base needs `bash`, and with packages `python` and pip; `python_version` with a base
    /// image, `cuda` and conda need Debian's `update-alternatives` in it.
    ///
    /// Source: envd 1.3, build.envd in syntax v1; flytekit's plugin flytekitplugins-envd.
    public struct EnvdFile: Hashable, Sendable, CustomStringConvertible {
        /// The text. Ends in a line feed.
        public let text: String

        /// The text.
        public var description: String { text }

        /// Renders a spec, whatever its builder.
        ///
        /// Reads what ``Dockerfile/init(_:in:)`` reads.
        /// - Throws: ``ImageSpecError/Code/unsupportedField`` for fields that envd does not support; otherwise the errors of
        ///   ``Dockerfile/init(_:in:)``.
        public init(_ spec: ImageSpec, in context: Context = .current) throws(ImageSpecError) {
            try spec.validate(as: .envd, in: context)
            self.init(spec, try RenderingInputs(of: spec, in: context))
        }

        /// Renders a valid spec.
        init(_ spec: ImageSpec, _ inputs: RenderingInputs) {
            let calls = EnvdCalls(spec: spec, inputs: inputs).calls
            text = "# syntax=v1\n\ndef build():\n" + calls.map { "    \($0.text)\n" }.joined()
        }
    }
}
