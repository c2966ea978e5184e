// Tries every handler of handlers/ on Node and on a Mayfly server and compares the answers, and every function of shapes/ against
// what its second line expects; writes the tables of docs/COMPATIBILITY.md. `node run.mjs --mayfly PROGRAM [--only NAME,NAME] [--sample N] [--write FILE]`.

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify, parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values: flags } = parseArgs({
  options: { mayfly: { type: "string" }, only: { type: "string" }, sample: { type: "string" }, write: { type: "string" } },
});
const run = promisify(execFile);
const work = mkdtempSync(join(tmpdir(), "mayfly-compat-"));

/** The handlers to try: all, some by name, or every n-th. */
function names() {
  const all = readdirSync(join(here, "handlers")).map((file) => file.replace(/\.ts$/, "")).sort();
  if (flags.only) return all.filter((name) => flags.only.split(",").includes(name));
  const step = Number(flags.sample ?? 1);
  return all.filter((_, at) => at % step === 0);
}

/** The status and the text that Node answers with. */
async function onNode(name) {
  const outfile = join(here, "node_modules/.compat", `${name}.mjs`);
  await esbuild.build({
    entryPoints: [join(here, "handlers", `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    // What only runs when it is asked for, and need not be installed.
    external: ["better-sqlite3", "mariadb", "mariadb/*", "mysql", "oracledb", "pg-query-stream", "sqlite3", "tedious", "pg-native"],
    logLevel: "silent",
    banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
  });
  // A thread that is ended: some packages keep timers.
  const code = `import(${JSON.stringify(pathToFileURL(outfile).href)}).then(async ({ default: d }) => {
    const handler = typeof d === "function" ? d : d.fetch;
    const r = await handler.call(d, new Request("http://x.test/"), {}, {});
    require("worker_threads").parentPort.postMessage([r.status, await r.text()]);
  }).catch((error) => require("worker_threads").parentPort.postMessage([0, String(error)]));`;
  const worker = new Worker(code, { eval: true, env: { TZ: "UTC" } });
  const timer = setTimeout(() => worker.terminate(), 30_000);
  const answer = await new Promise((resolve) => {
    worker.once("message", resolve);
    worker.once("error", (error) => resolve([0, String(error)]));
    worker.once("exit", () => resolve([0, "no answer in 30 s"]));
  });
  clearTimeout(timer);
  await worker.terminate();
  return answer;
}

/** A port that nothing listens on. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A server with one app, as `mayfly dev` starts it. */
async function server() {
  const empty = join(work, "empty");
  mkdirSync(empty);
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(flags.mayfly, ["dev", empty, "--listen", listen, "--data-dir", join(work, "data")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const found = await new Promise((resolve, reject) => {
    const hear = (data) => {
      said += data;
      const app = /app +(app_\w+)/.exec(said)?.[1];
      const key = /service key (bb_sk_\w+)/.exec(said)?.[1];
      if (app && key) resolve({ app, key, url: `http://${listen}` });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`the server has ended:\n${said}`)));
  });
  return { ...found, stop: () => child.kill("SIGINT") };
}

async function onMayfly(at, name) {
  const flagsOf = ["--url", at.url, "--app", at.app, "--key", at.key];
  let deployed;
  try {
    const { stdout } = await run(flags.mayfly, ["deploy", "--json", join(here, "handlers", `${name}.ts`), ...flagsOf], { maxBuffer: 1 << 24 });
    deployed = JSON.parse(stdout);
  } catch (error) {
    return { refused: error.stderr.trim() };
  }
  const headers = { authorization: `Bearer ${at.key}` };
  const response = await fetch(`${at.url}/v1/${at.app}/fn/${name}`, { headers });
  return { answer: [response.status, await response.text()], image: deployed.image_bytes, fuel: deployed.init_fuel };
}

/** A function of shapes/, whose second line says what it answers, or why it is refused. */
async function shape(at, file) {
  const [what, expected] = readFileSync(join(here, "shapes", file), "utf8").split("\n").map((line) => line.replace(/^\/\/ (expect: )?/, ""));
  const name = file.replace(/\.\w+$/, "");
  const flagsOf = ["--url", at.url, "--app", at.app, "--key", at.key, "--env", "GREETING=hi"];
  let seen;
  try {
    await run(flags.mayfly, ["deploy", join(here, "shapes", file), ...flagsOf]);
    const response = await fetch(`${at.url}/v1/${at.app}/fn/${name}`, { headers: { authorization: `Bearer ${at.key}` } });
    seen = `${response.status} ${await response.text()}`;
  } catch (error) {
    seen = `refused ${error.stderr}`;
  }
  const refusal = expected.startsWith("refused ") ? expected.slice("refused ".length) : null;
  const right = refusal === null ? seen === expected || (/^\d+$/.test(expected) && seen.startsWith(expected)) : seen.startsWith("refused") && seen.includes(refusal);
  const kind = refusal !== null ? "refused" : /^5/.test(expected) ? "throws" : "works";
  return { name, what, result: right ? kind : "wrong", why: right && kind === "works" ? "" : seen.replace(/\s+/g, " ").replaceAll("|", "\\|").slice(0, 160) };
}

/** One line of the table. */
function judged(name, node, mayfly) {
  const short = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|").slice(0, 160);
  if (mayfly.refused !== undefined) return { name, result: "refused", why: short(mayfly.refused.replace(/^error: */, "")) };
  const { answer: [status, text], image, fuel } = mayfly;
  const cost = { image, fuel };
  if (status === node[0] && text === node[1]) return { name, result: "works", why: "", ...cost };
  if (status >= 500) return { name, result: "throws", why: short(text), ...cost };
  return { name, ...cost, result: "differs", why: `Node: ${short(node[1])}; here: ${short(text)}` };
}

function page(rows, shapes) {
  const count = (result) => rows.filter((row) => row.result === result).length;
  const version = (name) => {
    const text = readFileSync(join(here, "handlers", `${name}.ts`), "utf8");
    const from = /from "((?:@[^/"]+\/)?[^/"]+)/.exec(text.replace(/import "[^"]+";/, ""))?.[1];
    try {
      return `${from} ${JSON.parse(readFileSync(join(here, "node_modules", from, "package.json"), "utf8")).version}`;
    } catch {
      return from ?? "";
    }
  };
  const tenth = (value, unit) => (value === undefined ? "" : (value / unit).toFixed(1));
  const lines = rows.map(
    (row) => `| ${version(row.name)} | ${row.result} | ${tenth(row.image, 1 << 20)} | ${tenth(row.fuel, 1e6)} | ${row.why} |`,
  );
  return [
    "<!-- results: written by `make compat` -->",
    `${rows.length} handlers: ${count("works")} answer as Node ${process.versions.node.split(".")[0]} does, ${count("differs")} otherwise, ` +
      `${count("throws")} throw, ${count("refused")} are refused.`,
    "",
    "| package | | image, MiB | fuel of its top level, millions | |",
    "|---|---|---:|---:|---|",
    ...lines,
    "",
    `${shapes.length} shapes: ${shapes.filter((row) => row.result === "works").length} work, the others are refused or fail with what to write.`,
    "",
    "| shape | | |",
    "|---|---|---|",
    ...shapes.map((row) => `| ${row.what} | ${row.result} | ${row.why} |`),
    "<!-- end -->",
  ].join("\n");
}

