// SPDX-License-Identifier: Apache-2.0

import ImageSpec

/// The syntax of option values. They become arguments of programs or fields of arguments, so they must not begin with a dash and
/// must not contain white space, quotes or commas.
enum OptionSyntax {
    /// Whether a text consists of ASCII letters, digits and some other characters, and is not empty.
    static func consists(_ text: String, of others: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || others.utf8.contains(byte)
            }
    }

    private static func beginsPlainly(_ text: some StringProtocol) -> Bool {
        text.first.map { consists(String($0), of: "") } ?? false
    }

    static func isBuilderName(_ name: String) -> Bool { consists(name, of: "_.-") && beginsPlainly(name) }

    static func isHostName(_ name: String) -> Bool { consists(name, of: ".-:") && beginsPlainly(name) }

    static func isImage(_ name: String) -> Bool {
        (try? ImageSpec.ImageReference(name)) != nil
    }

    /// One field of a list in the format of CSV, as buildx and buildctl read `type=registry,ref=…` (RFC 4180).
    static func csv(_ fields: [String]) -> String {
        fields.map { field in
            field.contains { ",\"\n\r".contains($0) } || field.hasPrefix(" ")
                ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
        }.joined(separator: ",")
    }

    // MARK: addresses

    struct AddressProblem {
        var text: String
        var isQuotable = true
    }

    /// What buildctl connects to. Source: the connection helpers of BuildKit's client.
    static let addressSchemes = ["tcp", "unix", "ssh", "docker-container", "podman-container", "kube-pod"]

    /// What is wrong with the address of a daemon.
    static func problem(inAddress address: String) -> AddressProblem? {
        let forms =
            "use tcp://host:port, unix:///path, or one of "
            + addressSchemes.dropFirst(2).map { $0 + "://name" }.joined(separator: ", ")
        guard let range = address.firstRange(of: "://"),
            addressSchemes.contains(String(address[..<range.lowerBound]))
        else {
            // Whatever it is, it may have a password in it.
            return AddressProblem(
                text: "is not a valid daemon address; \(forms)", isQuotable: !address.contains("@"))
        }
        let scheme = address[..<range.lowerBound]
        var rest = address[range.upperBound...]
        if let at = rest.lastIndex(of: "@") {
            let user = rest[..<at]
            guard scheme == "ssh", consists(String(user), of: "._-"), beginsPlainly(user) else {
                return AddressProblem(
                    text:
                        "an address must not contain a user or password, except ssh://user@host; remove them",
                    isQuotable: false)
            }
            rest = rest[rest.index(after: at)...]
        }
        let others = scheme == "unix" ? "/._-+:=@ " : "/._-:?&=[]%"
        guard consists(String(rest), of: others) else {
            return AddressProblem(text: "contains invalid characters; \(forms)")
        }
        switch scheme {
        case "unix":
            return rest.hasPrefix("/")
                ? nil : AddressProblem(text: "must have an absolute path; \(forms)")
        case "tcp":
            guard beginsPlainly(rest) || rest.hasPrefix("["), let colon = rest.lastIndex(of: ":"),
                let port = UInt16(rest[rest.index(after: colon)...]), port > 0
            else { return AddressProblem(text: "must have a host and a port; \(forms)") }
            return nil
        default:
            // A name that begins with a dash would be an option of ssh, docker or kubectl.
            return beginsPlainly(rest)
                ? nil : AddressProblem(text: "must have a name that begins with a letter or digit; \(forms)")
        }
    }
}
