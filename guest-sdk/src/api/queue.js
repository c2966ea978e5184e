// A queue: first in, first out, without moving what stays.

import { ArrayPush } from "./primordials.js";

export function newQueue() {
  return { __proto__: null, items: [], head: 0, size: 0 };
}

export function queueLength(queue) {
  return queue.items.length - queue.head;
}

export function queuePush(queue, item) {
  ArrayPush(queue.items, item);
}

export function queuePeek(queue) {
  return queue.items[queue.head];
}

export function queueShift(queue) {
  const item = queue.items[queue.head];
  queue.items[queue.head++] = undefined;
  // What was taken is let go of once it is half of the list.
  if (queue.head > 16 && queue.head * 2 > queue.items.length) {
    const kept = [];
    for (let i = queue.head; i < queue.items.length; i++) ArrayPush(kept, queue.items[i]);
    queue.items = kept;
    queue.head = 0;
  }
  return item;
}

/** Empties the queue and returns what was in it. */
export function queueDrain(queue) {
  const all = [];
  for (let i = queue.head; i < queue.items.length; i++) ArrayPush(all, queue.items[i]);
  queue.items = [];
  queue.head = 0;
  queue.size = 0;
  return all;
}
