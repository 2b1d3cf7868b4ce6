// <kv-lab url="https://.../" act="1">: the lab in a page of yours. A figure and a link stand inside the element and stay if
// this script doesn't run; with it, the reader opens the lab in their place.
//
//   url      where the lab lies                    act     1, 2 or all
//   load     click (default), visible, eager       stage   predict, reality, explore, twist, reflect
//   height   a fixed height in px, or "window": as high as the reader's window, so that the picture stays in sight; without it the frame is as high as what it shows, from 200 to 12,000 px,
//            and scrolls inside from there on. On a slide of reveal.js figure and frame are never higher than the slide has room for
//   theme    light or dark; without it the page's own: data-bs-theme, data-theme, quarto-dark, or the system's
//   title    what the frame is called for a screen reader
//   lang     the language of the words around the frame, if not the page's; the lab in German lies at .../de.html
//
// Nothing is asked of the lab's server before the reader asks for the lab. Events: kvlab-ready, kvlab-state, kvlab-done.
"use strict";
(() => {
  if (customElements.get("kv-lab")) return;
  const PROTOCOL = 1;
  const [LOWEST_PX, HIGHEST_PX, FIRST_PX] = [200, 12000, 640];
  const WINDOW_MARGIN_PX = 48; // of the page around the frame stays in sight, to scroll it by
  const [SLIDE_MARGIN_PX, SMALLEST_FIGURE_PX] = [20, 80]; // reveal.js keeps so much free above and below what a slide shows
  const STILL_PX = 4; // no more than a page moves by itself
  const SILENT_AFTER_MS = 20000;
  const ALLOW = "clipboard-write; fullscreen; web-share; storage-access";
  /** @type {Record<string, Record<string, string>>} */
  const WORDS = {"en": {"open": "Open the lab here", "about": "It computes in your browser, and is loaded only when you press.", "loading": "Loading the lab …", "silent": "The lab has not answered yet. The connection may be slow, or its server can't be reached.", "apart": "Open in a tab of its own", "full": "Full screen", "title": "Interactive lab: The KV-Cache Memory Wall"}, "de": {"open": "Das Lab hier öffnen", "about": "Es rechnet in deinem Browser und wird erst geladen, wenn du drückst.", "loading": "Das Lab wird geladen …", "silent": "Das Lab hat noch nicht geantwortet. Die Verbindung ist vielleicht langsam, oder sein Server ist nicht erreichbar.", "apart": "In einem eigenen Tab öffnen", "full": "Vollbild", "title": "Interaktives Lab: Die Speicherwand des KV-Caches"}, "es": {"open": "Abrir el laboratorio aquí", "about": "Calcula en tu navegador y se carga solo cuando pulsas.", "loading": "Cargando el laboratorio …", "silent": "El laboratorio aún no responde. Puede que la conexión sea lenta o que no se llegue a su servidor.", "apart": "Abrir en una pestaña propia", "full": "Pantalla completa", "title": "Laboratorio interactivo: El muro de memoria de la caché KV"}, "zh": {"open": "在这里打开实验", "about": "它在你的浏览器里计算，按下后才会加载。", "loading": "正在加载实验 …", "silent": "实验还没有回应。可能是网络慢，或者连不上它的服务器。", "apart": "在单独的标签页中打开", "full": "全屏", "title": "互动实验：KV 缓存的显存墙"}}; // by language: the build fills in content/embed.toml, [element]
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { display: block; margin: 1.5rem 0; }
    :host([hidden]) { display: none; }
    [hidden] { display: none !important; }
    .bar { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; margin: 0.5rem 0; font-size: 0.9em; }
    .bar span { flex: 1 1 14rem; }
    .slide.bar { font-size: 20px; line-height: 1.3; } /* a slide's own letters are twice as large */
    button, a { font: inherit; color: inherit; }
    button {
      padding: 0.5em 1.1em; min-height: 2.75em; cursor: pointer; border-radius: 0.6em;
      border: 1px solid currentColor; background: transparent;
    }
    button.open { color: #fff; background: #006395; border-color: #006395; font-weight: 600; }
    button:focus-visible, a:focus-visible { outline: 3px solid #006395; outline-offset: 2px; }
    iframe { display: block; width: 100%; border: 1px solid rgb(128 144 166 / 0.5); border-radius: 0.6em; box-sizing: border-box; }
    .stage:fullscreen iframe { height: 100% !important; border: 0; border-radius: 0; }
    @media print { .bar, .stage { display: none; } .base[hidden] { display: block !important; } }
  `);

  /** An element with attributes, properties and children. @type {(tag: string, properties?: object, ...children: Node[]) => any} */
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  /** What the page around the lab looks like: what it says of itself, else what the reader's system wishes. */
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const pageTheme = () => {
    for (const node of [document.documentElement, document.body]) {
      const said = node.dataset.bsTheme ?? node.dataset.theme;
      if (said === "light" || said === "dark") return said;
      if (node.classList.contains("quarto-dark")) return "dark";
      if (node.classList.contains("quarto-light")) return "light";
    }
    return dark.matches ? "dark" : "light";
  };

  class KvLab extends HTMLElement {
    /** @type {HTMLIFrameElement} */
    #frame = null;
    /** @type {string} */
    #origin = null;
    /** @type {ShadowRoot} */
    #shadow = null;
    /** @type {(() => void)[]} */
    #undo = [];
    #silence = 0; // the timer that says so when nothing comes from the frame
    #top = 0; // where the frame stood when it was asked for, px
    #asked = false; // the reader pressed the button: the page may move to the stage that the link names

    connectedCallback() {
      if (!this.#shadow) this.#build();
      if (!this.#address()) return; // the figure and its link stay
      const load = this.getAttribute("load");
      if (load === "eager") this.open();
      else if (load === "visible") this.#openWhenSeen();
      this.#listen();
    }

    disconnectedCallback() {
      for (const undo of this.#undo.splice(0)) undo();
      this.#close(); // a frame that is moved in a document loads anew anyway
    }

    /** Put the lab in the place of the figure. */
    open() {
      const address = this.#address();
      if (this.#frame || !address) return;
      this.#origin = address.origin;
      const title = this.getAttribute("title") || this.#words.title;
      this.#frame = make("iframe", { src: address.href, title, allow: ALLOW, loading: "eager" });
      this.#part("stage").append(this.#frame);
      this.#show({ base: false, begin: false, stage: true, head: true });
      this.#tall(this.#fixed() ?? FIRST_PX);
      this.#part("say").textContent = this.#words.loading;
      this.#silence = setTimeout(() => (this.#part("say").textContent = this.#words.silent), SILENT_AFTER_MS);
      this.#undo.push(() => clearTimeout(this.#silence));
    }

    /** Ask the lab how far its reader is; it answers with a kvlab-state event, and from then on with each change. */
    ask() {
      this.#tell("state", {});
    }

    /** The words in the language of the element, or else of the page around it. */
    get #words() {
      const language = this.closest("[lang]")?.lang.split("-")[0] ?? "";
      return Object.hasOwn(WORDS, language) ? WORDS[language] : WORDS.en;
    }

    #build() {
      this.#shadow = this.attachShadow({ mode: "open" });
      this.#shadow.adoptedStyleSheets = [style];
      const open = make("button", { className: "open", type: "button", textContent: this.#words.open });
      const full = make("button", { className: "full", type: "button", textContent: this.#words.full, hidden: !document.fullscreenEnabled });
      const apart = make("a", { className: "apart", target: "_blank", rel: "noopener", textContent: this.#words.apart });
      this.#shadow.append(
        make("div", { className: "base" }, make("slot")),
        make("div", { className: "bar begin", hidden: true }, open, make("span", { textContent: this.#words.about })),
        make("div", { className: "bar head", hidden: true }, make("span", { className: "say", role: "status" }), full, apart),
        make("div", { className: "stage", hidden: true }),
      );
      if (this.#slides) for (const bar of this.#shadow.querySelectorAll(".bar")) bar.classList.add("slide");
      open.addEventListener("click", () => {
        this.#asked = true;
        this.open();
        this.#frame.focus({ preventScroll: true });
        this.#top = this.#frame.getBoundingClientRect().top;
      });
      full.addEventListener("click", () => this.#part("stage").requestFullscreen());
    }

    /** @param {string} name */
    #part(name) {
      return this.#shadow.querySelector(`.${name}`);
    }

    /** @param {Record<string, boolean>} parts */
    #show(parts) {
      for (const [name, seen] of Object.entries(parts)) this.#part(name).hidden = !seen;
    }

    /** The lab's address with what is asked of it; null for what is no address of a page on the web. */
    #address() {
      const base = URL.canParse(this.getAttribute("url") ?? "", document.baseURI) && this.getAttribute("url");
      const address = base ? new URL(base, document.baseURI) : null;
      if (!address || !/^https?:$/.test(address.protocol)) return null;
      this.#part("apart").href = address.href;
      address.searchParams.set("embed", "1");
      address.searchParams.set("theme", this.#theme());
      for (const name of ["act", "stage"]) {
        if (this.getAttribute(name)) address.searchParams.set(name, this.getAttribute(name));
      }
      return address;
    }

    #theme() {
      const own = this.getAttribute("theme");
      return own === "light" || own === "dark" ? own : pageTheme();
    }

    /** The frame's height where it doesn't follow the lab: the one asked for, on a slide no more than there is room for. */
    #fixed() {
      const written = this.getAttribute("height");
    const height = written === "window" ? innerHeight - WINDOW_MARGIN_PX : Number.parseInt(written, 10);
      const asked = Number.isFinite(height) ? height : null;
      return this.#slides ? Math.min(asked ?? HIGHEST_PX, this.#room(this.#frame)) : asked;
    }

    get #slides() {
      return this.closest(".reveal .slides");
    }

    /** How high a part of a slide may be so that nothing on the slide lies below it, in the slide's own px, before it is scaled. @param {Element} part */
    #room(part) {
      const [slides, slide] = [this.#slides, this.closest(".slides section")];
      if (!slide?.getClientRects().length) return FIRST_PX; // not shown yet: it is measured again when it is
      const scale = slide.getBoundingClientRect().width / slide.offsetWidth;
      const height = Math.min(slides.offsetHeight, window.Reveal?.getComputedSlideSize?.().height || Infinity);
      const below = Math.max(...[...slide.children].map((child) => child.getBoundingClientRect().bottom));
      const others = below - slide.getBoundingClientRect().top - part.getBoundingClientRect().height;
      return Math.floor(height - others / scale - SLIDE_MARGIN_PX);
    }

    /** Keep figure and frame on their slide, whatever stands around them and however its size changes. */
    #stayOnSlide() {
      let before = 0;
      const fit = () => {
        const figures = [...this.querySelectorAll("img")];
        const part = this.#frame ?? figures.find((figure) => figure.getClientRects().length);
        if (!part) return;
        const height = Math.max(SMALLEST_FIGURE_PX, this.#room(part));
        for (const { style } of figures) Object.assign(style, { maxHeight: `${height}px`, maxWidth: "100%", width: "auto" });
        if (this.#frame) this.#tall(this.#fixed());
        const now = this.closest(".slides section")?.offsetHeight;
        // A centred slide is put in the middle only when reveal.js is asked; slides below one another need none of it.
        if (now !== before && !window.Reveal?.isScrollView?.()) window.Reveal?.layout?.();
        before = now;
      };
      const watch = new ResizeObserver(fit);
      for (const node of [this.#slides, this.closest(".slides section"), this]) if (node) watch.observe(node);
      this.#undo.push(() => watch.disconnect());
    }

    /** @param {number} height */
    #tall(height) {
      this.#frame.style.height = `${Math.min(HIGHEST_PX, Math.max(LOWEST_PX, Math.ceil(height)))}px`;
    }

    #openWhenSeen() {
      const seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.open());
      seen.observe(this);
      this.#undo.push(() => seen.disconnect());
    }

    #listen() {
      this.#show({ begin: !this.#frame });
      if (this.#slides) this.#stayOnSlide();
      const hear = (/** @type {MessageEvent} */ event) => this.#hear(event);
      const dress = () => this.#tell("theme", { theme: this.#theme() });
      const watch = new MutationObserver(dress);
      const looks = { attributes: true, attributeFilter: ["class", "data-bs-theme", "data-theme"] };
      for (const node of [document.documentElement, document.body]) watch.observe(node, looks);
      const turn = () => this.#frame && this.getAttribute("height") === "window" && this.#tall(this.#fixed());
      addEventListener("message", hear);
      addEventListener("resize", turn);
      dark.addEventListener("change", dress);
      this.#undo.push(
        () => watch.disconnect(),
        () => removeEventListener("message", hear),
        () => removeEventListener("resize", turn),
        () => dark.removeEventListener("change", dress),
      );
    }

    /** @param {string} what @param {object} data */
    #tell(what, data) {
      this.#frame?.contentWindow?.postMessage({ type: `kvlab:${what}`, v: PROTOCOL, ...data }, this.#origin);
    }

    /** A message counts only if it comes from our own frame, from the lab's origin, in the version that we speak. @param {MessageEvent} event */
    #hear({ source, origin, data }) {
      if (!this.#frame || source !== this.#frame.contentWindow || origin !== this.#origin) return;
      if (!data || data.v !== PROTOCOL) return;
      clearTimeout(this.#silence);
      this.#part("say").textContent = "";
      if (data.type === "kvlab:resize" && Number.isFinite(data.height) && this.#fixed() === null) this.#tall(data.height + 2);
      if (data.type === "kvlab:ready") this.#arrived(data);
      if (data.type === "kvlab:state" || data.type === "kvlab:done") {
        this.dispatchEvent(new CustomEvent(data.type.replace(":", "-"), { detail: data, bubbles: true }));
      }
    }

    /** @param {{stageTop: number | null, height: number}} where */
    #arrived({ stageTop, height }) {
      this.#tell("theme", { theme: this.#theme() }); // it may have changed while the lab was loading
      this.dispatchEvent(new CustomEvent("kvlab-ready", { bubbles: true }));
      // Whoever has read on meanwhile stays where they are.
      const move = this.#asked && Math.abs(this.#frame.getBoundingClientRect().top - this.#top) < STILL_PX;
      this.#asked = false; // once: whatever the lab says later, the page stays where its reader has it
      if (move && Number.isFinite(stageTop) && this.#fixed() === null) {
        const inside = Math.max(0, Math.min(stageTop - 16, height - HIGHEST_PX)); // so far a frame at its limit has scrolled
        scrollBy({ top: this.#frame.getBoundingClientRect().top + stageTop - inside - 24 });
      }
    }

    #close() {
      this.#frame?.remove();
      this.#frame = null;
      this.#show({ base: true, stage: false, head: false });
    }
  }
  customElements.define("kv-lab", KvLab);
})();
