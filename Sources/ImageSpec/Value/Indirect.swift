// SPDX-License-Identifier: Apache-2.0

/// A value in memory of its own, so that a structure can contain another one of its type.
@propertyWrapper
package indirect enum Indirect<Value> {
    case boxed(Value)

    package init(wrappedValue: Value) { self = .boxed(wrappedValue) }

    package init() where Value: ExpressibleByNilLiteral { self = .boxed(nil) }

    package var wrappedValue: Value {
        get {
            switch self {
            case .boxed(let value): value
            }
        }
        set { self = .boxed(newValue) }
    }
}

extension Indirect: Equatable where Value: Equatable {}
extension Indirect: Hashable where Value: Hashable {}
extension Indirect: Sendable where Value: Sendable {}
