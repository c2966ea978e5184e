// node:diagnostics_channel

import { ArrayPush, MapGet, MapSet, ReflectApply } from "../api/primordials.js";
import { requireFunction } from "./errors.js";
import { MapConstructor } from "./language.js";

const channels = new MapConstructor();

export class Channel {
  #subscribers = [];
  constructor(name) {
    this.name = name;
  }
  get hasSubscribers() {
    return this.#subscribers.length > 0;
  }
  subscribe(subscriber) {
    ArrayPush(this.#subscribers, requireFunction(subscriber, "subscription"));
  }
  unsubscribe(subscriber) {
    const before = this.#subscribers.length;
    this.#subscribers = this.#subscribers.filter((known) => known !== subscriber);
    return this.#subscribers.length < before;
  }
  publish(message) {
    for (const subscriber of this.#subscribers) subscriber(message, this.name);
  }
  bindStore() {}
  unbindStore() {
    return false;
  }
  runStores(message, callback, self, ...args) {
    this.publish(message);
    return ReflectApply(callback, self, args);
  }
}

export function channel(name) {
  let known = MapGet(channels, name);
  if (known === undefined) {
    known = new Channel(name);
    MapSet(channels, name, known);
  }
  return known;
}

export function hasSubscribers(name) {
  return MapGet(channels, name)?.hasSubscribers ?? false;
}

export function subscribe(name, subscriber) {
  channel(name).subscribe(subscriber);
}

export function unsubscribe(name, subscriber) {
  return channel(name).unsubscribe(subscriber);
}

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];

export function tracingChannel(given) {
  const tracing = {};
  for (const event of EVENTS) tracing[event] = typeof given === "string" ? channel(`tracing:${given}:${event}`) : given[event];
  tracing.subscribe = (handlers) => {
    for (const event of EVENTS) if (handlers[event]) tracing[event].subscribe(handlers[event]);
  };
  tracing.unsubscribe = (handlers) => EVENTS.every((event) => !handlers[event] || tracing[event].unsubscribe(handlers[event]));
  tracing.traceSync = (callback, context = {}, self = undefined, ...args) => {
    tracing.start.publish(context);
    try {
      context.result = ReflectApply(callback, self, args);
      return context.result;
    } catch (error) {
      context.error = error;
      tracing.error.publish(context);
      throw error;
    } finally {
      tracing.end.publish(context);
    }
  };
  tracing.tracePromise = (callback, context = {}, self = undefined, ...args) => {
    const settled = (name, value) => {
      context[name] = value;
      if (name === "error") tracing.error.publish(context);
      tracing.asyncStart.publish(context);
      tracing.asyncEnd.publish(context);
      if (name === "error") throw value;
      return value;
    };
    return tracing.traceSync(callback, context, self, ...args).then(
      (value) => settled("result", value),
      (error) => settled("error", error),
    );
  };
  return tracing;
}
