// A fresh QuickJS context for each request, by quickjs-emscripten. A path /tenant-N keeps a context for that tenant.
import { getQuickJS } from "quickjs-emscripten";

import { keeper, serve, works } from "./works.mjs";

const engine = await getQuickJS();
const sources = Object.fromEntries(works.map(({ name, source }) => [name, source]));

function run(vm, name, text) {
  vm.unwrapResult(vm.evalCode(sources[name])).dispose();
  const handler = vm.getProp(vm.global, "handler");
  const input = vm.newString(text);
  let answer = vm.unwrapResult(vm.callFunction(handler, vm.undefined, input));
  if (!vm.getPromiseState(answer).notAPromise) {
    vm.runtime.executePendingJobs();
    const value = vm.unwrapResult(vm.getPromiseState(answer));
    answer.dispose();
    answer = value;
  }
  const body = vm.getString(answer);
  answer.dispose();
  input.dispose();
  handler.dispose();
  return body;
}

const tenant = keeper(() => engine.newContext());
await serve(async (name, text) => {
  if (name.startsWith("tenant-")) return run(await tenant(name), "hello", "");
  const vm = engine.newContext();
  try {
    return run(vm, name, text);
  } finally {
    vm.dispose();
  }
});
