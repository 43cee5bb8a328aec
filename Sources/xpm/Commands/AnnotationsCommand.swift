import ArgumentParser
import LuaBridge
import System
import Text

struct AnnotationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration.command(
        "annotations",
        abstract: "Write xpm.meta.lua, by which an editor completes and checks experiments.",
        discussion: """
            lua-language-server reads the file where it lies beside the experiment. A file that is there already is replaced, since it is of \
            this version of xpm.

            Examples:
              xpm annotations
              xpm annotations --print | less
            """)

    static let fileName = "xpm.meta.lua"

    @Argument(help: "The folder of the experiment.", completion: .directory)
    var dir = "."

    @Flag(help: "Print the file instead.")
    var print = false

    @Flag(help: "A JSON object.")
    var json = false

    func validate() throws {
        if print, json { throw ValidationError("--print and --json exclude each other.") }
        if print, dir != "." { throw ValidationError("--print writes no file: it goes without a folder.") }
    }

    func run() throws {
        if print {
            return StandardStream.output.write(String(decoding: EmbeddedText.annotations, as: UTF8.self))
        }
        do throws(Failure) {
            let path = "\(Paths.absolute(dir))/\(Self.fileName)"
            do throws(SystemError) { try Files.replace(path, with: EmbeddedText.annotations) } catch {
                throw Failure(error)
            }
            let line: JSON = ["path": .string(path)]
            StandardStream.output.write("\(json ? line.text : "wrote \(Paths.shown(path))")\n")
        } catch { throw error.reported() }
    }
}
