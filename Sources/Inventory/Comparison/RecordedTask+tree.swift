package import Store
import System
package import Text

extension RecordedTask {
    /// Its parameters as one JSON tree, as `$XPM_VALUES` has them: configs are objects that name their type as
    /// `@type`, tasks have their folder as `jobdir`, paths are as they are on this machine.
    ///
    /// - Parameter job: its folder.
    package func tree(in job: JobFolder) -> JSON {
        .object(members(root, in: job, 0) + [.init("jobdir", .string(job.path))])
    }

    private func members(_ number: Int64, in job: JobFolder, _ depth: Int) -> [JSON.Member] {
        (objects[number]?.fields ?? []).map { .init($0.name, plain($0.value, in: job, depth)) }
    }

    private func plain(_ value: JSON, in job: JobFolder, _ depth: Int) -> JSON {
        if depth > 200 { return .null }
        switch value {
        case .array(let values): return .array(values.map { plain($0, in: job, depth + 1) })
        case .object(let members):
            guard let kind = value["type"]?.string else {
                return .object(members.map { .init($0.name, plain($0.value, in: job, depth + 1)) })
            }
            return special(kind, value, in: job, depth)
        default: return value
        }
    }

    private func special(_ kind: String, _ value: JSON, in job: JobFolder, _ depth: Int) -> JSON {
        switch kind {
        case "python":
            guard let number = value["value"]?.int, let (task, own) = whole(number),
                let object = task.objects[own]
            else { return .null }
            var members = [JSON.Member("@type", .string(object.type))]
            members += task.members(own, in: job, depth + 1)
            if object.task == own {
                let folder =
                    "\(Workspace(path: job.workspace).jobs)/\(object.type.lowercased())/\(object.identifier)"
                members.append(.init("jobdir", .string(folder)))
            }
            return .object(members)
        case "path":
            let path = value["value"]?.string ?? ""
            return switch value["base"]?.string {
            case "job": .string(Paths.absolute(path, from: job.path))
            case "workspace": .string(Paths.absolute(path, from: job.workspace))
            default: .string(path)
            }
        case "set":
            return .array(
                ((value["items"] ?? value["values"])?.array ?? []).map { plain($0, in: job, depth + 1) })
        case "dict":
            let pairs = (value["items"]?.array ?? []).compactMap(\.array).filter { $0.count == 2 }
            return .object(
                pairs.map { .init($0[0].string ?? $0[0].text, plain($0[1], in: job, depth + 1)) })
        default: return value["value"] ?? .null
        }
    }
}
