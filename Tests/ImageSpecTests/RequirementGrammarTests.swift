// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ContentTree
@testable import ImageSpec
@testable import ImageSpecBuilding

/// The grammar of PEP 508 and of requirements files. Which texts are in which table was decided by running uv 0.13.9 on each
/// of them.
@Suite struct RequirementGrammarTests {
    static let digest = String(repeating: "0a", count: 32)

    /// Requirements that uv takes, on a command line and in a file.
    static let accepted = [
        "alpha", "alpha ==1.0", "alpha== 1.0", "alpha>=1.0,<2", "alpha>=1.0,", "alpha (>=1.0)",
        "alpha (>=1.0,<2)",
        "alpha===1.0", "alpha==1.*", "alpha~=1.0", "alpha!=1.*", "alpha==1.0+local", "alpha==1.0.post1",
        "alpha==1.0-1",
        "alpha==v1.0", "alpha==1.0.dev", "alpha==1!1.0", "alpha==1.0rc", "alpha==1.0_a.1",
        "alpha==1.0.0.0.0.0",
        "alpha>=1.0;python_version>\"3\"", "alpha (==1.0) ; python_version > \"3\"",
        "alpha >= 1.0, < 2.0 ; python_version > '3'", "a1", "zope.interface", "A_b-c.d>1",
        // Extras.
        "alpha[]", "alpha[ ]", "gamma[fast]", "gamma[fa.st]", "gamma [fast]", "gamma[a, b] >=1",
        // Markers.
        "alpha; python_version in \"3.10 3.11\"", "alpha; python_version not in \"3.10\"",
        "alpha; python_version not  in \"3.10\"", "alpha; extra == \"x\" or python_version > \"3\"",
        "alpha; \"3\" < python_version", "alpha; python_version < python_full_version",
        "alpha; (python_version > \"3\")",
        "alpha; ((python_version > \"3\") or os_name=='nt') and sys_platform!=\"win32\"",
        "alpha; os.name == \"nt\"",
        "alpha; platform.python_implementation == \"CPython\"", "alpha; python_version ~= \"3.8\"",
        "alpha; python_version == \"3.*\"", "alpha; 'linux' in sys_platform", "alpha; \"x\" in extras",
        "alpha==1.0;python_version>'3'and(os_name=='posix')", "alpha;python_version>\"a'b\"",
        "alpha ; \"x\" not in dependency_groups",
        // URLs.
        "alpha @ https://example.com/alpha-1.0-py3-none-any.whl", "alpha@https://example.com/a.tar.gz",
        "alpha @ https://example.com/alpha-1.0-1-py3-none-any.whl; python_version>\"3\"",
        "alpha @ https://example.com/a.zip ;python_version<\"3\"", "https://example.com/a.zip",
        "https://example.com/alpha-1.0-py3-none-any.whl[fast]", "https://example.com/a.zip#egg=alpha",
        "alpha @ https://example.com/a.tar.xz#sha256=" + digest, "alpha@https://example.com/a b.zip",
        "HTTPS://example.com/a.ZIP?x=1",
        "git+https://example.com/x.git", "git+https://example.com/x.git#egg=x",
        "x @ git+https://example.com/x.git@main#subdirectory=a", "git+ssh://git@example.com/x.git",
        "git+http://example.com/x",
        "x[a] @ git+https://example.com/x ; python_version > '3'", "x @ https://example.com/${VERSION}/x",
        "${URL}",
        "x @ ${URL}",
    ]

