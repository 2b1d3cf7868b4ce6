// PyScript, without what it prepares for workers of its own: it would write that as a function at run time, which the page's
// policy forbids (tools/policy.py), and the lab starts no such worker.
import { hooks } from "./runtime/pyscript/core.js";

hooks.worker.onBeforeRunAsync.clear();
