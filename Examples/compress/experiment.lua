-- How small and how fast: compression programs at several levels on a real file.
local xpm = require "xpm"

local Compress = xpm.task {
  id = "compress.run",
  help = "Compresses a file, and checks that it comes back unchanged",
  params = {
    program = xpm.enum { "gzip", "bzip2", "xz", "zstd" },
    level = xpm.int { min = 1, max = 19 },
    input = xpm.string { help = "Path of the file" },
    compressed = xpm.job_path "compressed",
  },
  command = { "sh", "{here}/measure.sh", "{program}", "{level}", "{input}", "{compressed}" },
}

local Best = xpm.task {
  id = "compress.best",
  help = "The smallest of all",
  params = { runs = xpm.list(Compress) },
  execute = function(self)
    local best
    for _, run in ipairs(self.runs) do
      local size = assert(io.open(run.compressed, "rb")):seek "end"
      self:log(("%-6s %2d  %8d bytes"):format(run.program, run.level, size))
      if not best or size < best.bytes then
        best = { bytes = size, program = run.program, level = run.level }
      end
    end
    self:result(best)
  end,
}

local Configuration = xpm.configuration {
  input = xpm.string { default = "/bin/sh", help = "The file to compress" },
  levels = xpm.map(xpm.string, xpm.list(xpm.int)) { help = "The levels of each program" },
}

local function run(helper, cfg)
  local runs = {}
  for program, levels in pairs(cfg.levels) do
    if os.execute("command -v " .. program .. " >/dev/null") then
      for _, level in ipairs(levels) do
        runs[#runs + 1] = Compress {
          program = xpm.tag(program),
          level = xpm.tag(level),
          input = cfg.input,
        }:submit()
      end
    else
      io.stderr:write(program, " is not installed: left out\n")
    end
  end
  Best { runs = runs }:submit()
end

return xpm.experiment { configuration = Configuration, run = run }
