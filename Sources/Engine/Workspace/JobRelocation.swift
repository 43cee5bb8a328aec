/// Makes the script of a job whose workspace was copied or moved name the place where it is now.
///
/// `params.json` says which workspace the script was written for; all else in a job's folder is relative.
package enum JobRelocation {
    /// Rewrites the script, and then `params.json`, unless they are of this place.
    ///
    /// - Parameters:
    ///   - job: the folder, wherever it lies while it is copied.
    ///   - workspace: the place where it is to work.
    package static func settle(_ job: JobFolder, in workspace: String) throws(SystemError) {
        guard let bytes = try? Files.read(job.parameters, limit: 1 << 28),
            case .object(var members)? = try? JSON.parse(bytes),
            let place = members.firstIndex(where: { $0.name == "workspace" }),
            let former = members[place].value.string, former != workspace
        else { return }
        for language in [JobScript.Language.sh, .lua] {
            let path = job.script(language)
            guard let text = try? Files.readText(path, limit: 1 << 26) else { continue }
            let moved = self.text(text, language, from: former, to: workspace)
            if moved != text { try Files.replace(path, with: Array(moved.utf8), mode: 0o777) }
        }
        // Last: where this is cut off it is done again.
        members[place].value = .string(workspace)
        try Files.replace(job.parameters, with: JSON.object(members).bytes)
    }

    /// A script with the paths of another workspace; one that somebody has changed keeps its own.
    static func text(
        _ text: String, _ language: JobScript.Language, from former: String, to workspace: String
    ) -> String {
        func moved(_ value: String) -> String {
            value.replacing("\(former)/", with: "\(workspace)/")
        }
        guard let header = try? JobScript.header(of: text) else { return text }
        let head = text.prefix(text.count - header.body.count)
        switch language {
        case .sh:
            guard let command = JobScript.command(of: header.body), let end = header.body.firstIndex(of: "\n")
            else { return text }
            return head + header.body[...end]
                + JobScript.body(
                    command.environment.map { .init(name: $0.name, value: moved($0.value)) },
                    command.arguments.map(moved))
        case .lua:
            // In quotes, as `LuaText` writes them.
            return String(head)
                + header.body.replacing(
                    LuaText.quote("\(former)/").dropFirst().dropLast(),
                    with: LuaText.quote("\(workspace)/").dropFirst().dropLast())
        }
    }
}