const at = await server();
const rows = [];
const shapes = [];
try {
  for (const file of flags.only ? [] : readdirSync(join(here, "shapes")).sort()) {
    const row = await shape(at, file);
    shapes.push(row);
    console.log(`${row.result.padEnd(8)} ${row.name} ${row.why}`);
  }
  for (const name of names()) {
    const node = await onNode(name).catch((error) => [0, String(error)]);
    const row = judged(name, node, await onMayfly(at, name));
    rows.push(row);
    console.log(`${row.result.padEnd(8)} ${name} ${row.why}`);
  }
} finally {
  at.stop();
}
console.log(`${rows.filter((row) => row.result === "works").length} of ${rows.length} work`);
if (flags.write) {
  const text = readFileSync(flags.write, "utf8");
  writeFileSync(flags.write, text.replace(/<!-- results[^]*?<!-- end -->/, () => page(rows, shapes)));
}
rmSync(work, { recursive: true, force: true });
// What a sample must not do is get worse: known failures are listed.
const known = new Set(readFileSync(join(here, "known.txt"), "utf8").split("\n").map((line) => line.split(" ")[0]));
const worse = rows.filter((row) => row.result !== "works" && !known.has(row.name)).concat(shapes.filter((row) => row.result === "wrong"));
if (worse.length > 0) {
  console.error(`these no longer work: ${worse.map((row) => row.name).join(", ")}`);
  process.exit(1);
}
process.exit(0);
