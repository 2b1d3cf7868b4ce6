// What the scripts of the page find and the type checker doesn't know: names that they give one another, and what browsers have.

/** A sentence in the page's language with its [facts] filled in (boot.js). */
type Word = (name: string, facts?: Record<string, unknown>) => string;

/** Says what came of reading or writing the mirror: "read", "kept", "other" or "lost", of a host "state", "review", "mute" or "absent", and the text. */
type Told = (outcome: string, text: string | null) => void;

/** What the wrapper of npm's @gamestdio/scorm offers, as far as it is used. */
interface CourseSystem {
  isActive: boolean;
  isDebugActive: boolean;
  handleCompletionStatus: boolean;
  handleExitMode: boolean;
  configure(about: { version: string }): void;
  initialize(): boolean;
  get(name: string): string;
  set(name: string, value: string): boolean;
  commit(): boolean;
  terminate(): boolean;
  getLastError(): number;
}

interface Window {
  /** Chromium's own file system, by which a report knows the engine (trouble.js). */
  webkitRequestFileSystem?: unknown;
  /** A sentence in the page's language (boot.js). */
  labWord: Word;
  /** Ends the start with a sentence; details are for the report alone (boot.js). */
  labFailed(sentence: string, details?: string): void;
  /** Finds out why Python did not start, and says it (boot.js). */
  labExplain(failure: any): Promise<void>;
  /** Has Plotly come, once (boot.js). */
  labPlotly(): void;
  /** Hands over the presses that came before Python, and ends the start (boot.js). */
  labTakeEarly(): { action: string; dataset: DOMStringMap }[];
  /** The answer to the fetch of Python's machine code, on its way (boot.js). */
  labWasm: Promise<Response>;
  /** Which file of machine code that is: ours or the stock one (boot.js). */
  labCode: string;
  /** Whether this browser has refused our machine code before (boot.js). */
  labRefuses(): boolean;
  /** Python's machine code, compiled, for the simulator's thread (runtime.mjs). */
  labMachineCode: WebAssembly.Module;
  /** The address of the script of the simulator's thread (runtime.mjs). */
  labSimulator: string;
  /** Keeps what went wrong and offers the report (trouble.js). */
  labTrouble(what: unknown): void;
  /** Reloads the page, and drops a saved copy that may be spoilt (offline.js). */
  labForget(): Promise<void>;
  /** The browser's own IndexedDB, where it has any for this page (embed.js). */
  labDatabases: IDBFactory;
  /** The record once more, in IndexedDB (mirror.js). */
  labMirror: { read(told: Told): void; keep(known: string | null | undefined, text: string, told: Told): void };
  /** Whether the page around the frame is spoken to in SPLICE (embed.js). */
  labSplices?: boolean;
  /** Who keeps the learner's work beside this device and takes the points (splice.js): `told("state", text)`, with null for
      nothing, `told("lost", null)` where it can't give its own back, `told("silent", null)` where it says nothing. */
  labHost: {
    read(told: Told): void;
    report(score: number, state: string, done: boolean): unknown;
    /** Of a course system (scorm.js): whether it keeps the work in the device's place, how many characters it has room for, and
        the end of the visit. */
    alone?: boolean;
    room?: number;
    leave?(): void;
  };
  /** The wrapper around a course system's functions (tools/scorm.py puts it there). */
  labScorm: { scorm: CourseSystem };
  /** The replays of the page (replay.mjs). */
  labReplay: {
    show(root: HTMLElement, scene: string, tell: (...what: any[]) => void): void;
    repaint(root: HTMLElement): void;
    frames(root: HTMLElement): number;
  };
  /** Opens the door behind which a node stands (walk.js). */
  labReach(node: HTMLElement): void;
  /** plotly.js, once it has come; the scripts only ask whether it has. */
  Plotly?: object;
  /** reveal.js, where the page around a <kv-lab> is a set of slides. */
  Reveal?: { layout?(): void; isScrollView?(): boolean; getComputedSlideSize?(): { height: number } };
}

