// The grader's thread: Python with the same application as the page's, so that a class of hundreds doesn't hold the page up.
import { startPython } from "./python.mjs";

const started = startPython().then((python) => python.pyimport("marker").answer);
started.catch(() => {}); // said to whoever asks

addEventListener("message", async ({ data }) => {
  try {
    const answer = await started;
    postMessage({ outcome: answer(data, (said) => postMessage({ said })) });
  } catch (failure) {
    postMessage({ failure: String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200) });
  }
});
