// A worker thread of Node's for each request.
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

if (isMainThread) {
  const { serve, works } = await import("./works.mjs");
  const sources = Object.fromEntries(works.map(({ name, source }) => [name, source]));
  await serve(
    (name, text) =>
      new Promise((answer, fail) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { source: sources[name], text } });
        worker.once("message", (body) => {
          answer(body);
          worker.terminate();
        });
        worker.once("error", fail);
      }),
  );
} else {
  const handler = new Function(`${workerData.source}\nreturn handler;`)();
  parentPort.postMessage(await handler(workerData.text, {}));
}
