// The thread of size.html: Python with the application, the search and numpy. A message is [method, argument] of sizer.thread's
// Sizer; answers go out as they come, and after each the thread looks whether something new was asked.
import { here, lastLine, startPython } from "./python.mjs";

const ENDING = ["ask", "glance"]; // a slider that moves ends the search, too
const NUMPY = "runtime/numpy.whl";
/** @type {Promise<any>} */
let started;
let stepping = 0; // the question whose steps are being taken
/** @type {number | undefined} */
let told; // the page's number of the question that is being answered
let asked = 0; // a new question ends the steps of the one before

/** @param {string} language */
async function start(language) {
  const wheel = fetch(here(NUMPY)).then((answer) => {
    if (!answer.ok) throw new Error(`${NUMPY}: the server answered ${answer.status}`);
    return answer.arrayBuffer();
  });
  wheel.catch(() => {}); // said below
  const content = language === "en" ? [] : [`content.${language}.json`];
  const python = await startPython({}, ["size.zip", "size-library.zip", ...content]);
  python.runPython('import sys; sys.path[1:1] = ["/size.zip", "/size-library.zip"]');
  postMessage({ loading: true });
  python.unpackArchive(await wheel, "wheel");
  return python.pyimport("sizer.thread").begin(language);
}

/** Let what has been asked meanwhile come in. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

addEventListener("message", async ({ data: { language, method, argument, question: number } }) => {
  const question = ENDING.includes(method) ? ++asked : asked;
  try {
    started ??= start(language);
    const sizer = await started;
    if (ENDING.includes(method) && question !== asked) return; // something newer has been asked meanwhile
    const said = argument === undefined ? sizer[method]() : sizer[method](argument);
    if (said === undefined) return postMessage({ fed: true }); // a piece of a text
    let answer = JSON.parse(said);
    const glance = method === "glance";
    if (method === "ask") told = number;
    postMessage({ ...answer, glance, question: told });
    if (!answer.more || stepping === question) return;
    stepping = question;
    while (answer.more) {
      await turn();
      if (question !== asked) return;
      answer = JSON.parse(sizer.step());
      postMessage({ ...answer, question: told });
    }
    stepping = 0;
  } catch (failure) {
    postMessage({ failure: lastLine(failure) });
  }
});
