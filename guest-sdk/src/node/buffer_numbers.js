// Numbers in Buffers, in either byte order.

import { TypedArrayBuffer, TypedArrayByteLength, TypedArrayByteOffset } from "../api/primordials.js";
import { invalidType, outOfRange, rangeFailure, requireInteger } from "./errors.js";
import { DataViewConstructor, define, Getters, Setters } from "./language.js";

function viewOf(buffer) {
  return new DataViewConstructor(TypedArrayBuffer(buffer), TypedArrayByteOffset(buffer), TypedArrayByteLength(buffer));
}

function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw invalidType("offset", "of type number", offset);
  const last = TypedArrayByteLength(buffer) - size;
  if (offset % 1 !== 0) throw outOfRange("offset", "an integer", offset);
  if (last < 0) throw rangeFailure("ERR_BUFFER_OUT_OF_BOUNDS", "Attempt to access memory outside buffer bounds");
  if (offset < 0 || offset > last) throw outOfRange("offset", `>= 0 and <= ${last}`, offset);
}

// For integers: the least and the greatest.
const KINDS = [
  ["Int8", 1, -0x80, 0x7f],
  ["UInt8", 1, 0, 0xff],
  ["Int16", 2, -0x8000, 0x7fff],
  ["UInt16", 2, 0, 0xffff],
  ["Int32", 4, -0x80000000, 0x7fffffff],
  ["UInt32", 4, 0, 0xffffffff],
  ["BigInt64", 8, -0x8000000000000000n, 0x7fffffffffffffffn],
  ["BigUInt64", 8, 0n, 0xffffffffffffffffn],
  ["Float", 4],
  ["Double", 8],
];
const VIEW_NAMES = {
  __proto__: null,
  UInt8: "Uint8",
  UInt16: "Uint16",
  UInt32: "Uint32",
  BigUInt64: "BigUint64",
  Float: "Float32",
  Double: "Float64",
};

function accessors(kind, size, min, max, little) {
  const get = Getters[VIEW_NAMES[kind] ?? kind];
  const set = Setters[VIEW_NAMES[kind] ?? kind];
  return {
    read(offset = 0) {
      checkOffset(this, offset, size);
      return get(viewOf(this), offset, little);
    },
    write(value, offset = 0) {
      const number = typeof min === "bigint" ? value : +value;
      if (min !== undefined && (number < min || number > max)) throw outOfRange("value", `>= ${min} and <= ${max}`, value);
      checkOffset(this, offset, size);
      set(viewOf(this), offset, number, little);
      return offset + size;
    },
  };
}

function readInteger(buffer, offset, byteLength, little, signed) {
  requireInteger(byteLength, "byteLength", 1, 6);
  checkOffset(buffer, offset, byteLength);
  let value = 0;
  for (let i = 0; i < byteLength; i++) value = value * 256 + buffer[offset + (little ? byteLength - 1 - i : i)];
  const limit = 2 ** (8 * byteLength - 1);
  return signed && value >= limit ? value - 2 * limit : value;
}

function writeInteger(buffer, given, offset, byteLength, little, signed) {
  requireInteger(byteLength, "byteLength", 1, 6);
  const all = 2 ** (8 * byteLength);
  const min = signed ? -all / 2 : 0;
  const max = signed ? all / 2 - 1 : all - 1;
  let value = +given;
  if (value < min || value > max) throw outOfRange("value", `>= ${min} and <= ${max}`, given);
  checkOffset(buffer, offset, byteLength);
  value = value < 0 ? value + all : value;
  for (let i = 0; i < byteLength; i++) {
    buffer[offset + (little ? i : byteLength - 1 - i)] = value % 256;
    value = (value - (value % 256)) / 256;
  }
  return offset + byteLength;
}

function swap(buffer, size) {
  const length = TypedArrayByteLength(buffer);
  if (length % size !== 0) throw rangeFailure("ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${size * 8}-bits`);
  for (let at = 0; at < length; at += size) {
    for (let i = 0; i < size / 2; i++) {
      const byte = buffer[at + i];
      buffer[at + i] = buffer[at + size - 1 - i];
      buffer[at + size - 1 - i] = byte;
    }
  }
  return buffer;
}

function methods() {
  const members = { __proto__: null };
  const add = (name, method) => {
    members[name] = method;
    // Both spellings: readUInt8 and readUint8.
    members[name.replace("UInt", "Uint")] = method;
  };
  for (const [kind, size, min, max] of KINDS) {
    for (const [end, little] of size === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
      const { read, write } = accessors(kind, size, min, max, little);
      add(`read${kind}${end}`, read);
      add(`write${kind}${end}`, write);
    }
  }
  for (const [kind, signed] of [["Int", true], ["UInt", false]]) {
    for (const [end, little] of [["LE", true], ["BE", false]]) {
      add(`read${kind}${end}`, function (offset, byteLength) {
        return readInteger(this, offset, byteLength, little, signed);
      });
      add(`write${kind}${end}`, function (value, offset, byteLength) {
        return writeInteger(this, value, offset, byteLength, little, signed);
      });
    }
  }
  for (const size of [2, 4, 8]) {
    members[`swap${8 * size}`] = function () {
      return swap(this, size);
    };
  }
  return members;
}

/** Gives a prototype the methods for numbers. */
export function defineNumbers(prototype) {
  define(prototype, methods());
}
