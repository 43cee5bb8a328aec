import Text

/// Sobol's sequence (1967): points that fill a cube evenly, however many are taken, with the direction numbers of Joe and Kuo
/// (2008, new-joe-kuo-6.21201). With a seed it is shifted as a whole (a digital shift).
package struct SobolSequence: Sendable {
    /// The most dimensions that there are numbers for.
    package static let most = joeKuo.count + 1

    private let directions: [[UInt32]]
    private let shifts: [UInt32]

    /// - Parameter dimensions: at most `most`.
    package init(dimensions: Int, seed: Int64) {
        directions = (0..<dimensions).map(Self.directions)
        shifts = (0..<dimensions).map { index in
            seed == 0 ? 0 : UInt32(RandomDraw.fraction(Int64(index + 1), of: seed) * 0x1p32)
        }
    }

    /// The coordinates of a point, from 0, below 1.
    ///
    /// - Parameter number: from 1.
    package func point(_ number: Int) -> [Double] {
        // The order of Antonov and Saleev (1979).
        let place = UInt32(truncatingIfNeeded: number - 1)
        let code = place ^ (place >> 1)
        return zip(directions, shifts).map { directions, shift in
            var x = shift
            for bit in 0..<32 where (code >> UInt32(bit)) & 1 == 1 { x ^= directions[bit] }
            return Double(x) * 0x1p-32
        }
    }

    private static func directions(of dimension: Int) -> [UInt32] {
        if dimension == 0 { return (0..<32).map { 1 << (31 - UInt32($0)) } }
        let (degree, polynomial, first) = joeKuo[dimension - 1]
        var all: [UInt32] = []
        for index in 0..<32 {
            if index < degree {
                all.append(first[index] << (31 - UInt32(index)))
                continue
            }
            let before = all[index - degree]
            var next = before ^ (before >> UInt32(degree))
            for step in 1..<max(1, degree) where (polynomial >> UInt32(degree - 1 - step)) & 1 == 1 {
                next ^= all[index - step]
            }
            all.append(next)
        }
        return all
    }

    /// Of each dimension but the first: the degree of its polynomial, its coefficients, and the first numbers.
    private static let joeKuo: [(degree: Int, polynomial: UInt32, first: [UInt32])] = [
        (1, 0, [1]), (2, 1, [1, 3]), (3, 1, [1, 3, 1]), (3, 2, [1, 1, 1]), (4, 1, [1, 1, 3, 3]),
        (4, 4, [1, 3, 5, 13]), (5, 2, [1, 1, 5, 5, 17]), (5, 4, [1, 1, 5, 5, 5]), (5, 7, [1, 1, 7, 11, 19]),
        (5, 11, [1, 1, 5, 1, 1]), (5, 13, [1, 1, 1, 3, 11]), (5, 14, [1, 3, 5, 5, 31]),
        (6, 1, [1, 3, 3, 9, 7, 49]), (6, 13, [1, 1, 1, 15, 21, 21]), (6, 16, [1, 3, 1, 13, 27, 49]),
        (6, 19, [1, 1, 1, 15, 7, 5]), (6, 22, [1, 3, 1, 15, 13, 25]), (6, 25, [1, 1, 5, 5, 19, 61]),
        (7, 1, [1, 3, 7, 11, 23, 15, 103]), (7, 4, [1, 3, 7, 13, 13, 15, 69]),
    ]
}
