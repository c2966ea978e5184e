// The task queue: tasks run one after another, each after all microtasks of the one before.

import { host } from "./host.js";
import { newQueue, queueLength, queuePush, queueShift } from "./queue.js";

// How many run in a row before the host is asked whether anything else has happened.
const TASKS_IN_A_ROW = 32;
const tasks = newQueue();
let scheduled = false;
let inARow = 0;

function schedule() {
  scheduled = true;
  inARow += 1;
  if (inARow < TASKS_IN_A_ROW) host.queueTask(pump);
  else {
    inARow = 0;
    host.sleep(0, false, pump);
  }
}

function pump() {
  scheduled = false;
  const task = queueShift(tasks);
  if (queueLength(tasks) > 0) schedule();
  task();
}

/** Runs `task` later. */
export function queueTask(task) {
  queuePush(tasks, host.inAsyncFrame(task));
  if (!scheduled) schedule();
}
