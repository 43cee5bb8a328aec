import Glibc
import System
import Text

/// A picture that is written to a file, and shown where the terminal can.
struct PictureFile {
    let svg: String

    private static let converter = "rsvg-convert"

    func write(to path: String) throws(Failure) {
        var bytes = Array(svg.utf8)
        if Paths.hasExtension(path.lowercased(), "png") {
            guard let png = png(zoom: 2) else {
                throw .message(
                    "\(path): PNG needs \(Self.converter) (apt install librsvg2-bin); without it write an .svg file"
                )
            }
            bytes = png
        }
        let content = bytes
        try Failure.onDisk { () throws(SystemError) in
            try Files.makeFolder(Paths.parent(Paths.absolute(path)))
            try Files.replace(Paths.absolute(path), with: content)
        }
    }

    /// Nil where there is no program for it.
    private func png(zoom: Int) -> [UInt8]? {
        try? Files.withTemporaryFolder("xpm-plot") { (folder) throws(SystemError) -> [UInt8]? in
            let (source, target) = ("\(folder)/plot.svg", "\(folder)/plot.png")
            try Files.write(Array(svg.utf8), to: source)
            let converted = ChildProcess.output([
                Self.converter, "-z", String(zoom), "-o", target, source,
            ])
            return converted?.code == 0 ? try Files.read(target) : nil
        }
    }

    /// Shows it on a terminal that is known to show pictures.
    func show() {
        guard StandardStream.output.isTerminal, let protocolName = Self.terminal, let png = png(zoom: 1)
        else { return }
        let text = Base64.text(png)
        switch protocolName {
        case .kitty:
            // https://sw.kovidgoyal.net/kitty/graphics-protocol: pieces of 4096, the last one with m=0.
            var rest = text[...]
            var head = "a=T,f=100,"
            while !rest.isEmpty {
                let piece = rest.prefix(4096)
                rest = rest.dropFirst(4096)
                StandardStream.output.write(
                    bytes: Array("\u{1b}_G\(head)m=\(rest.isEmpty ? 0 : 1);\(piece)\u{1b}\\".utf8))
                head = ""
            }
            StandardStream.output.write("\n")
        case .iTerm:
            // https://iterm2.com/documentation-images.html
            StandardStream.output.write(
                bytes: Array("\u{1b}]1337;File=inline=1;size=\(png.count):\(text)\u{7}\n".utf8))
        }
    }

    private enum Graphics { case kitty, iTerm }

    private static var terminal: Graphics? {
        let (term, program) = (Environment["TERM"] ?? "", Environment["TERM_PROGRAM"] ?? "")
        if Environment["TMUX"] != nil { return nil }
        if Environment["KITTY_WINDOW_ID"] != nil || ["xterm-kitty", "xterm-ghostty"].contains(term)
            || program == "ghostty"
        {
            return .kitty
        }
        return ["iTerm.app", "WezTerm"].contains(program) ? .iTerm : nil
    }
}
