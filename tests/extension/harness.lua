-- Runs the extension's shortcode as Quarto would, over a stub of quarto.*: pandoc lua harness.lua <folder> <case as JSON>.
-- The case: formats (those that is_format answers yes to), kwargs, args, meta, context, input, to (a pandoc format).
-- It prints, as JSON, the warnings, the dependencies and the output written by pandoc.
local folder, case = arg[1], pandoc.json.decode(arg[2])
local warnings, dependencies = pandoc.List({}), pandoc.List({})

local function is_format(name)
  for _, known in ipairs(case.formats) do
    if known == name then return true end
  end
  return false
end

quarto = {
  doc = {
    input_file = case.input,
    is_format = is_format,
    add_html_dependency = function(dependency) dependencies:insert(dependency) end,
  },
  project = { directory = case.project },
  log = { warning = function(sentence) warnings:insert(sentence) end },
  utils = { resolve_path = function(name) return pandoc.path.join({ folder, name }) end },
  shortcode = {
    error_output = function(name, message, context)
      local shown = pandoc.Strong("?" .. name .. ": " .. message)
      return context == "block" and pandoc.Para({ shown }) or pandoc.Inlines({ shown })
    end,
  },
}

-- Keyword arguments arrive as inlines, and those that are missing as "".
local kwargs = setmetatable({}, { __index = function() return "" end })
for name, value in pairs(case.kwargs) do kwargs[name] = pandoc.Inlines(value) end

local meta = pandoc.Meta(case.meta or {})
local shortcode = dofile(pandoc.path.join({ folder, "kvlab.lua" })).kvlab
local result = shortcode(case.args or {}, kwargs, meta, {}, case.context or "block")
local blocks = pandoc.utils.type(result) == "Inlines" and pandoc.Blocks({ pandoc.Para(result) }) or pandoc.Blocks(result)
local output = pandoc.write(pandoc.Pandoc(blocks), case.to)
print(pandoc.json.encode({ warnings = warnings, dependencies = dependencies, output = output }))
