// The record once more, in IndexedDB: what one of its strict transactions has taken in is on the disk when that is over, while
// browsers write localStorage some seconds late. It is read while Python comes; keeper.py knows what the text means.
"use strict";
(() => {
  const NAME = "kv_cache_lab", STORE = "records", KEY = "1";
  const PATIENCE_MS = 10000; // a database that answers no more is as good as none

  const opened = () =>
    new Promise((done, fail) => {
      const asked = (window.labDatabases ?? indexedDB).open(NAME, 1); // throws where the browser keeps nothing for this page
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
      asked.onsuccess = () => done(asked.result);
      asked.onerror = asked.onblocked = () => fail(asked.error);
    });

  /** What stands there, and in its place the text if that is not null and what stands there is what the caller knows.
      @type {(database: IDBDatabase, known: string | null, text: string | null) => Promise<string | null>} */
  const exchanged = (database, known, text) =>
    new Promise((done, fail) => {
      const change = database.transaction(STORE, text === null ? "readonly" : "readwrite", { durability: "strict" });
      const records = change.objectStore(STORE);
      /** @type {string | null} */
      let found = null;
      const asked = records.get(KEY);
      asked.onsuccess = () => {
        found = asked.result ?? null;
        if (text !== null && found === known) records.put(text, KEY);
      };
      change.oncomplete = () => done(found);
      change.onabort = () => fail(change.error);
    });

  const exchange = async (/** @type {string | null} */ known, /** @type {string | null} */ text) => {
    const database = await opened();
    try {
      return await exchanged(database, known, text);
    } finally {
      database.close(); // an open one would keep the page from being kept by the browser when it is left
    }
  };
  /** @template T @param {Promise<T>} deed @returns {Promise<T>} */
  const inTime = (deed) =>
    Promise.race([deed, new Promise((_, fail) => setTimeout(fail, PATIENCE_MS, new Error("IndexedDB does not answer")))]);

  /** @type {Parameters<Told>} */
  let first; // what came of the first reading, as arguments of `told`
  /** @type {Told} */
  let waiting;
  const read = (/** @type {Parameters<Told>} */ ...outcome) => {
    first = outcome;
    waiting?.(...outcome);
  };
  inTime(exchange(null, null)).then((found) => read("read", found), () => read("lost", null));

  window.labMirror = {
    /** Tell what the mirror holds: told("read", text) or told("lost"), at once if it is known. */
    read: (told) => (first ? told(...first) : (waiting = told)),

    /** Put a text into the place of the known one: told("kept"), or told("other", what stands there), or told("lost"). */
    keep: (known, text, told) => {
      const held = known ?? null;
      inTime(exchange(held, text)).then(
        (found) => (found === held ? told("kept", null) : told("other", found)),
        () => told("lost", null),
      );
    },
  };
})();
