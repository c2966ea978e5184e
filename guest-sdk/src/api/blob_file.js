// File: a Blob with a name.

import { Blob, blobData } from "./blob.js";
import { DateNow, exposeInterface, StringToWellFormed } from "./primordials.js";

let factsOf;

/** A number as a whole one of 64 bits, as far as doubles have them. */
function toLongLong(value) {
  const number = +value;
  return number === number && number !== Infinity && number !== -Infinity ? number - (number % 1) + 0 : 0;
}

export class File extends Blob {
  #facts;
  constructor(fileBits, fileName, options) {
    if (arguments.length < 2) throw new TypeError("A File needs its parts and a name");
    const name = StringToWellFormed(`${fileName}`);
    super(fileBits, options);
    const given = options === undefined || options === null ? undefined : options.lastModified;
    this.#facts = { __proto__: null, name, lastModified: given === undefined ? DateNow() : toLongLong(given) };
  }
  get name() {
    return this.#facts.name;
  }
  get lastModified() {
    return this.#facts.lastModified;
  }
  get webkitRelativePath() {
    this.#facts;
    return "";
  }
  static {
    factsOf = (value) => (typeof value === "object" && value !== null && #facts in value ? value.#facts : undefined);
  }
}
Object.defineProperty(File, "length", { value: 2, configurable: true });
exposeInterface(File, "File");

/** `{ name, lastModified }` of a file, or `undefined`. */
export function fileFacts(value) {
  return factsOf(value);
}

/** A file with the bytes of a blob. */
export function fileOf(blob, name, lastModified) {
  return new File([blob], name, { type: blobData(blob).type, lastModified });
}
