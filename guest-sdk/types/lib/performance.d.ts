// The clock, and its timeline of marks and measures.

/** The clock of the invocation, in whole milliseconds. */
interface Performance extends EventTarget {
  readonly timeOrigin: number;
  now(): number;
  mark(markName: string, markOptions?: PerformanceMarkOptions): PerformanceMark;
  /** From the invocation's start, a mark or a moment, to now or another. */
  measure(measureName: string, startMark?: string, endMark?: string): PerformanceMeasure;
  measure(measureName: string, options: PerformanceMeasureOptions): PerformanceMeasure;
  clearMarks(markName?: string): void;
  clearMeasures(measureName?: string): void;
  /** In the order of their beginnings. */
  getEntries(): PerformanceEntry[];
  getEntriesByName(name: string, type?: string): PerformanceEntry[];
  getEntriesByType(type: string): PerformanceEntry[];
  toJSON(): any;
}

declare var Performance: {
  prototype: Performance;
  new (): Performance;
};

declare var performance: Performance;

interface PerformanceMarkOptions {
  /** Copied, as by `structuredClone`. */
  detail?: any;
  startTime?: number;
}

/** Two of `start`, `end` and `duration` at most. */
interface PerformanceMeasureOptions {
  detail?: any;
  start?: string | number;
  end?: string | number;
  duration?: number;
}

/** Something on the timeline. */
interface PerformanceEntry {
  readonly name: string;
  readonly entryType: string;
  readonly startTime: number;
  readonly duration: number;
  toJSON(): any;
}

declare var PerformanceEntry: {
  prototype: PerformanceEntry;
  new (): PerformanceEntry;
};

interface PerformanceMark extends PerformanceEntry {
  readonly detail: any;
}

declare var PerformanceMark: {
  prototype: PerformanceMark;
  new (markName: string, markOptions?: PerformanceMarkOptions): PerformanceMark;
};

interface PerformanceMeasure extends PerformanceEntry {
  readonly detail: any;
}

declare var PerformanceMeasure: {
  prototype: PerformanceMeasure;
  new (): PerformanceMeasure;
};

type PerformanceObserverCallback = (entries: PerformanceObserverEntryList, observer: PerformanceObserver) => void;

/** Either several types, or one and perhaps what is there of it already. */
interface PerformanceObserverInit {
  entryTypes?: string[];
  type?: string;
  buffered?: boolean;
}

/** Is told of marks and measures as they are made. */
interface PerformanceObserver {
  observe(options?: PerformanceObserverInit): void;
  disconnect(): void;
  takeRecords(): PerformanceEntry[];
}

declare var PerformanceObserver: {
  prototype: PerformanceObserver;
  new (callback: PerformanceObserverCallback): PerformanceObserver;
  readonly supportedEntryTypes: readonly string[];
};

interface PerformanceObserverEntryList {
  getEntries(): PerformanceEntry[];
  getEntriesByName(name: string, type?: string): PerformanceEntry[];
  getEntriesByType(type: string): PerformanceEntry[];
}

declare var PerformanceObserverEntryList: {
  prototype: PerformanceObserverEntryList;
  new (): PerformanceObserverEntryList;
};
