// Keeps the whole site for visits without a network. The build puts SITE in front of this file: {version, files}, where
// files maps each path to the SHA-256 of its bytes, in the form of an integrity attribute.
//
// A version is taken in whole or not at all, each file checked by its hash; what an earlier version already holds is copied.
// Everything but the pages lies under an address of its own per version (v/<hash>/), so two versions can't mix; the one
// before stays for tabs that still show it. A new version waits until the learner asks for it.
"use strict";

const SCOPE = self.registration.scope;
const PREFIX = `kv-lab ${SCOPE} `;
const NAME = PREFIX + SITE.version;
const HASHES = `${SCOPE}hashes.json`; // beside the files of each version: which hash each path had

self.addEventListener("install", (event) => event.waitUntil(takeIn()));
self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));
self.addEventListener("message", (event) => event.data === "take over" && self.skipWaiting());
self.addEventListener("fetch", (event) => {
  const { method, url, cache } = event.request;
  // Machine code comes from the browser's own copy, beside which it keeps what it has compiled, while a server answers; a page
  // that gets none asks for ours (python.mjs).
  if (url.endsWith(".wasm") && cache !== "force-cache") return;
  if (method === "GET" && url.startsWith(SCOPE)) event.respondWith(answer(event.request));
});

/** The caches of this site, oldest first. */
async function versions() {
  return (await caches.keys()).filter((name) => name.startsWith(PREFIX));
}

async function takeIn() {
  const kept = await heldByHash();
  const cache = await caches.open(NAME);
  const place = async ([path, hash]) => {
    const url = new URL(path, SCOPE).href;
    await cache.put(url, (await kept(hash)) ?? (await fetched(url, hash)));
  };
  try {
    await Promise.all(Object.entries(SITE.files).map(place));
    await cache.put(HASHES, new Response(JSON.stringify(SITE.files)));
  } catch (failure) {
    await caches.delete(NAME); // half a version is none
    throw failure;
  }
}

async function fetched(url, integrity) {
  const response = await fetch(url, { integrity, cache: "no-cache" });
  if (!response.ok) throw new Error(`${url}: the server answered ${response.status}`);
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
  return async (hash) => {
    const [cache, path] = places.get(hash) ?? [];
    return cache && cache.match(new URL(path, SCOPE).href);
  };
}

/** Drop all versions but this one and the one before it, whose pages may still be open. */
async function tidy() {
  const others = (await versions()).filter((name) => name !== NAME);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

async function answer(request) {
  const url = new URL(request.url);
  const path = url.pathname.slice(new URL(SCOPE).pathname.length) || "index.html";
  const address = new URL(path, SCOPE).href; // without the question and the fragment
  const own = await (await caches.open(NAME)).match(address);
  if (own) return own;
  const earlier = path.startsWith("v/") ? await caches.match(address) : undefined;
  return earlier ?? fetch(request);
}
