import Testing
import Text

@testable import System

@Suite("What the tools of GPUs print", .timeLimit(.minutes(20)))
struct GPUTests {
    @Test("what nvidia-smi lists, and of it what CUDA_VISIBLE_DEVICES allows")
    func listed() {
        let text = "0, GPU-5c2f0000-1, 24564\n1, GPU-aabb0000-2, 8192, [N/A]\nnonsense\n"
        #expect(GPU.listed(text, visible: nil).map(\.name) == ["0", "1"])
        #expect(GPU.listed(text, visible: "1").map(\.memory) == [8192 << 20])
        #expect(GPU.listed(text, visible: "GPU-5c2f").map(\.name) == ["0"])
        #expect(GPU.listed(text, visible: "").isEmpty)
    }

    private static let parts = """
        GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa)
          MIG 3g.20gb     Device  0: (UUID: MIG-0001)
          MIG 1c.1g.5gb+me Device  1: (UUID: MIG-0002)
        GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb)
        GPU 2: NVIDIA A100-SXM4-40GB (UUID: GPU-cccc)
          MIG 7g.40gb     Device  0: (UUID: MIG-0003)
        """

    @Test("the parts of a GPU count as devices, with the memory of their profile; one without parts as none")
    func parts() {
        let text = "0, GPU-aaaa, 40960, Enabled\n1, GPU-bbbb, 40960, Enabled\n2, GPU-cccc, 40960, Disabled\n"
        let all = GPU.listed(text, parts: Self.parts, visible: nil)
        #expect(all.map(\.name) == ["MIG-0001", "MIG-0002", "2"])
        #expect(all.map { $0.memory >> 30 } == [20, 5, 40])
        #expect(GPU.listed(text, parts: Self.parts, visible: "MIG-0002,2").map(\.name) == ["MIG-0002", "2"])
        #expect(GPU.listed(text, parts: Self.parts, visible: "0").map(\.name) == ["MIG-0001", "MIG-0002"])
    }

    @Test("a GPU is in use by a process that computes, or by a GiB of memory; what a driver takes is none")
    func uses() {
        let listed = "0, GPU-aaaa, 21504\n1, GPU-bbbb, 600\n2, GPU-cccc, 2048\n3, GPU-dddd, [N/A]\n"
        let uses = GPU.uses(listed: listed, processes: "GPU-aaaa, 4711, 20480\nGPU-dddd, 12, [N/A]\n")
        #expect(uses["0"] == GPU.Use(memory: 21504 << 20, process: 4711))
        #expect(uses["1"] == nil)
        #expect(uses["2"] == GPU.Use(memory: 2048 << 20))
        #expect(uses["3"] == GPU.Use(memory: 0, process: 12))
        #expect(uses["2"]?.text == "another program, 2.1 GB")
        // What an idle worker of xpm's keeps there is in nobody's way.
        let own = GPU.uses(listed: listed, processes: "GPU-aaaa, 4711, 21000\n") { $0 == 4711 }
        #expect(own["0"] == nil && own["2"] != nil)
    }

    @Test("what rocm-smi tells, also behind a warning")
    func amd() {
        let text = """
            WARNING: AMD GPU device(s) is/are in a low-power state.
            {"card0": {"VRAM Total Memory (B)": "17163091968", "VRAM Total Used Memory (B)": "2147483648"},
             "card1": {"VRAM Total Memory (B)": "17163091968"}, "system": {"Driver version": "6.2"}}
            """
        let cards = GPU.cards(in: text)
        #expect(cards.map(\.name) == ["0", "1"] && cards.map(\.used) == [2 << 30, 0])
        #expect(GPU.cards(in: "no GPU").isEmpty)
    }
}
