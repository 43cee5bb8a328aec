import Glibc
import Text

enum Standard {
    static func exit(_ code: Int32) -> Never { Glibc.exit(code) }
}
