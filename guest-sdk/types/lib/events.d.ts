// Events, AbortSignal, and the global object as an event target.

interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

/** Something that happened, told to listeners. */
interface Event {
  readonly type: string;
  readonly target: EventTarget | null;
  readonly currentTarget: EventTarget | null;
  readonly eventPhase: number;
  readonly bubbles: boolean;
  readonly cancelable: boolean;
  readonly composed: boolean;
  readonly defaultPrevented: boolean;
  /** False for what code of the function dispatched. */
  readonly isTrusted: boolean;
  readonly timeStamp: number;
  composedPath(): EventTarget[];
  preventDefault(): void;
  stopPropagation(): void;
  stopImmediatePropagation(): void;
  readonly NONE: 0;
  readonly CAPTURING_PHASE: 1;
  readonly AT_TARGET: 2;
  readonly BUBBLING_PHASE: 3;
  /** @deprecated Use `target`. */
  readonly srcElement: EventTarget | null;
  /** @deprecated Use `stopPropagation`. */
  cancelBubble: boolean;
  /** @deprecated Use `preventDefault` and `defaultPrevented`. */
  returnValue: boolean;
  /** @deprecated Give the constructor an init. */
  initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
}

declare var Event: {
  prototype: Event;
  new (type: string, init?: EventInit): Event;
  readonly NONE: 0;
  readonly CAPTURING_PHASE: 1;
  readonly AT_TARGET: 2;
  readonly BUBBLING_PHASE: 3;
};

interface CustomEventInit<T = any> extends EventInit {
  detail?: T;
}

/** An event with a value of one's own. */
interface CustomEvent<T = any> extends Event {
  readonly detail: T;
  /** @deprecated Give the constructor an init. */
  initCustomEvent(type: string, bubbles?: boolean, cancelable?: boolean, detail?: T): void;
}

declare var CustomEvent: {
  prototype: CustomEvent;
  new <T = any>(type: string, init?: CustomEventInit<T>): CustomEvent<T>;
};

interface ErrorEventInit extends EventInit {
  message?: string;
  filename?: string;
  lineno?: number;
  colno?: number;
  error?: any;
}

/** An uncaught error. */
interface ErrorEvent extends Event {
  readonly message: string;
  readonly filename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly error: any;
}

declare var ErrorEvent: {
  prototype: ErrorEvent;
  new (type: string, init?: ErrorEventInit): ErrorEvent;
};

interface PromiseRejectionEventInit extends EventInit {
  promise: Promise<any>;
  reason?: any;
}

/** A promise that was rejected without a handler, or got its handler late. */
interface PromiseRejectionEvent extends Event {
  readonly promise: Promise<any>;
  readonly reason: any;
}

declare var PromiseRejectionEvent: {
  prototype: PromiseRejectionEvent;
  new (type: string, init: PromiseRejectionEventInit): PromiseRejectionEvent;
};

interface EventListener {
  (event: Event): void;
}

interface EventListenerObject {
  handleEvent(event: Event): void;
}

type EventListenerOrEventListenerObject = EventListener | EventListenerObject;

interface EventListenerOptions {
  capture?: boolean;
}

interface AddEventListenerOptions extends EventListenerOptions {
  /** Call it for the first event alone. */
  once?: boolean;
  /** It will not call `preventDefault`. */
  passive?: boolean;
  /** Take it away when this fires. */
  signal?: AbortSignal;
}

/** What listeners are added to. */
interface EventTarget {
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
  /** False where a listener called `preventDefault`. */
  dispatchEvent(event: Event): boolean;
}

declare var EventTarget: {
  prototype: EventTarget;
  new (): EventTarget;
};

interface AbortSignalEventMap {
  abort: Event;
}

/** Says that something is no longer wanted. */
interface AbortSignal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: any;
  onabort: ((this: AbortSignal, event: Event) => any) | null;
  throwIfAborted(): void;
  addEventListener<K extends keyof AbortSignalEventMap>(
    type: K,
    listener: (this: AbortSignal, event: AbortSignalEventMap[K]) => any,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof AbortSignalEventMap>(
    type: K,
    listener: (this: AbortSignal, event: AbortSignalEventMap[K]) => any,
    options?: EventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

declare var AbortSignal: {
  prototype: AbortSignal;
  new (): AbortSignal;
  /** One that has fired. */
  abort(reason?: any): AbortSignal;
  /** One that fires as soon as any of these does. */
  any(signals: Iterable<AbortSignal>): AbortSignal;
  /** One that fires after this many milliseconds, with a `TimeoutError`. */
  timeout(milliseconds: number): AbortSignal;
};

/** Fires a signal. */
interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: any): void;
}

declare var AbortController: {
  prototype: AbortController;
  new (): AbortController;
};

/** Events of the global object. */
interface GlobalEventMap {
  error: ErrorEvent;
  unhandledrejection: PromiseRejectionEvent;
  rejectionhandled: PromiseRejectionEvent;
}

declare function addEventListener<K extends keyof GlobalEventMap>(
  type: K,
  listener: (this: typeof globalThis, event: GlobalEventMap[K]) => any,
  options?: AddEventListenerOptions | boolean,
): void;
declare function addEventListener(
  type: string,
  listener: EventListenerOrEventListenerObject | null,
  options?: AddEventListenerOptions | boolean,
): void;
declare function removeEventListener<K extends keyof GlobalEventMap>(
  type: K,
  listener: (this: typeof globalThis, event: GlobalEventMap[K]) => any,
  options?: EventListenerOptions | boolean,
): void;
declare function removeEventListener(
  type: string,
  listener: EventListenerOrEventListenerObject | null,
  options?: EventListenerOptions | boolean,
): void;
declare function dispatchEvent(event: Event): boolean;

/** Called with an uncaught error; `true` says that it was handled. */
declare var onerror:
  | ((message: Event | string, filename?: string, lineno?: number, colno?: number, error?: any) => any)
  | null;
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => any) | null;
declare var onrejectionhandled: ((event: PromiseRejectionEvent) => any) | null;

/** Treats `error` as one that a listener did not catch: it is printed. */
declare function reportError(error: any): void;
