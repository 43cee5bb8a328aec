package import Text

/// Which parameters of a type make the identity of a folder that several of its tasks share.
///
/// A parameter of an included group always counts; else one of an excluded group does not, nor one without a
/// group if `excludesNoGroup`, nor any if `excludesAll` (experimaestro's rules).
package struct Partial: Equatable {
    /// The folder's name below `partials/{type id}/`.
    package var name: String
    package var excludedGroups: TextSet = []
    package var includedGroups: TextSet = []
    package var excludesNoGroup = false
    package var excludesAll = false

    package init(name: String) { self.name = name }

    /// Whether a folder can have the name: ASCII letters, digits and `_ - .`, not beginning with a dot.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && text.utf8.count <= LongName.most
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "_-.".unicodeScalars.contains($0))
            }
    }

    /// Whether a parameter of these groups is left out.
    package func excludes(_ groups: TextSet) -> Bool {
        if !groups.isDisjoint(with: includedGroups) { return false }
        if excludesAll { return true }
        return groups.isEmpty ? excludesNoGroup : !groups.isDisjoint(with: excludedGroups)
    }
}
