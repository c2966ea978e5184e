// Timers, microtasks, navigator and the global object.

declare var self: typeof globalThis;

declare function setTimeout<Args extends any[]>(callback: (...args: Args) => void, delay?: number, ...args: Args): number;
// `new Promise((resolve) => setTimeout(resolve, 100))`: a value that nothing is expected of is not given.
declare function setTimeout(callback: (nothing: void) => void, delay?: number): number;
declare function clearTimeout(id?: number): void;
declare function setInterval<Args extends any[]>(callback: (...args: Args) => void, delay?: number, ...args: Args): number;
declare function setInterval(callback: (nothing: void) => void, delay?: number): number;
declare function clearInterval(id?: number): void;
/** Runs `callback` as soon as what runs now, and its microtasks, are done. */
declare function setImmediate<Args extends any[]>(callback: (...args: Args) => void, ...args: Args): number;
declare function setImmediate(callback: (nothing: void) => void): number;
declare function clearImmediate(id?: number): void;
declare function queueMicrotask(callback: () => void): void;

interface Navigator {
  readonly userAgent: string;
}

declare var Navigator: {
  prototype: Navigator;
  new (): Navigator;
};

declare var navigator: Navigator;
