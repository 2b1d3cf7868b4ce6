// Keeps the whole site for visits without a network. The build puts SITE in front of this file: {version, files, later}, where
// files maps each path to the SHA-256 of its bytes, in the form of an integrity attribute; so does each table of later, for what is
// kept only for those who have opened a page that needs it: by "size", by a language, or by both.
//
// A version is taken in whole or not at all, each file checked by its hash; what an earlier version already holds is copied.
// Everything but the pages lies under an address of its own per version (v/<hash>/), so two versions can't mix; the one
// before stays for tabs that still show it. A new version waits until the learner asks for it.
"use strict";

const SCOPE = self.registration.scope;
const PREFIX = `kv-lab ${SCOPE} `;
const NAME = PREFIX + SITE.version;
const EVERY = Object.assign({}, SITE.files, ...Object.values(SITE.later));
const HASHES = `${SCOPE}hashes.json`; // beside the files of each version: which hash each path had

self.addEventListener("install", (event) => event.waitUntil(takeIn()));
self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  else {
    const also = [event.data].flat().map((use) => SITE.later[use]); // what the page that asks needs beside everyone's
    event.waitUntil(mended(Object.assign({}, SITE.files, ...also)).then((whole) => event.ports[0].postMessage(whole)));
  }
});
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  // Machine code comes from the browser's own copy, beside which it keeps what it has compiled. A page that gets none in time takes
  // ours (python.mjs).
  if (url.endsWith(".wasm")) return;
  if (method === "GET" && url.startsWith(SCOPE)) event.respondWith(answer(event.request));
});

/** The caches of this site, oldest first. */
async function versions() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}

async function takeIn() {
  const kept = await heldByHash();
  const cache = await caches.open(NAME);
  const place = async (/** @type {string[]} */ [path, hash]) => {
    const url = new URL(path, SCOPE).href;
    await cache.put(url, (await kept(hash)) ?? (await fetched(url, hash)));
  };
  try {
    const wanted = [SITE.files];
    for (const files of Object.values(SITE.later)) if (await heldInPart(files)) wanted.push(files);
    await Promise.all(wanted.flatMap((files) => Object.entries(files)).map(place));
    await cache.put(HASHES, new Response(JSON.stringify(EVERY)));
  } catch (failure) {
    await caches.delete(NAME); // half a version is none
    throw failure;
  }
}

/** Whether an earlier version holds one of these pages, for this reader. @param {Record<string, string>} files */
async function heldInPart(files) {
  const held = Object.keys(files).map((path) => caches.match(new URL(path, SCOPE).href));
  return (await Promise.all(held)).some((found) => found);
}

/** A file from the network, with the bytes of its hash and no others. Rejects where it isn't to be had.
    @param {string} url @param {string} integrity */
async function fetched(url, integrity) {
  const asked = (/** @type {RequestCache} */ cache) => fetch(url, { integrity, cache });
  const response = await asked("no-cache").catch(() => asked("reload")); // what the browser has kept may be a login page
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`);
  return response;
}

/** Fetch what is missing of this version, or of some files of it. Tells whether all of it is there. */
async function mended(files = SITE.files) {
  const cache = await caches.open(NAME);
  const there = new Set((await cache.keys()).map(({ url }) => url));
  const missing = Object.entries(files).filter(([path]) => !there.has(new URL(path, SCOPE).href));
  const fetching = missing.map(([path, hash]) => taken(cache, new URL(path, SCOPE).href, hash));
  return (await Promise.allSettled(fetching)).every(({ status }) => status === "fulfilled");
}

/** A file from the network, kept. @param {Cache} cache @param {string} url @param {string} hash */
async function taken(cache, url, hash) {
  const response = await fetched(url, hash);
  await cache.put(url, response.clone());
  return response;
}

/** A function that finds, by hash, a file that an earlier version already holds. */
async function heldByHash() {
  const places = new Map();
  for (const name of await versions()) {
    const cache = await caches.open(name);
    const hashes = await cache.match(HASHES);
    for (const [path, hash] of Object.entries(hashes ? await hashes.json() : {})) places.set(hash, [cache, path]);
  }
  return async (/** @type {string} */ hash) => {
    const [cache, path] = places.get(hash) ?? [];
    return cache && cache.match(new URL(path, SCOPE).href);
  };
}

/** Drop all versions but this one and the one before it, whose pages may still be open. */
async function tidy() {
  const others = (await versions()).filter((name) => name !== NAME);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

/** What a page gets for a request. @param {Request} request */
async function answer(request) {
  const url = new URL(request.url);
  const path = url.pathname.slice(new URL(SCOPE).pathname.length) || "index.html";
  const address = new URL(path, SCOPE).href; // without the question and the fragment
  const cache = await caches.open(NAME);
  const own = await cache.match(address);
  const spoilt = request.cache === "reload" && request.mode !== "navigate"; // the page has found that these aren't the bytes
  if (own && !spoilt) return own;
  // What isn't kept comes as the network gives it: it may be the login that the network wants, and the page says so.
  const instead = () => own ?? fetch(request);
  if (path in EVERY) return taken(cache, address, EVERY[path]).catch(instead);
  const earlier = path.startsWith("v/") ? await caches.match(address) : undefined;
  return earlier ?? fetch(request);
}

// whole (offline.js asks for this line)
