// Jobs a second of graphile-worker and of pg-boss: `node queue.mjs URL JOBS`. Each job writes one row, as the bench's own do.

import { makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import PgBoss from "pg-boss";

const [connectionString, text] = process.argv.slice(2);
const jobs = Number(text);
const pool = new pg.Pool({ connectionString, max: 16 });
await pool.query("CREATE TABLE IF NOT EXISTS written (n integer NOT NULL)");
const write = (n) => pool.query("INSERT INTO written (n) VALUES ($1)", [n]);
/** Whether there is such a row. */
const exists = async (rows) => (await pool.query(`SELECT EXISTS (${rows}) AS found`)).rows[0].found;

/** Seconds until `isLeft` says that nothing is left. */
async function until(isLeft) {
  const begun = performance.now();
  while (await isLeft()) await new Promise((done) => setTimeout(done, 20));
  return (performance.now() - begun) / 1000;
}

async function graphile() {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.migrate();
  for (let n = 0; n < jobs; n += 1000) {
    await utils.addJobs(Array.from({ length: 1000 }, (_, i) => ({ identifier: "write", payload: { n: n + i } })));
  }
  await utils.release();
  const preset = {
    worker: { connectionString, concurrentJobs: 24, maxPoolSize: 16, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  };
  const begun = performance.now();
  const runner = await run({ preset, taskList: { write: ({ n }) => write(n) } });
  await until(() => exists("SELECT FROM graphile_worker._private_jobs"));
  const took = (performance.now() - begun) / 1000;
  await runner.stop();
  return took;
}

async function boss() {
  await pool.query("TRUNCATE written");
  const boss = new PgBoss({ connectionString, max: 16 });
  boss.on("error", console.error);
  await boss.start();
  await boss.createQueue("write");
  for (let n = 0; n < jobs; n += 1000) {
    await boss.insert(Array.from({ length: 1000 }, (_, i) => ({ name: "write", data: { n: n + i } })));
  }
  const begun = performance.now();
  for (let worker = 0; worker < 4; worker++) {
    await boss.work("write", { batchSize: 250, pollingIntervalSeconds: 0.5 }, (batch) => Promise.all(batch.map((job) => write(job.data.n))));
  }
  await until(() => exists("SELECT FROM pgboss.job WHERE name = 'write' AND state < 'completed'"));
  const took = (performance.now() - begun) / 1000;
  await boss.stop({ graceful: false });
  return took;
}

const result = {};
result["graphile-worker"] = jobs / (await graphile());
result["pg-boss"] = jobs / (await boss());
await pool.end();
console.log(JSON.stringify(result));
process.exit(0);
