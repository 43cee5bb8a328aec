import CLuaShim
import Text

/// The Lua texts that the program carries.
package enum EmbeddedText {
    /// The Lua part of the module `xpm`.
    static let module = unsafe read(xlua_embedded)

    /// Its sweeps, `sweeps.lua`.
    static let sweeps = unsafe read(xlua_embedded_sweeps)

    /// `xpm.meta.lua`: the module's annotations for editors.
    package static let annotations = unsafe read(xlua_annotations)

    /// What lets a Python program tell its options: Python loads it first, as `sitecustomize`.
    package static let describer = unsafe read(xlua_describer)

    /// The files that workers load, by their names.
    static let workers = [
        (name: "xpm_worker.py", text: unsafe read(xlua_python_worker)),
        (name: "xpm_python.py", text: unsafe read(xlua_python_task)),
        (name: "xpm_worker.R", text: unsafe read(xlua_r_worker)),
    ]

    private static func read(_ source: (UnsafeMutablePointer<Int>) -> UnsafePointer<CChar>) -> [UInt8] {
        var count = 0
        let bytes = unsafe source(&count)
        return unsafe bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            unsafe Array(UnsafeBufferPointer(start: $0, count: count))
        }
    }
}
