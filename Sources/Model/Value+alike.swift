import Text

extension Value {
    /// Whether both are one number, an int or a float.
    package func isSameNumber(as other: Value) -> Bool {
        switch (self, other) {
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.int(let whole), .float(let number)), (.float(let number), .int(let whole)):
            Int64(exactly: number) == whole
        default: false
        }
    }

    /// Equality of what a default says: objects are alike when they have one type and like values.
    package func isAlike(_ other: Value) -> Bool {
        switch (self, other) {
        case (.object(let a), .object(let b)): a === b || (a.task == nil && b.task == nil && a.isAlike(b))
        case (.list(let a), .list(let b)): a.elementsEqual(b) { $0.isAlike($1) }
        case (.set(let a), .set(let b)):
            a.count == b.count && a.allSatisfy { value in b.contains { value.isAlike($0) } }
        case (.map(let a), .map(let b)), (.openMap(let a), .openMap(let b)):
            a.elementsEqual(b) { $0.key == $1.key && $0.value.isAlike($1.value) }
        default: self == other
        }
    }
}

extension ConfigObject {
    fileprivate func isAlike(_ other: ConfigObject) -> Bool {
        guard type === other.type else { return false }
        return zip(type.parameters, zip(values, other.values)).allSatisfy { parameter, pair in
            switch pair {
            // Paths are no part of what it is.
            case _ where parameter.jobPath != nil || parameter.type.isOfPaths: true
            case (let mine?, let theirs?): mine.isAlike(theirs)
            case (nil, nil): true
            default: false
            }
        }
    }
}
