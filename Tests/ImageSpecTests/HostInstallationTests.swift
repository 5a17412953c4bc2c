// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ImageSpec
@testable import ImageSpecBuilding

/// What must not happen on the machine that makes an image without a container.
@Suite struct HostInstallationTests {
    static let arguments: [(text: String, requirements: String?, found: [String])] = [
        ("--pre --index-strategy unsafe-best-match --extra-index-url https://a/simple", nil, []),
        ("--index torch=https://a/simple -U --only-binary numpy six", nil, []),
        ("--extra gpu --no-group docs", "uv.lock", []),
        ("--no-binary numpy", nil, ["has --no-binary"]), ("--no-binary=:all:", nil, ["has --no-binary"]),
        ("--only-binary :none:", nil, ["has --only-binary :none:"]),
        ("-e ./project", nil, ["has --editable"]), ("--editable=.", nil, ["has --editable"]),
        ("--no-build-isolation", nil, ["has --no-build-isolation"]),
        ("--python /tmp/python", nil, ["has --python"]), ("-p /tmp/python", nil, ["has --python"]),
        ("--config-file a.toml --target /", nil, ["has --config-file", "has --target"]),
        ("-r /etc/passwd", nil, ["has --requirements"]), ("--find-links /wheels", nil, ["has --find-links"]),
        ("--keyring-provider subprocess", nil, ["has --keyring-provider"]),
        ("--index-url 'https://a/${TOKEN}'", nil, ["has a variable"]),
        ("--no-binary", "uv.lock", ["has --no-binary"]), ("--unheard-of", nil, ["has --unheard-of"]),
        ("git+https://a/b.git", nil, ["has a package that is installed from a git repository"]),
    ]

    @Test(arguments: arguments) func optionsThatRunOrReadSomethingElseNeedAContainer(
        _ text: String, _ requirements: String?, _ found: [String]
    ) {
        var spec = ImageSpec(name: "a", pipExtraArgs: text)
        spec = requirements.map { spec.withRequirements($0) } ?? spec
        let problems = HostInstallation(of: spec).problems
        #expect(problems.map(\.reason) == found)
        #expect(problems.allSatisfy { $0.field == "pip_extra_args" })
    }

    @Test func packagesOfRepositoriesAndWithVariablesNeedAContainer() {
        let spec = ImageSpec(
            name: "a",
            packages: ["six==1.16.0", "a @ https://h/${TOKEN}/a.whl", "b @ git+https://h/b.git", "c[d]>=1"])
        #expect(HostInstallation(of: spec).problems.map(\.field) == ["packages[1]", "packages[2]"])
    }

    static let lines: [(text: String, problem: String?)] = [
        ("six==1.16.0", nil), ("--only-binary numpy", nil),
        ("-e ./project", "installs a project in editable mode"),
        ("--no-binary six", "has --no-binary"), ("--only-binary :none:", "has --only-binary :none:"),
        ("--index-url https://h/${TOKEN}/simple", "uses a variable"),
        ("a @ git+ssh://git@h/a.git", "is installed from a git repository"),
    ]

    @Test(arguments: lines) func aLineOfAFileNeedsAContainer(_ text: String, _ problem: String?) {
        #expect(HostInstallation.problem(ofLine: text) == problem)
    }
}
