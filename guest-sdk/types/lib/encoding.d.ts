// Text as bytes, bytes as text, and compression.

/** Bytes, as a buffer or as a view of one. */
type BufferSource = ArrayBufferView<ArrayBuffer> | ArrayBuffer;
/** Bytes, whose memory may be shared. */
type AllowSharedBufferSource = ArrayBufferView | ArrayBufferLike;

interface TextEncoderEncodeIntoResult {
  /** UTF-16 units that were read. */
  read: number;
  /** Bytes that were written. */
  written: number;
}

/** Text to UTF-8. */
interface TextEncoder {
  readonly encoding: string;
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): TextEncoderEncodeIntoResult;
}

declare var TextEncoder: {
  prototype: TextEncoder;
  new (): TextEncoder;
};

interface TextDecoderOptions {
  /** Throw for bytes that are no text, instead of putting U+FFFD in their place. */
  fatal?: boolean;
  ignoreBOM?: boolean;
}

interface TextDecodeOptions {
  /** More is to come: keep what may be half a character. */
  stream?: boolean;
}

/** Bytes to text, from any encoding of the web. */
interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: AllowSharedBufferSource, options?: TextDecodeOptions): string;
}

declare var TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: TextDecoderOptions): TextDecoder;
};

/** Text to UTF-8, piece by piece. */
interface TextEncoderStream {
  readonly encoding: string;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<string>;
}

declare var TextEncoderStream: {
  prototype: TextEncoderStream;
  new (): TextEncoderStream;
};

/** Bytes to text, piece by piece. */
interface TextDecoderStream {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  readonly readable: ReadableStream<string>;
  readonly writable: WritableStream<BufferSource>;
}

declare var TextDecoderStream: {
  prototype: TextDecoderStream;
  new (label?: string, options?: TextDecoderOptions): TextDecoderStream;
};

type CompressionFormat = "deflate" | "deflate-raw" | "gzip";

/** Compresses what is written to it. */
interface CompressionStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<BufferSource>;
}

declare var CompressionStream: {
  prototype: CompressionStream;
  new (format: CompressionFormat): CompressionStream;
};

/** Decompresses what is written to it. */
interface DecompressionStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<BufferSource>;
}

declare var DecompressionStream: {
  prototype: DecompressionStream;
  new (format: CompressionFormat): DecompressionStream;
};

/** Base64 to a string of bytes. */
declare function atob(data: string): string;
/** A string of bytes to base64. */
declare function btoa(data: string): string;
