import LuaBridge
import System
import Text

/// Answers the questions of an action: by what was given beforehand, else by asking on the terminal.
struct Questionnaire {
    /// Answers by their keys.
    private let given: [(key: String, value: String)]
    private var asked: TextSet = []
    /// What was answered, in the order of the questions.
    private(set) var answers: [JSON.Member] = []

    /// - Parameter given: answers as `key=value`.
    init(_ given: [String]) {
        self.given = given.compactMap { text in
            text.cut(at: "=").map { (String($0.before), String($0.after)) }
        }
    }

    /// What is wrong with answers to questions that nobody asked.
    var strangers: [String] {
        given.filter { !asked.contains($0.key) }.map { answer in
            let hint = Suggestion.hint(for: answer.key, among: asked.ordered)
            return "--set \(answer.key): the action did not ask for it\(hint)"
        }
    }

    /// - Throws: an answer that does not fit, or none where nobody can be asked.
    mutating func answer(_ question: ActionQuestion) throws(Failure) -> String {
        asked.insert(question.key)
        let answer = try self.answered(question)
        answers.append(.init(question.key, .string(answer)))
        return answer
    }

    private func answered(_ question: ActionQuestion) throws(Failure) -> String {
        if let answer = given.last(where: { $0.key == question.key })?.value {
            guard let fitting = Self.fit(answer, question) else {
                throw .message("--set \(question.key)=\(answer): expected \(Self.expected(question))")
            }
            return fitting
        }
        guard StandardStream.inputIsTerminal else {
            if let answer = question.defaultAnswer { return answer }
            throw .message(
                "\(question.label): no answer; give --set \(question.key)=… (\(Self.expected(question)))")
        }
        while true {
            StandardStream.error.write(Self.prompt(question))
            guard let line = readLine() else { throw .message("no answer to '\(question.label)'") }
            if line.isEmpty, let answer = question.defaultAnswer { return answer }
            if let fitting = Self.fit(line, question) { return fitting }
            StandardStream.error.write("expected \(Self.expected(question))\n")
        }
    }

    private static func prompt(_ question: ActionQuestion) -> String {
        let style = Style.standardError
        var lines = question.choices.enumerated().map { "  \($0.offset + 1)) \($0.element)\n" }.joined()
        if !lines.isEmpty { lines = "\(style.bold(question.label))\n\(lines)" }
        let hint =
            switch question.kind {
            case .checkbox: question.defaultAnswer == "true" ? " [Y/n]" : " [y/N]"
            default: question.defaultAnswer.map { " [\($0)]" } ?? ""
            }
        return lines + (lines.isEmpty ? style.bold(question.label) : "which") + hint + ": "
    }

    /// The answer as the action gets it; nil for one that does not fit.
    private static func fit(_ answer: String, _ question: ActionQuestion) -> String? {
        switch question.kind {
        case .text: return answer
        case .checkbox:
            switch answer.lowercased() {
            case "true", "yes", "y", "1": return "true"
            case "false", "no", "n", "0": return "false"
            default: return nil
            }
        case .choice:
            if question.choices.contains(answer) { return answer }
            guard let number = Int(answer), question.choices.indices.contains(number - 1) else { return nil }
            return question.choices[number - 1]
        }
    }

    private static func expected(_ question: ActionQuestion) -> String {
        switch question.kind {
        case .text: "a text"
        case .checkbox: "yes or no"
        case .choice: "one of \(question.choices.joined(separator: ", "))"
        }
    }
}
