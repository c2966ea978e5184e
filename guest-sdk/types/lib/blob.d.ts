// Blob, File and FormData.

type BlobPart = BufferSource | Blob | string;
type EndingType = "native" | "transparent";

interface BlobPropertyBag {
  endings?: EndingType;
  type?: string;
}

/** Bytes that never change. */
interface Blob {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  slice(start?: number, end?: number, contentType?: string): Blob;
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  text(): Promise<string>;
}

declare var Blob: {
  prototype: Blob;
  new (parts?: Iterable<BlobPart>, options?: BlobPropertyBag): Blob;
};

interface FilePropertyBag extends BlobPropertyBag {
  lastModified?: number;
}

/** A blob with a name. */
interface File extends Blob {
  readonly name: string;
  readonly lastModified: number;
  readonly webkitRelativePath: string;
}

declare var File: {
  prototype: File;
  new (parts: Iterable<BlobPart>, name: string, options?: FilePropertyBag): File;
};

type FormDataEntryValue = File | string;

/** A form's entries, in their order. */
interface FormData {
  append(name: string, value: string): void;
  append(name: string, value: Blob, filename?: string): void;
  delete(name: string): void;
  get(name: string): FormDataEntryValue | null;
  getAll(name: string): FormDataEntryValue[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  set(name: string, value: Blob, filename?: string): void;
  entries(): WebIterator<[string, FormDataEntryValue]>;
  keys(): WebIterator<string>;
  values(): WebIterator<FormDataEntryValue>;
  forEach(callback: (value: FormDataEntryValue, key: string, parent: FormData) => void, thisArg?: any): void;
  [Symbol.iterator](): WebIterator<[string, FormDataEntryValue]>;
}

declare var FormData: {
  prototype: FormData;
  new (): FormData;
};