    @Test(arguments: accepted) func aRequirementIsRead(_ text: String) throws {
        _ = try Requirement(text, for: .uv)
        guard case .requirement = try RequirementLine(text, for: .uv) else {
            Issue.record("not a requirement")
            return
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        /// A word of the problem or of the advice.
        let word: String
        var testDescription: String { text }

        init(_ text: String, _ word: String) {
            self.text = text
            self.word = word
        }
    }

    static let refused = [
        // Names.
        Refused("", "empty"), Refused("my package==1", "after the name"),
        Refused("alpha beta", "after the name"),
        Refused("alpha, beta", "several packages"), Refused("alpha,beta", "several packages"),
        Refused("alpha,>=1", "several packages"), Refused("alpha-", "ends in"), Refused("_alpha", "letter"),
        Refused("äpha", "letter"), Refused("\"alpha\"", "quote"), Refused("'alpha==1.0'", "quote"),
        Refused("alpha \"==1.0\"", "after the name"), Refused("<<<<<<< HEAD", "merge"),
        Refused("=======", "merge"),
        Refused(">>>>>>> x", "merge"), Refused("name: base", ":"), Refused("$X", "letter"),
        Refused("git+git@example.com:x.git", "after the name"), Refused("requirements.txt", "requirements"),
        // Versions.
        Refused("alpha=1.0", "=="), Refused("alpha=>1.0", ">="), Refused("alpha<>1.0", "!="),
        Refused("alpha 1.0", "alpha==1.0"),
        Refused("alpha>=1.0 <2", "commas"), Refused("alpha===foo", "invalid version"),
        Refused("alpha>=1.*", "wildcard"),
        Refused("alpha>1.*", "wildcard"), Refused("alpha~=1", "two"), Refused("alpha~=1.0.*", "wildcard"),
        Refused("alpha>=1.0+local", "local version"), Refused("alpha==${V}", "variable"),
        Refused("alpha==$V", "variable"),
        Refused("alpha==1.0ü", "invalid version"), Refused("alpha==1.0x", "invalid version"),
        Refused("alpha==1.0-x", "invalid version"), Refused("alpha==1..0", "invalid version"),
        Refused("alpha==1.0#x", "invalid version"), Refused("alpha==", "no version"),
        Refused("alpha>=1.0,,<2", "comma"),
        Refused("alpha (>=1.0", "parenthesis"), Refused("alpha ()", "empty"),
        Refused("alpha==99999999999999999999", "invalid version"),
        // Extras.
        Refused("gamma[fast,]", "[a,b]"), Refused("gamma[,fast]", "[a,b]"),
        Refused("gamma[fast fast]", "[a,b]"),
        Refused("gamma[fast", "bracket"), Refused("gamma[-fast]", "[a,b]"), Refused("alpha[${E}]", "[a,b]"),
        // Markers.
        Refused("alpha; python_version > 3", "quotes"),
        Refused("alpha; python_version > \"3\" and", "incomplete"),
        Refused("alpha; python_version notin \"3.10\"", "notin"), Refused("alpha; foo > \"3\"", "foo"),
        Refused("alpha; python_version === \"3.8\"", "==="), Refused("alpha;", "incomplete"),
        Refused("alpha ; ()", "variable"),
        Refused("alpha ; \"a\"", "comparison"), Refused("alpha ; python_version", "comparison"),
        Refused("alpha ; python_version >", "incomplete"), Refused("alpha;python_version>\"3'", "quote"),
        Refused("alpha;python_version>'3' os_name", "os_name"),
        Refused("alpha ; python_version == \"3\" AND os_name == \"x\"", "AND"),
        Refused("alpha ; python_version > \"3.8\" ; os_name == \"x\"", "after the marker"),
        Refused("alpha ; (os_name == 'a'", "parenthesis"),
        Refused("alpha ; " + String(repeating: "(", count: 10_000), "parentheses"),
        // URLs.
        Refused("alpha @", "URL"), Refused("alpha @ 1", "alpha==1"), Refused("git@example.com:x.git", "URL"),
        Refused("alpha @ ftp://example.com/x.zip", "ftp"), Refused("alpha @ foo:bar", "URL"),
        Refused("git://example.com/x.git", "git+https"), Refused("git+git://example.com/x.git", "git+https"),
        Refused("hg+https://example.com/x", "hg"), Refused("x @ svn+https://example.com/x", "svn"),
        Refused("https://example.com/simple/alpha/", "archive"),
        Refused("https://example.com/x.exe", "archive"),
        Refused("alpha @ https://example.com/x.egg", "archive"),
        Refused("alpha @ https://example.com/y.whl", "wheel"),
        Refused("alpha @ https://example.com/alpha-1.0.whl", "wheel"),
        Refused("beta @ https://example.com/alpha-1.0-py3-none-any.whl", "the wheel contains"),
        Refused("alpha @ https://example.com/alpha-1.0-py3-none-any.whl;python_version>\"3\"", "archive"),
        Refused("https://example.com/a.zip#sha256=00", "64"),
        // Comments, which only lines of files have.
        Refused("six >= 1.0 # comment", "# comment"), Refused("six # comment", "# comment"),
        Refused("six @ https://example.com/a.zip # why", "# why"),
    ]

    @Test(arguments: refused) func whatIsNoRequirementIsRefusedWithAdvice(_ refused: Refused) {
        let problem = #expect(throws: RequirementProblem.self) { try Requirement(refused.text, for: .uv) }
        let sentence = problem.map { $0.reason(for: "") + "; " + $0.fix.text } ?? ""
        #expect(sentence.contains(refused.word), "\(sentence)")
        #expect(problem?.fix.text.isEmpty == false)
    }

    // MARK: lines

    /// Options, with what is passed on to uv for them.
    static let options: [(String, [String]?)] = [
        ("-i https://example.com/simple", []), ("-i=https://example.com/simple", []),
        ("--index-url=https://example.com/simple", []), ("--index-url \"https://example.com/simple\"", []),
        ("--extra-index-url 'https://example.com/simple'", []), ("--index-url ${INDEX}", []),
        ("--no-index", []),
        ("-f https://example.com/wheels/", []), ("--find-links=https://example.com/wheels/", []),
        ("-f /srv/wheels", []),
        ("--no-binary :all:", []), ("--no-binary=:none:", []), ("--only-binary numpy", []),
        ("--require-hashes", ["--require-hashes"]), ("--pre", ["--prerelease", "allow"]),
        ("--trusted-host example.com", ["--allow-insecure-host", "example.com"]),
        ("--trusted-host=http://example.com:8080", ["--allow-insecure-host", "http://example.com:8080"]),
        ("-r a.txt", nil), ("-r=a.txt", nil), ("--requirement \"a.txt\"", nil), ("-c a.txt", nil),
        ("--constraint=a.txt", nil),
        ("-e .", nil), ("-e ./a[b, c]", nil), ("-e ${PROJECT}", nil),
    ]

    @Test(arguments: options) func anOptionIsAppliedOrPassedOn(_ text: String, _ arguments: [String]?) throws
    {
        switch (try RequirementLine(text, for: .uv), arguments) {
        case (.option(let option), let arguments?):
            #expect(option.effect == (arguments.isEmpty ? .applied : .arguments(arguments)))
        case (.include, nil), (.editable, nil): break
        case (let line, _): Issue.record("\(line)")
        }
    }

    static let refusedLines = [
        Refused("alpha --only-binary=:all:", "line of its own"),
        Refused("alpha --config-settings=a=b", "pip_extra_args"),
        Refused("alpha --global-option x", "pip_extra_args"), Refused("alpha --hash", "no hash"),
        Refused("alpha==1.0 --hash=sha256:00", "64"), Refused("alpha==1.0 --hash=md5:00", "32"),
        Refused("alpha==1.0 --hash=sha1:00", "sha1"), Refused("alpha==1.0 --hash=00", "--hash=sha256"),
        Refused("alpha==1.0 --hash=sha256:\(digest) --only-binary x", "--only-binary"),
        Refused("alpha==1.0--hash=sha256:\(digest)", "invalid version"),
        Refused("--hash=sha256:\(digest)", "not supported"), Refused("-alpha", "not supported"),
        Refused("--no-deps", "pip_extra_args"),
        Refused("-U", "not supported"), Refused("--process-dependency-links", "not supported"),
        Refused("--index https://x", "not supported"),
        Refused("-ihttps://example.com/simple", "space"), Refused("-ra.txt", "-r a.txt"),
        Refused("-e.", "-e ."),
        Refused("--requirements a.txt", "not supported"),
        Refused("-r a.txt -r b.txt", "each option and each requirement on its own line"),
        Refused("-r a.txt b.txt", "each option and each requirement on its own line"),
        Refused("--pre --prefer-binary", "each option and each requirement on its own line"),
        Refused(
            "--index-url https://example.com/a --extra-index-url https://example.com/b",
            "each option and each requirement on its own line"
        ),
        Refused("--require-hashes six", "each option and each requirement on its own line"),
        Refused("--pre=yes", "each option and each requirement on its own line"),
        Refused("--prefer-binary", "uv does not support"),
        Refused("--use-feature=fast-deps", "uv does not support"),
        Refused("--trusted-host [::1]:8", "host"), Refused("--trusted-host", "no value"),
        Refused("--index-url", "no value"),
        Refused("--index-url foo", "URL"), Refused("--index-url https://", "URL"),
        Refused("--index-url ftp://x/y", "URL"),
        Refused("--extra-index-url file:///srv/simple", "https"), Refused("-f ./wheels", "index"),
        Refused("-f wheels", "index"),
        Refused("--no-binary a,b", "line for each"), Refused("--only-binary ${X}", "package name"),
        Refused("-e git+ssh://git@example.com/x.git#egg=x", "remove \"-e\""),
        Refused("--editable=git+https://example.com/x.git", "remove \"-e\""),
        Refused("-e https://example.com/x.zip", "remove"),
        Refused("-e", "directory"),
    ]

    @Test(arguments: refusedLines) func aLineThatUvDoesNotTakeIsRefusedWithAdvice(_ refused: Refused) {
        let problem = #expect(throws: RequirementProblem.self) { try RequirementLine(refused.text, for: .uv) }
        let sentence = problem.map { $0.reason(for: "") + "; " + $0.fix.text } ?? ""
        #expect(sentence.contains(refused.word), "\(sentence)")
    }

    /// pip reads more than uv.
    @Test(arguments: [
        "alpha===foo", "alpha>=1.*", "alpha<>1.0", "alpha;", "alpha; python_version === '3.8'",
        "alpha --config-settings=a=b", "alpha --only-binary=:all:", "--pre --prefer-binary",
        "--prefer-binary",
        "--use-feature=fast-deps", "-ihttps://example.com/simple", "-ra.txt", "-f ./wheels",
        "--no-binary a,b",
        "-e git+ssh://git@example.com/x.git#egg=x", "hg+https://example.com/x",
        "https://example.com/simple/alpha/",
        "alpha==1.0 --hash=sha1:00",
        "--index-url https://example.com/a --extra-index-url https://example.com/b",
    ])
    func whatOnlyPipTakesIsNotRefusedForPip(_ text: String) throws {
        _ = try RequirementLine(text, for: .pip)
        #expect(throws: RequirementProblem.self) { try RequirementLine(text, for: .uv) }
    }

    @Test(arguments: [
        "my package==1", "six, attrs", "<<<<<<< HEAD", "alpha=1.0", "alpha 1.0", "alpha; foo > '3'",
        "alpha @ 1", "--no-deps",
        "gamma[fast", "alpha ()", "alpha>=1.0 <2",
    ])
    func whatNeitherTakesIsRefusedForPipToo(_ text: String) {
        #expect(throws: RequirementProblem.self) { try RequirementLine(text, for: .pip) }
    }
}
