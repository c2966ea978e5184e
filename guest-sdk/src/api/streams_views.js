// ArrayBufferViews that authors pass: their buffer, offset, length and element type.

import {
  ArrayBufferDetached,
  ArrayBufferIsView,
  DataViewBuffer,
  DataViewByteLength,
  DataViewByteOffset,
  isArrayBuffer,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArrayLength,
  TypedArrayName,
  VIEWS,
} from "./primordials.js";

/** What a view is of, and how to make another of its kind. */
export function viewParts(view) {
  if (!ArrayBufferIsView(view)) throw new TypeError("A view of an ArrayBuffer is needed");
  const name = TypedArrayName(view);
  const parts =
    name === undefined
      ? {
          __proto__: null,
          buffer: DataViewBuffer(view),
          byteOffset: 0,
          byteLength: 0,
          length: 0,
          elementSize: 1,
          constructor: DataView,
        }
      : {
          __proto__: null,
          buffer: TypedArrayBuffer(view),
          byteOffset: TypedArrayByteOffset(view),
          byteLength: TypedArrayByteLength(view),
          length: TypedArrayLength(view),
          elementSize: VIEWS[name].BYTES_PER_ELEMENT,
          constructor: VIEWS[name],
        };
  if (!isArrayBuffer(parts.buffer)) throw new TypeError("Shared memory is not taken here");
  if (name === undefined && !ArrayBufferDetached(parts.buffer)) {
    parts.byteOffset = DataViewByteOffset(view);
    parts.byteLength = parts.length = DataViewByteLength(view);
  }
  return parts;
}
