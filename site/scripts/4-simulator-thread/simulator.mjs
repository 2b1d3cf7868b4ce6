// The simulator's thread: a Python of its own with the same application. The first message is the machine code as the page has
// compiled it: a browser that compiles it twice at a time keeps neither for the next visit. Every other one is a packed job,
// the answer its result; what goes wrong is an answer too, so that the page never waits in vain. Before the first answer it says that it is ready.
import { lastLine, startPython } from "./python.mjs";

/** @type {Promise<(job: unknown) => string>} */
let started;

addEventListener("message", async ({ data }) => {
  if (!started) {
    started = startPython({}, [], data ?? undefined).then((python) => python.pyimport("threads.worker").answer);
    started.then(() => postMessage("ready"), () => {}); // what fails is said to whoever asks
    return;
  }
  try {
    const answer = await started;
    postMessage(answer(data));
  } catch (failure) {
    postMessage(JSON.stringify({ failure: lastLine(failure) }));
  }
});
