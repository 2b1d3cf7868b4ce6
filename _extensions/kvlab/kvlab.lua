-- {{< kvlab act=1 >}}: the lab in a Quarto document. A reader of HTML opens it in place; every other format gets the figure, the
-- caption and the address, and on paper a QR code beside them.
--
-- Options: act, url, stage, height, load, title, alt; all but act may have a default under `extensions: kvlab:` in _quarto.yml.
-- Wrong use never stops a book: it is a warning that names the file and the way out, and what can still be shown is shown.

local function part(name)
  return quarto.utils.resolve_path(name)
end
local spoken = dofile(part("words.lua"))
local words = spoken.en -- of the document's language, see speak
local qr = dofile(part("qr.lua"))

local OPTIONS = { "act", "url", "stage", "height", "load", "title", "alt" }
local CHOICES = {
  act = {},
  stage = { "predict", "reality", "explore", "twist", "reflect" },
  load = { "click", "visible", "eager" },
}
for choice, about in pairs(spoken.en) do
  if type(about) == "table" then
    table.insert(CHOICES.act, choice)
  end
end
table.sort(CHOICES.act)
local FIGURE_WIDTH = "640"

-- --- What is asked for ---------------------------------------------------------------------------------------------------

local function text(value)
  return value and pandoc.utils.stringify(value) or ""
end

local function listed(names)
  return table.concat(names, ", ")
end

local function has(names, name)
  for _, known in ipairs(names) do
    if known == name then return true end
  end
  return false
end

-- Where the reader of a warning has to look: the file, as seen from the project. A book that becomes one file is read as its
-- first document, so there the shortcode's own words tell which of them it is.
local place = ""

