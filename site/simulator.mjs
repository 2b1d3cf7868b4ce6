// The simulator's thread: a Python of its own with the same application. A message is a packed job, the answer its result;
// what goes wrong is an answer too, so that the page never waits in vain.
import { startPython } from "./python.mjs";

const started = startPython().then((python) => python.pyimport("worker").answer);
started.catch(() => {}); // said to whoever asks

addEventListener("message", async ({ data }) => {
  try {
    const answer = await started;
    postMessage(answer(data));
  } catch (failure) {
    postMessage(JSON.stringify({ failure: String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200) }));
  }
});
