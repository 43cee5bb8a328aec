"""Random objects, told in Lua and in Python: do both sides give one identifier?

differential.py COUNT SEED writes objects.lua and prints the identifiers that experimaestro computes, a line each.
"""

import math
import random
import struct
import sys

from lab.types import Color, Leaf, Node, Part, Setup, Special, Use, Work

HERE = __file__.rsplit("/", 1)[0]


def lua_float(value):
    if math.isinf(value):
        return "math.huge" if value > 0 else "-math.huge"
    return value.hex() if value != 0 else ("-0.0" if math.copysign(1, value) < 0 else "0.0")


def lua_int(value):
    return "math.mininteger" if value == -(2**63) else str(value)


def lua_string(value):
    return '"' + "".join("\\%03d" % b if b < 48 or b > 126 or b in (34, 92) else chr(b) for b in value.encode()) + '"'


class Maker:
    """Makes objects on both sides at once; `lines` are the Lua ones."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.count = 0

    def integer(self):
        r = self.random
        return r.choice([0, 1, -1, 7, 2**63 - 1, -(2**63), r.randint(-100, 100), r.randint(-(2**63), 2**63 - 1)])

    def number(self):
        r = self.random
        bits = struct.unpack("!d", struct.pack("!Q", r.getrandbits(64)))[0]
        return r.choice(
            [0.0, -0.0, 1.0, 0.1, 1e-320, math.inf, -math.inf, r.random(), 0.0 if math.isnan(bits) else bits]
        )

    def text(self):
        r = self.random
        alphabet = "abcXYZ 0'\"\\/{}[]:,\x0f\x10\x1f\x7fäéſ中😀e\u0301"
        return r.choice(["", "plain", "".join(r.choice(alphabet) for _ in range(r.randint(0, 12)))])

    def define(self, type_name, python, lua):
        self.count += 1
        name = f"o[{self.count}]"
        fields = ", ".join(f"[{lua_string(key)}] = {value}" for key, value in lua.items())
        self.lines.append(f"{name} = T.{type_name} {{ {fields} }}")
        return python, name

    def some(self, make, most=3):
        return [make() for _ in range(self.random.randint(0, most))]

    def leaf(self):
        r = self.random
        python, lua = {}, {}
        python["f"] = self.number()
        lua["f"] = lua_float(python["f"])
        if r.random() < 0.6:
            python["i"] = self.integer()
            lua["i"] = lua_int(python["i"])
        if r.random() < 0.6:
            python["s"] = self.text()
            lua["s"] = lua_string(python["s"])
        if r.random() < 0.5:
            python["b"] = r.random() < 0.5
            lua["b"] = str(python["b"]).lower()
        if r.random() < 0.3:
            python["note"] = self.text()
            lua["note"] = lua_string(python["note"])
        if r.random() < 0.3:
            color = r.choice(list(Color))
            python["color"] = color
            lua["color"] = f'"{color.name}"'
            return self.define("Special", Special.C(**python), lua)
        return self.define("Leaf", Leaf.C(**python), lua)

    def node(self, depth=0):
        r = self.random
        python, lua = {}, {}

        def put(name, pair):
            python[name], lua[name] = pair

        def pairs(values):
            return [p for p, _ in values], "{ " + ", ".join(l for _, l in values) + " }"

        leaves = [self.leaf() for _ in range(3)]
        put("leaf", r.choice(leaves))
        if r.random() < 0.4:
            put("maybe", r.choice(leaves))
        if r.random() < 0.4:
            value = self.integer()
            put("number", (value, lua_int(value)))
        if r.random() < 0.5:
            put("leaves", pairs(self.some(lambda: r.choice(leaves))))
        if r.random() < 0.5:
            values = self.some(self.number)
            put("floats", (values, "{ " + ", ".join(map(lua_float, values)) + " }"))
        if r.random() < 0.4:
            values = self.some(lambda: self.some(self.integer))
            inner = ["{ " + ", ".join(map(lua_int, one)) + " }" for one in values]
            put("nested", (values, "{ " + ", ".join(inner) + " }"))
        if r.random() < 0.4:
            values = {self.text(): self.integer() for _ in range(r.randint(0, 3))}
            told = ", ".join(f"[{lua_string(k)}] = {lua_int(v)}" for k, v in values.items())
            put("names", (values, "{ " + told + " }"))
        if r.random() < 0.4:
            values = {self.text(): r.choice(leaves) for _ in range(r.randint(0, 3))}
            told = ", ".join(f"[{lua_string(k)}] = {v[1]}" for k, v in values.items())
            put("models", ({k: v[0] for k, v in values.items()}, "{ " + told + " }"))
        values = {self.integer() for _ in range(r.randint(0, 4))}
        put("ints", (values, "{ " + ", ".join(map(lua_int, values)) + " }"))
        if r.random() < 0.4:
            parts = [self.define("Part", Part.C(n=n), {"n": str(n)}) for n in (1, 1, 2)]
            put("parts", pairs(self.some(lambda: r.choice(parts), 4)))
        if depth < 3 and r.random() < 0.4:
            put("next", self.node(depth + 1))
        return self.define("Node", Node.C(**python), lua)

    def marked(self):
        """A node of which a leaf is marked as meta."""
        python, lua = self.node()
        python.leaf.__xpm__.set_meta(True)
        self.lines.append(f"xpm.setmeta({lua}.leaf, true)")
        return python, lua

    def submitted(self):
        node, lua_node = self.node()
        lua = {"node": lua_node}
        python = {"node": node}
        if self.random.random() < 0.5:
            python["fixed"] = self.text()
            lua["fixed"] = lua_string(python["fixed"])
        task, name = self.define("Work", Work.C(**python), lua)
        options = ""
        if self.random.random() < 0.4:
            setup, lua_setup = self.define("Setup", Setup.C(seed=3), {"seed": "3"})
            task.__xpm__.set_init_tasks([setup])
            options = f"{{ init_tasks = {{ {lua_setup} }} }}"
        task.__xpm__.task = task
        task.__xpm__.job = object()
        self.lines.append(f"{name}:submit({options})")
        return task, name

    def cyclic(self):
        """Two nodes that refer to each other."""
        one, lua_one = self.node(3)
        two, lua_two = self.node(3)
        one.next = two
        two.next = one
        self.lines.append(f"{lua_one}.next, {lua_two}.next = {lua_two}, {lua_one}")
        return one, lua_one

    def any(self):
        kind = self.random.choice(["leaf", "node", "node", "marked", "work", "use", "cyclic"])
        if kind == "use":
            work, lua_work = self.submitted()
            color = self.random.choice(list(Color))
            return self.define("Use", Use.C(work=work, color=color), {"work": lua_work, "color": f'"{color.name}"'})
        return {
            "leaf": self.leaf, "node": self.node, "marked": self.marked, "work": self.submitted, "cyclic": self.cyclic
        }[kind]()


def main():
    count, seed, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    maker = Maker(seed)
    with open(target, "w") as out:
        out.write(f"package.path = {lua_string(HERE)} .. '/?.lua;' .. package.path\n")
        out.write("local xpm = require 'xpm'\nlocal T = require 'types'\nfunction run()\n  local o\n")
        for number in range(count):
            maker.lines, maker.count = [], 0
            python, name = maker.any()
            out.write("  o = {}\n" + "".join(f"  {line}\n" for line in maker.lines))
            out.write(f"  io.stderr:write('id ', {name}:identifier(), '\\n')\n")
            print("id", python.__xpm__.identifier.all.hex())
        out.write("end\n")


main()
