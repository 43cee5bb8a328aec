import Model
import Store
import System
import Text

/// The files that a command with a script needs on another host: those of the git repository around the current
/// folder that git knows or would add, else all of the current folder but hidden ones and workspaces.
struct RemoteUpload {
    struct Problem: TextualError {
        let text: String
    }

    /// The folder that all are in, and the current one from there.
    let root: String
    let folder: String
    /// Of the folder there: by the place here.
    let name: String
    /// Of their names and contents: what is there already is not sent again.
    let digest: String
    /// For messages: `12 files, 34 kB`.
    let told: String
    /// The arguments, files of the root from the current folder.
    let words: [String]
    /// Their paths from the root, each with a NUL.
    let list: [UInt8]

    private static let most = (bytes: Int64(200_000_000), files: 20_000)

    init(_ current: String, _ words: [String]) throws(Problem) {
        let current = Paths.real(current)
        let git = ChildProcess.output(["/usr/bin/env", "git", "-C", current, "rev-parse", "--show-toplevel"])
        let top = git.flatMap { $0.code == 0 ? String($0.text.trimmed) : nil }
        root = top ?? current
        folder = current == root ? "" : Paths.relative(current, from: root)
        self.words = try Self.words(words, current, root)
        // What the command names goes too, though git ignores it.
        let named = words.prefix { $0 != "--" }.compactMap(Self.file).map { [root] path in
            Paths.relative(path, from: root)
        }
        let paths = TextSet((top.map(Self.known) ?? Self.found(in: root)) + named).ordered
        var (bytes, text): (Int64, [UInt8]) = (0, [])
        for path in paths {
            let whole = "\(root)/\(path)"
            bytes += Files.stamp(whole)?.size ?? 0
            guard bytes <= Self.most.bytes, paths.count <= Self.most.files else {
                throw Problem(
                    text:
                        "\(Paths.shown(root)) has \(paths.count) files, of more than \(NumberText.bytes(Self.most.bytes)) or \(Self.most.files) files: data belongs on the host, and into .gitignore here"
                )
            }
            do throws(SystemError) {
                let digest = try JobFile.read(whole).digest.hex
                text += Array("\(path)\0\(Files.isExecutable(whole))\0\(digest)\0".utf8)
            } catch { throw Problem(text: error.text) }
        }
        digest = Identifier(hashing: text).hex
        let own = Identifier(hashing: Array("\(Environment.hostName):\(root)".utf8)).short
        name = "\(Paths.name(root))-\(own)"
        told = "\(paths.count) file\(paths.count == 1 ? "" : "s"), \(NumberText.bytes(bytes))"
        list = paths.flatMap { Array($0.utf8) + [0] }
    }

    private static func known(_ top: String) -> [String] {
        let git = ["/usr/bin/env", "git", "-C", top, "ls-files", "-z"]
        let answers = [["--cached", "--recurse-submodules"], ["--others", "--exclude-standard"]].map {
            ChildProcess.output(git + $0)?.text ?? ""
        }
        var workspaces: TextMap<Bool> = [:]
        /// Whether a folder, or one above it, is a workspace.
        func isWorkspace(_ folder: String) -> Bool {
            if let known = workspaces[folder] { return known }
            let above = folder.cut(atLast: "/").map { String($0.before) }
            let isOne =
                Files.exists(Workspace(path: "\(top)/\(folder)").marker) || above.map(isWorkspace) ?? false
            workspaces[folder] = isOne
            return isOne
        }
        return answers.flatMap { $0.split(separator: "\0").map(String.init) }.filter { path in
            guard Files.kind("\(top)/\(path)") == .file else { return false }
            return path.cut(atLast: "/").map { !isWorkspace(String($0.before)) } ?? true
        }
    }

    private static func found(in root: String) -> [String] {
        var paths: [String] = []
        var open = [""]
        while let folder = open.popLast(), paths.count <= most.files {
            let whole = folder.isEmpty ? root : "\(root)/\(folder)"
            if Files.exists(Workspace(path: whole).marker), !folder.isEmpty { continue }
            for name in (try? Files.list(whole)) ?? [] where !name.hasPrefix(".") && name != "__pycache__" {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                switch Files.kind("\(root)/\(path)", followingLinks: false) {
                case .folder?: open.append(path)
                case .file?: paths.append(path)
                default: if Files.kind("\(root)/\(path)") == .file { paths.append(path) }
                }
            }
        }
        return paths
    }

    /// An argument as what is before a path, `--option=` or nothing, and the path.
    private static func parts(of word: String) -> (option: String, path: String) {
        guard word.hasPrefix("--"), let (option, path) = word.cut(at: "=") else { return ("", word) }
        return ("\(option)=", String(path))
    }

    /// The file that a word of the command names.
    private static func file(_ word: String) -> String? {
        let path = parts(of: word).path
        guard !path.hasPrefix("-"), !path.isEmpty, Files.kind(Paths.absolute(path)) == .file else {
            return nil
        }
        return Paths.real(Paths.absolute(path))
    }

    /// Absolute paths of the root as they are from the current folder.
    private static func words(
        _ words: [String], _ current: String, _ root: String
    ) throws(Problem) -> [String] {
        var result: [String] = []
        let own = words.prefix { $0 != "--" }
        for word in own {
            guard let path = file(word) else {
                result.append(word)
                continue
            }
            guard path.hasPrefix("\(root)/") else {
                throw Problem(
                    text:
                        "\(word) is not below \(Paths.shown(root)), whose files go to the host: call xpm from a folder above it"
                )
            }
            let (option, name) = parts(of: word)
            result.append(name.hasPrefix("/") ? option + Paths.relative(path, from: current) : word)
        }
        return result + words.dropFirst(own.count)
    }
}
