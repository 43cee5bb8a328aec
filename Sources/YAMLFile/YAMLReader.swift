import CYAMLShim
import Settings
import Text

/// Composes settings from the events of libyaml. It recurses no deeper than values may nest.
@safe struct YAMLReader: ~Copyable {
    /// How many values a file may have, with aliases written out.
    static let mostValues = 1_000_000
    /// How deep values may nest.
    static let deepest = 100

    private let reader: OpaquePointer
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let origin: (Int, Int) -> Setting.Origin
    private var left = mostValues
    private var anchors: TextMap<(setting: Setting, count: Int)> = [:]

    private enum Event {
        case end, document, close
        case alias(String)
        case scalar(String, tag: String?, isPlain: Bool, anchor: String?)
        case list(tag: String?, anchor: String?)
        case map(tag: String?, anchor: String?)
    }

    init(_ source: [UInt8], origin: @escaping (Int, Int) -> Setting.Origin) throws(SettingError) {
        unsafe bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, source.count))
        _ = unsafe bytes.initialize(from: source)
        guard let start = unsafe bytes.baseAddress, let reader = unsafe xyaml_open(start, source.count) else {
            unsafe bytes.deallocate()
            throw SettingError("no memory", at: origin(1, 1))
        }
        unsafe self.reader = unsafe reader
        self.origin = origin
    }

    deinit {
        unsafe xyaml_close(reader)
        unsafe bytes.deallocate()
    }

    /// The one document of a text; an empty text is an empty map.
    mutating func document() throws(SettingError) -> Setting {
        guard case (.document, _) = try next() else { return Setting(.map([]), origin: origin(1, 1)) }
        let (event, place) = try next()
        let setting = try value(event, place, depth: 0)
        let (after, where_) = try next()
        guard case .end = after else {
            throw SettingError("a second document: one file has one", at: where_)
        }
        return setting
    }

    // MARK: Values

    private mutating func value(
        _ event: Event, _ place: Setting.Origin, depth: Int
    ) throws(SettingError) -> Setting {
        if depth > Self.deepest { throw SettingError("nested more than \(Self.deepest) levels", at: place) }
        let before = left
        try take(1, place)
        let setting: Setting
        let anchor: String?
        switch event {
        case .alias(let name):
            guard let known = anchors[name] else {
                throw SettingError("an alias without its anchor: '\(name)'", at: place)
            }
            try take(known.count - 1, place)
            return known.setting
        case .scalar(let text, let tag, let isPlain, let name):
            anchor = name
            var scalar = Setting(try content(text, tag, isPlain, place), origin: place)
            scalar.isQuoted = !isPlain
            setting = scalar
        case .list(let tag, let name):
            anchor = name
            try refuse(tag, "seq", place)
            var values: [Setting] = []
            while let (event, place) = try nextInside() {
                values.append(try value(event, place, depth: depth + 1))
            }
            setting = Setting(.list(values), origin: place)
        case .map(let tag, let name):
            anchor = name
            try refuse(tag, "map", place)
            setting = try map(place, depth: depth)
        case .end, .document, .close: throw SettingError("not YAML", at: place)
        }
        if let anchor { anchors[anchor] = (setting, before - left) }
        return setting
    }

    private mutating func take(_ count: Int, _ place: Setting.Origin) throws(SettingError) {
        left -= count
        if left < 0 {
            throw SettingError("more than \(Self.mostValues) values once aliases are written out", at: place)
        }
    }

    private mutating func map(_ place: Setting.Origin, depth: Int) throws(SettingError) -> Setting {
        var fields: [Setting.Field] = []
        var known: TextSet = []
        var merged: [Setting] = []
        while let (event, at) = try nextInside() {
            guard case .scalar(let key, let tag, let isPlain, _) = event else {
                throw SettingError("a key must be a word", at: at)
            }
            try refuse(tag, "str", at)
            let (event, place) = try next()
            let inner = try value(event, place, depth: depth + 1)
            if key == "<<", isPlain {
                if case .list(let many) = inner.content { merged += many } else { merged.append(inner) }
            } else if known.insert(key).inserted {
                fields.append(.init(key: key, value: inner, place: at))
            } else {
                throw SettingError("the key '\(key)' is there twice", at: at)
            }
        }
        for source in merged {
            guard let inherited = source.fields else {
                throw SettingError("'<<' needs a map, got \(source.told)", at: source.origin)
            }
            for field in inherited where known.insert(field.key).inserted { fields.append(field) }
        }
        return Setting(.map(fields), origin: place)
    }

    /// A tag that says nothing new is none.
    private func refuse(_ tag: String?, _ own: String, _ place: Setting.Origin) throws(SettingError) {
        guard let tag, tag != "!", tag != "?", !tag.isEmpty, tag != "tag:yaml.org,2002:\(own)" else { return }
        throw SettingError("unknown tag '\(tag)'", at: place)
    }

    private func content(
        _ text: String, _ tag: String?, _ isPlain: Bool, _ place: Setting.Origin
    ) throws(SettingError) -> Setting.Content {
        switch tag {
        case nil, "", "?": return isPlain ? try Setting.Content(plain: text, at: place) : .string(text)
        case "!", "tag:yaml.org,2002:str": return .string(text)
        case "tag:yaml.org,2002:int"?, "tag:yaml.org,2002:float"?, "tag:yaml.org,2002:bool"?,
            "tag:yaml.org,2002:null"?:
            let content = try Setting.Content(plain: text, at: place)
            let kind = tag?.split(separator: ":").last.map(String.init) ?? ""
            switch (kind, content) {
            case ("float", .int(let number)): return .float(Double(number))
            case ("int", .int), ("float", .float), ("bool", .bool), ("null", .null): return content
            default: throw SettingError("\"\(text)\" is no \(kind)", at: place)
            }
        case let tag?: throw SettingError("unknown tag '\(tag)'", at: place)
        }
    }

    // MARK: Events

    /// The next event within a list or map; nil at its end.
    private mutating func nextInside() throws(SettingError) -> (Event, Setting.Origin)? {
        let next = try next()
        if case .close = next.0 { return nil }
        return next
    }

    private mutating func next() throws(SettingError) -> (Event, Setting.Origin) {
        var event = unsafe xyaml_event()
        guard unsafe xyaml_next(reader, &event) else { throw problem() }
        let place = unsafe origin(event.place.line, event.place.column)
        let anchor = unsafe event.anchor.map { unsafe String(cString: $0) }
        let tag = unsafe event.tag.map { unsafe String(cString: $0) }
        switch unsafe event.kind {
        case XYAML_DOCUMENT: return (.document, place)
        case XYAML_ALIAS: return (.alias(anchor ?? ""), place)
        case XYAML_SCALAR:
            let text = unsafe UnsafeRawBufferPointer(start: event.text, count: event.length)
            return (
                .scalar(
                    unsafe String(decoding: text, as: UTF8.self), tag: tag, isPlain: unsafe event.plain,
                    anchor: anchor), place
            )
        case XYAML_LIST: return (.list(tag: tag, anchor: anchor), place)
        case XYAML_MAP: return (.map(tag: tag, anchor: anchor), place)
        case XYAML_CLOSE: return (.close, place)
        default: return (.end, place)
        }
    }

    /// An error that shows only where a list, a text or a word goes on for too long is told where that began.
    private func problem() -> SettingError {
        var error = unsafe xyaml_error()
        unsafe xyaml_explain(reader, &error)
        let problem = unsafe error.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
        let context = unsafe error.context.map { unsafe String(cString: $0) }
        let isWhole = context.map { $0.contains("block") } ?? true
        let place = unsafe isWhole ? error.place : error.began
        let what = context.map { $0.after("while ").map(String.init) ?? $0 }
        let hint = hint(problem, place.line, place.column).map { " (\($0))" } ?? ""
        return SettingError(
            "not YAML: \(what.map { "\($0): " } ?? "")\(problem)\(hint)", at: origin(place.line, place.column)
        )
    }

    /// What was probably meant.
    private func hint(_ problem: String, _ line: Int, _ column: Int) -> String? {
        let lines = unsafe Array(bytes).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let text = lines.indices.contains(line - 1) ? lines[line - 1] : []
        let sign = text.dropFirst(column - 1).first
        if problem.contains("cannot start any token") {
            if sign == UInt8(ascii: "\t") { return "YAML is indented with blanks, not with tabs" }
            return sign.map { "a text that begins with '\(Character(UnicodeScalar($0)))' stands in quotes" }
        }
        if problem.contains("mapping values are not allowed") {
            return "is the line indented as those before it? a text with ': ' in it stands in quotes"
        }
        return problem.contains("did not find expected key") || problem.contains("did not find expected '-'")
            ? "is the line indented as those before it?" : nil
    }
}
