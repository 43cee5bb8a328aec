import Settings
import Testing
import Text

@Suite("Lists of numbers and draws", .timeLimit(.minutes(20)))
struct NumberListTests {
    @Test("decades, halves and steps are the numbers that people write")
    func exact() {
        #expect(NumberList.geomspace(1e-6, 1, 7) == [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1])
        #expect(NumberList.geomspace(1, 1e-6, 7) == [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6])
        #expect(NumberList.geomspace(1e-300, 1e300, 3) == [1e-300, 1, 1e300])
        #expect(NumberList.geomspace(2, 32, 5) == [2, 4, 8, 16, 32])
        #expect(NumberList.geomspace(-8, -1, 4) == [-8, -4, -2, -1])
        #expect(NumberList.geomspace(1e-4, 1e-3, 3) == [1e-4, 0.00031622776601683794, 1e-3])
        #expect(NumberList.logspace(-5, -1, 5) == [1e-5, 1e-4, 1e-3, 0.01, 0.1])
        #expect(NumberList.logspace(0, 1, 3) == [1, 3.1622776601683795, 10])
        #expect(NumberList.linspace(0, 1, 11) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
        #expect(NumberList.linspace(0, 1, 4) == [0, 1.0 / 3, 2.0 / 3, 1])
        #expect(NumberList.range(0.1, 0.5, by: 0.1) == [0.1, 0.2, 0.3, 0.4, 0.5])
        #expect(NumberList.range(1, 0, by: -0.25) == [1, 0.75, 0.5, 0.25, 0])
        #expect(NumberList.range(0, 1e9, by: 1e-9) == nil)
        // Lists that begin below 0 have a plain 0, and the numbers that people write.
        #expect(NumberList.range(-0.3, 0.3, by: 0.1) == [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3])
        #expect(NumberList.range(-0.3, 0.3, by: 0.1)?[3].sign == .plus)
        #expect(NumberList.linspace(-0.3, 0.3, 7) == NumberList.range(-0.3, 0.3, by: 0.1))
        #expect(
            RandomDraw.loguniform(1e-300, 1e300, 0.5) > 0.999
                && RandomDraw.loguniform(1e-300, 1e300, 0.5) < 1.001)
        #expect(NumberList.multiples(of: 1e-4, by: 10, 4) == [1e-4, 1e-3, 0.01, 0.1])
        #expect(NumberList.multiples(of: 3, by: 0.1, 4) == [3, 0.3, 0.03, 0.003])
    }

    @Test("every decade of every length is the decimal's nearest float")
    func decades() {
        for low in -20...0 {
            for high in (low + 1)...(low + 25) {
                let list = NumberList.geomspace(Double("1e\(low)")!, Double("1e\(high)")!, high - low + 1)
                #expect(list == (low...high).map { Double("1e\($0)")! }, "\(low) \(high)")
            }
        }
    }

    @Test("a seed draws the same for ever")
    func golden() {
        #expect(
            (1...3).map { RandomDraw.fraction($0, of: 7) } == [
                0.38982974839127149, 0.01678829452815611, 0.90076068060688341,
            ])
        #expect(RandomDraw.integer(1, 10, 0.999) == 10 && RandomDraw.integer(-3, -3, 0.5) == -3)
        #expect(RandomDraw.index(below: 4, 0.75) == 3)
        #expect(ConfigurationSweep.pick(3, of: 10, seed: 7) == ConfigurationSweep.pick(3, of: 10, seed: 7))
    }
}