/** What a measured page is asked about (bench/watch.js): CSS selectors. */
declare var benchSubject: { choice: string | null; slider: string; chart: string };
/** What a measured page tells (bench/watch.js). */
declare var bench: object;

interface DocumentEventMap {
  /** How much of what Python starts from has arrived (runtime.mjs). */
  "lab:progress": CustomEvent<{ loaded_bytes: number; total_bytes: number }>;
  /** The start ends with this sentence (ui.py). */
  "lab:failed": CustomEvent<{ sentence: string }>;
}

/** The version and each file's hash, which the build puts in front of sw.js. */
declare const SITE: { version: string; files: Record<string, string>; later: Record<string, Record<string, string>> };

// --- what the lab's own pages hold: the scripts name only nodes that index.html and grade.html have, and tests go through them all ---

/** An element of the page with what the scripts ask of inputs, links, details and plots. */
interface Found extends HTMLElement {
  value: any;
  content: any;
  checked: boolean;
  disabled: boolean;
  open: boolean;
  href: string;
  src: string;
  min: string;
  max: any;
  step: string;
  files: FileList;
  select(): void;
  layout?: { shapes?: { xanchor?: number }[] };
  data?: { x?: number[] }[];
}
interface ParentNode {
  querySelector(selectors: string): Found;
  querySelectorAll(selectors: string): NodeListOf<Found>;
}
interface Document {
  getElementById(id: string): Found;
  readonly currentScript: HTMLScriptElement;
}
interface Element {
  closest(selectors: string): Found;
}
/** Events of the page happen to its elements. */
interface EventTarget {
  closest(selectors: string): Found;
  readonly dataset: DOMStringMap;
  id: any;
  value: any;
  files: any;
  src: any;
}

// --- what browsers have ---

declare namespace WebAssembly {
  /** A function of JavaScript's for which running WebAssembly can wait; not every browser has it. */
  const Suspending: new (deed: (...values: any[]) => any) => Function;
  /** A function of WebAssembly's that can wait, as one that gives a promise; not every browser has it. */
  function promising(deed: Function): (...values: any[]) => Promise<any>;
}
interface Navigator {
  /** How quick the line is, where a browser tells. */
  readonly connection?: { effectiveType: string };
}
/** What the service worker has and a page doesn't: the checker's library of workers can't stand beside the page's. */
interface Window {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}
interface WindowEventMap {
  install: Waiting;
  activate: Waiting;
  fetch: Asked;
}
interface Waiting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Waiting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface MessageEvent {
  waitUntil(work: Promise<unknown>): void;
}

// --- what the build lays beside the scripts, and what its own scripts have of Node.js ---

/** Pyodide, as much of it as is asked here. */
interface Pyodide {
  FS: { writeFile(place: string, content: Uint8Array): void; readFile(place: string): Uint8Array; mkdir(place: string): void; readdir(place: string): string[] };
  globals: { set(name: string, value: unknown): void };
  runPython(text: string): any;
  runPythonAsync(text: string): Promise<any>;
  pyimport(name: string): any;
  toPy(value: unknown): any;
}
declare module "*/pyodide.mjs" {
  export const version: string;
  export function loadPyodide(options: object): Promise<Pyodide>;
}
declare module "*/pyodide.asm.mjs" {
  /** Emscripten's start of a program: gives the module. */
  const create: (settings: object) => Promise<any>;
  export default create;
}
declare module "*/pyscript/core.js" {
  export const hooks: { worker: { onBeforeRunAsync: Set<Function> } };
}
declare module "node:fs" {
  export function readFileSync(place: string | URL): Uint8Array;
  export function readFileSync(place: string | URL, encoding: "utf8"): string;
  export function readdirSync(place: string): string[];
  export function writeFileSync(place: string, content: Uint8Array): void;
}
declare module "node:url" {
  export function pathToFileURL(place: string): URL;
}
declare module "node:vm" {
  const vm: { runInNewContext(text: string): any };
  export default vm;
}
declare const process: { argv: string[]; exit(code: number): never };
