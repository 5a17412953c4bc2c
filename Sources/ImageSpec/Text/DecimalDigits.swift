// SPDX-License-Identifier: Apache-2.0

internal import ContentTree

/// The shortest decimal digits that read back as a number. The number is 0.DIGITS × 10^pointPosition.
///
/// Swift finds these digits, as ECMAScript and Python do; the three differ in where they put the point and the exponent.
package struct DecimalDigits {
    package let digits: String
    package let pointPosition: Int

    /// The digits of a finite number above zero.
    package init(_ value: Double) {
        let parts = value.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
        let all = mantissa.joined()
        var significant = all.drop { $0 == "0" }
        pointPosition = mantissa[0].utf8.count + exponent - (all.utf8.count - significant.utf8.count)
        while significant.last == "0" { significant.removeLast() }
        digits = String(significant)
    }

    /// The digits with a point before the one at `position`, which is above zero and below their number.
    package func withPoint(at position: Int) -> String {
        digits.prefix(position) + "." + digits.dropFirst(position)
    }
}

extension Double {
    /// A finite number as ECMAScript's `Number::toString` prints it (ECMA-262, 6.1.6.1.20).
    package var ecmaScriptText: String {
        if self == 0 { return "0" }
        let sign = self < 0 ? "-" : ""
        let decimal = DecimalDigits(magnitude)
        let count = decimal.digits.utf8.count
        switch decimal.pointPosition {
        case count...21:
            return sign + decimal.digits + String(repeating: "0", count: decimal.pointPosition - count)
        case 1...21: return sign + decimal.withPoint(at: decimal.pointPosition)
        case -5...0:
            return sign + "0." + String(repeating: "0", count: -decimal.pointPosition) + decimal.digits
        default:
            let exponent = decimal.pointPosition - 1
            let mantissa = count == 1 ? decimal.digits : decimal.withPoint(at: 1)
            return sign + mantissa + (exponent < 0 ? "e-" : "e+") + String(exponent.magnitude)
        }
    }
}
