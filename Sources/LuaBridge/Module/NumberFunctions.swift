import Settings
import Text

/// Lists of numbers and random draws, for `sweeps.lua`. The arguments are checked there.
extension XpmModule {
    func addNumberFunctions() {
        add("linspace") { stack in
            self.push(NumberList.linspace(stack.float(1), stack.float(2), Int(stack.int(3))), stack)
        }
        add("geomspace") { stack in
            self.push(NumberList.geomspace(stack.float(1), stack.float(2), Int(stack.int(3))), stack)
        }
        add("logspace") { stack in
            self.push(NumberList.logspace(stack.float(1), stack.float(2), Int(stack.int(3))), stack)
        }
        // Nil where there are too many.
        add("steps") { stack in
            guard let numbers = NumberList.range(stack.float(1), stack.float(2), by: stack.float(3)) else {
                stack.pushNil()
                return 1
            }
            return self.push(numbers, stack)
        }
        // fraction(seed, number)
        add("fraction") { stack in
            stack.push(RandomDraw.fraction(stack.int(2), of: stack.int(1)))
            return 1
        }
        // uniform(low, high, part), and so on
        add("uniform") { stack in
            stack.push(RandomDraw.uniform(stack.float(1), stack.float(2), stack.float(3)))
            return 1
        }
        add("loguniform") { stack in
            stack.push(RandomDraw.loguniform(stack.float(1), stack.float(2), stack.float(3)))
            return 1
        }
        add("integer") { stack in
            stack.push(RandomDraw.integer(stack.int(1), stack.int(2), stack.float(3)))
            return 1
        }
        // sobol(dimensions, number, seed): the point, nil for more dimensions than there are; sobol(): how many
        add("sobol") { stack in
            guard !stack.isAbsent(1) else {
                stack.push(Int64(SobolSequence.most))
                return 1
            }
            let dimensions = stack.int(1)
            guard dimensions <= SobolSequence.most else {
                stack.pushNil()
                return 1
            }
            if self.sobol?.dimensions != dimensions || self.sobol?.seed != stack.int(3) {
                let sequence = SobolSequence(dimensions: Int(dimensions), seed: stack.int(3))
                self.sobol = (dimensions, stack.int(3), sequence)
            }
            return self.push(self.sobol?.sequence.point(Int(stack.int(2))) ?? [], stack)
        }
        // place(count, part), from 1
        add("place") { stack in
            stack.push(Int64(RandomDraw.index(below: Int(stack.int(1)), stack.float(2)) + 1))
            return 1
        }
        // picked(count, total, seed): places from 1, in order
        add("picked") { stack in
            let picked = ConfigurationSweep.pick(
                Int(stack.int(1)), of: Int(stack.int(2)), seed: UInt64(bitPattern: stack.int(3)))
            return self.push(picked, stack) { stack.push(Int64($0 + 1)) }
        }
    }

    private func push(_ numbers: [Double], _ stack: LuaStack) -> Int {
        push(numbers, stack) { stack.push($0) }
    }

    private func push<Element>(_ elements: [Element], _ stack: LuaStack, _ one: (Element) -> Void) -> Int {
        stack.pushTable(sequence: elements.count)
        let table = stack.absolute(-1)
        for (index, element) in elements.enumerated() {
            one(element)
            stack.set(at: Int64(index + 1), in: table)
        }
        return 1
    }
}