local function where(kwargs, meta)
  local file = quarto.doc.input_file
  local root = quarto.project and quarto.project.directory
  local name = root and pandoc.path.make_relative(file, root) or file
  local may_be_merged = root and not quarto.doc.is_format("html:js") and pandoc.path.filename(name):match("^index%.")
  if not may_be_merged then return name end
  local said = {}
  for _, option in ipairs(OPTIONS) do
    if text(kwargs[option]) ~= "" then said[#said + 1] = " " .. option .. '="' .. text(kwargs[option]) .. '"' end
  end
  local document = meta and meta.book and "a document of this book" or name .. " or another document of its book"
  return document .. ", at {{< kvlab" .. table.concat(said) .. " >}}"
end

local function warn(sentence)
  quarto.log.warning("kvlab in " .. place .. ": " .. sentence)
end

-- The options of one use: what the shortcode says, else the document's or project's default, else nothing.
local function options(kwargs, meta)
  local defaults = meta and meta.extensions and meta.extensions.kvlab or {}
  local found = {}
  for _, name in ipairs(OPTIONS) do
    local said = text(kwargs[name])
    if said == "" and defaults[name] ~= nil then said = text(defaults[name]) end
    if said ~= "" then found[name] = said end
  end
  found.own_url = text(kwargs.url) ~= ""
  for name in pairs(kwargs) do
    if not has(OPTIONS, name) then warn("there is no option “" .. name .. "”. Use one of " .. listed(OPTIONS) .. ".") end
  end
  for name, choices in pairs(CHOICES) do
    if found[name] and not has(choices, found[name]) then
      warn(name .. '="' .. found[name] .. '" is not known. Use one of ' .. listed(choices) .. ".")
      found[name] = nil
    end
  end
  if found.height and found.height ~= "window" and not found.height:match("^%d+$") then
    warn('height="' .. found.height .. '" is not a number of pixels. Write height=700 or height=window, or leave it out and the frame follows the lab.')
    found.height = nil
  end
  return found
end

-- --- Where the lab lies ----------------------------------------------------------------------------------------------------

local FILE_ENDINGS = { "html", "htm", "xhtml", "php", "qmd", "md" } -- what looks like a host's last part and is a file's
local OWN_NAMES = { "act", "stage", "embed", "theme" } -- what the lab's address may ask for; here options do that

local function is_host(name)
  local ending = name:match("^[%w-][%w.-]*%.(%a[%a]+)$")
  return (ending and not has(FILE_ENDINGS, ending:lower())) or name == "localhost" or name:match("^%d+%.%d+%.%d+%.%d+$")
end

local function is_local(url)
  local host = url:match("^https?://([^/:?#]*)")
  return host == "localhost" or host:match("^127%.") or host:match("%.localhost$")
end

-- The address with slips mended that can be read in one way only, and what is taken from it for act and stage.
local function mended(url)
  local taken = {}
  local function take(name, value)
    if has(OWN_NAMES, name) then
      if CHOICES[name] and has(CHOICES[name], value) then taken[name] = value end
      return true
    end
  end
  url = url:gsub("^[%s\u{a0}]+", ""):gsub("[%s]+$", ""):gsub("\\", "/")
  local head, fragment = url:match("^([^#]*)#(.*)$")
  if head then
    url = head
    take("act", fragment:match("^act(%w+)$") or "")
  end
  local path, query = url:match("^([^?]*)%?(.*)$")
  if path then
    local kept = {}
    for pair in query:gmatch("[^&]+") do
      if not take(pair:match("^([^=]*)=?(.*)$")) then kept[#kept + 1] = pair end
    end
    url = path .. (#kept > 0 and "?" .. table.concat(kept, "&") or "")
  end
  local scheme, rest = url:match("^(%a+):/?/?([^/].*)$")
  if scheme and has({ "http", "https" }, scheme:lower()) then
    url = scheme:lower() .. "://" .. rest
  elseif url:match("^//") then
    url = "https:" .. url
  else
    local host = url:match("^[^/?#]*")
    if is_host((host:gsub(":%d+$", ""))) then url = (host:match("^localhost") or host:match("^127%.")) and "http://" .. url or "https://" .. url end
  end
  return (url:gsub("%s", "%%20")), taken
end

-- What is wrong with an address that can't be mended, as the sentence that says what to write; nil where nothing is.
-- The first that fits counts: one warning is enough.
local function doubtful(asked, meta)
  local url, html_js = asked.url, quarto.doc.is_format("html:js")
  local project = meta and (meta.website or meta.book)
  local site = type(project) == "table" and project["site-url"]
  if not url:match("^https?://") then
    if url:match("^/") then return nil end
    if url:match("^%.%.?/") and (asked.own_url or not place:find("[/\\]")) then return nil end
    return "leads to another place from each folder of the site. Write the whole address, from https:// on, or a path from the site’s root, such as url=/"
      .. url:gsub("^[./]+", "") .. "; or url=./" .. url:gsub("^[./]+", "") .. " in the shortcode, if the lab lies beside this very page."
  end
  if url:match("^https?://github%.com/") then
    return "is where the code lies, and can’t be shown in a page. Write the address of the built lab, such as url=https://OWNER.github.io/REPO/."
  end
  if url:match("/act%w*/?$") then
    return "ends in the name of an act, and the lab is one page. Write url=" .. url:gsub("act%w*/?$", "") .. " and act=1, 2 or all."
  end
  if html_js and url:match("^http://") and not is_local(url) and not (site and text(site):match("^http://")) then
    return "begins with http://, and a page on https:// shows nothing of it. Write https://, if the lab’s server answers there; a book on http:// says so by its site-url."
  end
end

-- The lab's address as it will be used, in asked.url; nil with a sentence when there is none.
local function locate(asked, meta)
  if not asked.url then
    return "nothing says where the lab lies. Write url=https://... here, or once in _quarto.yml under extensions: kvlab: url:."
  end
  local written = asked.url
  local url, taken = mended(written)
  if url == "" or url:match("^https?://$") or url:match("^https?://[/?#]") or (url:match("^%a[%w+.-]*:") and not url:match("^https?://")) then
    return 'url="' .. written .. '" is no address of a page. Write one that begins with https://.'
  end
  asked.url = url
  local also = ""
  for _, name in ipairs({ "act", "stage" }) do
    if taken[name] and not asked[name] then
      asked[name] = taken[name]
      also = also .. " " .. name .. "=" .. taken[name]
    end
  end
  if not url:match("^https?://") and not quarto.doc.is_format("html:js") then
    warn('url="' .. written .. '" means nothing on paper or in an e-book, so the link is left out. Write the whole address, from https:// on.')
    asked.url = nil
    return
  end
  local doubt = doubtful(asked, meta)
  if doubt then
    warn('url="' .. written .. '" ' .. doubt)
  elseif url ~= written then
    warn('url="' .. written .. '" is no plain address of the lab and is read as ' .. url .. also .. ". Write url=" .. url .. also .. ".")
  end
end

-- The lab's own page at the act in question.
local function address(asked)
  return asked.act == "all" and asked.url or asked.url .. "#act" .. asked.act
end

-- --- What is shown -------------------------------------------------------------------------------------------------------

-- A figure's path as seen from the document. An absolute path would be read as one from the project's root.
local function figure(asked, ending)
  local folder = ending:match("svg$") and words.drawn or words.painted
  local file = part("figures/" .. folder .. "act" .. words[asked.act].figure .. ending)
  return pandoc.path.make_relative(file, pandoc.path.directory(quarto.doc.input_file), true)
end

local function alt(asked)
  return asked.alt or words[asked.act].alt
end

local function escaped(value)
  return (value:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }))
end

local function attributes(pairs_of)
  local written = {}
  for _, pair in ipairs(pairs_of) do
    if pair[2] then written[#written + 1] = " " .. pair[1] .. '="' .. escaped(pair[2]) .. '"' end
  end
  return table.concat(written)
end

local function image(asked, look)
  local file = figure(asked, "-" .. look .. ".svg")
  return "<img" .. attributes({ { "class", "kvlab-" .. look }, { "src", file }, { "alt", alt(asked) }, { "width", FIGURE_WIDTH } }) .. ">"
end

-- The element with the figure and the link inside it, which stay where no script runs.
local function html(asked)
  quarto.doc.add_html_dependency({
    name = "kvlab",
    version = spoken.version,
    scripts = { "kv-lab.js" },
    stylesheets = { "kvlab.css" },
  })
  local said = words[asked.act]
  local title = asked.title or said.title
  local element = attributes({
    { "url", asked.url },
    { "act", asked.act },
    { "stage", asked.stage },
    { "load", asked.load },
    { "height", asked.height },
    { "title", title },
  })
  local link = "<a" .. attributes({ { "href", address(asked) } }) .. ">"
  return pandoc.RawBlock(
    "html",
    "<kv-lab" .. element .. '><figure class="kvlab-figure">' .. link .. image(asked, "light") .. image(asked, "dark") .. "</a>"
      .. "<figcaption><strong>" .. escaped(title) .. ".</strong> " .. escaped(said.caption) .. " "
      .. link .. escaped(words.open) .. "</a></figcaption></figure></kv-lab>"
  )
end

local function picture(asked, ending)
  local attr = pandoc.Attr("", {}, { width = "100%" })
  local shown = pandoc.Image(pandoc.Inlines(alt(asked)), figure(asked, ending), "", attr)
  return pandoc.Para({ asked.url and pandoc.Link({ shown }, address(asked)) or shown })
end

-- Title, caption and link; on paper the link is the address itself.
local function caption(asked, on_paper)
  local said = words[asked.act]
  local inlines = pandoc.Inlines({ pandoc.Strong(pandoc.Inlines((asked.title or said.title) .. ".")), pandoc.Space() })
  inlines:extend(pandoc.Inlines(said.caption))
  if asked.url then
    local link = on_paper and { pandoc.Str(address(asked)) } or pandoc.Inlines(words.open)
    inlines:extend({ pandoc.Space(), pandoc.Link(link, address(asked)) })
  end
  return pandoc.Para(inlines)
end

-- Caption on the left, QR code on the right, in the raw code of a typesetter.
local function beside_code(asked, format, before, between, after, draw)
  local matrix = asked.url and qr.matrix(address(asked))
  if not matrix then return { caption(asked, true) } end
  return {
    pandoc.RawBlock(format, before),
    caption(asked, true),
    pandoc.RawBlock(format, between .. draw(matrix) .. after),
  }
end

local function latex(asked)
  local before = "\\par\\noindent\\begin{minipage}[c]{\\dimexpr\\linewidth-30mm\\relax}\\raggedright\\small"
  local between = "\\end{minipage}\\hfill\\begin{minipage}[c]{26mm}"
  local shown = picture(asked, "-print.pdf")
  shown.content:insert(1, pandoc.RawInline("latex", "\\noindent ")) -- it is as wide as the page
  return { shown, table.unpack(beside_code(asked, "latex", before, between, "\\end{minipage}\\par", qr.latex)) }
end

-- Written here, for pandoc's writer leaves out a picture's alternative text.
local function typst_picture(asked)
  local function quoted(value)
    return '"' .. value:gsub('[\\"]', "\\%0") .. '"'
  end
  local file = figure(asked, "-print.svg"):gsub("\\", "/")
  local shown = "image(" .. quoted(file) .. ", width: 100%, alt: " .. quoted(alt(asked)) .. ")"
  return pandoc.RawBlock("typst", "#" .. (asked.url and "link(" .. quoted(address(asked)) .. ", " .. shown .. ")" or shown))
end

local function typst(asked)
  local before = "#grid(columns: (1fr, auto), column-gutter: 1em, align: horizon, ["
  return { typst_picture(asked), table.unpack(beside_code(asked, "typst", before, "], [", "])", qr.typst)) }
end

-- Format as Quarto names it, and what it gets; the first that fits.
local FORMS = {
  { "html:js", html },
  { "epub", function(asked) return { picture(asked, "-light.svg"), caption(asked) } end },
  { "typst", typst },
  { "pdf", latex },
  { "latex", latex },
  { "docx", function(asked) return { picture(asked, ".png"), caption(asked, true) } end },
  { "odt", function(asked) return { picture(asked, ".png"), caption(asked, true) } end },
  { "pptx", function(asked) return { picture(asked, ".png"), caption(asked, true) } end },
  { "markdown", function(asked) return { picture(asked, "-light.svg"), caption(asked) } end },
}

local function shown(asked)
  for _, form in ipairs(FORMS) do
    if quarto.doc.is_format(form[1]) then return form[2](asked) end
  end
  return caption(asked, true)
end

-- Titles, captions and figures follow the document's language, `lang`; what the lab doesn't speak stays English.
local function speak(meta)
  local language = text(meta and meta.lang):lower():match("^%a+")
  words = type(spoken[language]) == "table" and spoken[language] or spoken.en
end

-- --- The shortcode -------------------------------------------------------------------------------------------------------

local function kvlab(args, kwargs, meta, _, context)
  place = where(kwargs, meta)
  speak(meta)
  local function refuse(sentence)
    warn(sentence)
    return quarto.shortcode.error_output("kvlab", sentence, context or "block")
  end
  if context == "inline" or context == "text" then
    return refuse("the lab can't stand inside a line. Put {{< kvlab >}} on a line of its own, with an empty line before and after.")
  end
  if #args > 0 then
    return refuse('“' .. text(args[1]) .. '” is not an option. Write name=value, such as {{< kvlab act=1 >}}.')
  end
  local asked = options(kwargs, meta)
  local refusal = locate(asked, meta)
  if refusal then return refuse(refusal) end
  asked.act = asked.act or "all"
  return shown(asked)
end

return { ["kvlab"] = kvlab }
