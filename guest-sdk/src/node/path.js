// node:path: POSIX paths, and Windows paths on top of them.

import { ArrayJoin, ArrayPush, StringEndsWith, StringReplaceAll, StringSlice, StringSplit, StringStartsWith, StringToLowerCase } from "../api/primordials.js";
import { invalidType, requireString } from "./errors.js";
import { StringLastIndexOf } from "./language.js";

/** The segments without `.` and with `..` done; those that lead above the beginning stay where there is no root. */
function normalized(path, absolute) {
  const segments = [];
  const given = StringSplit(path, "/");
  for (let i = 0; i < given.length; i++) {
    const segment = given[i];
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") ArrayPush(segments, segment);
    else if (segments.length > 0 && segments[segments.length - 1] !== "..") segments.length -= 1;
    else if (!absolute) ArrayPush(segments, "..");
  }
  return ArrayJoin(segments, "/");
}

function trimmed(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end -= 1;
  return StringSlice(path, 0, end);
}

const posix = {
  sep: "/",
  delimiter: ":",
  isAbsolute: (path) => StringStartsWith(requireString(path, "path"), "/"),
  normalize(path) {
    if (requireString(path, "path") === "") return ".";
    const absolute = path[0] === "/";
    let normal = normalized(path, absolute);
    if (normal === "" && !absolute) normal = ".";
    if (normal !== "" && StringEndsWith(path, "/")) normal += "/";
    return absolute ? `/${normal}` : normal;
  },
  join(...paths) {
    let joined = "";
    for (let i = 0; i < paths.length; i++) {
      if (requireString(paths[i], "path") !== "") joined += joined === "" ? paths[i] : `/${paths[i]}`;
    }
    return posix.normalize(joined);
  },
  resolve(...paths) {
    let resolved = "";
    for (let i = paths.length - 1; i >= 0 && resolved[0] !== "/"; i--) {
      if (requireString(paths[i], "path") !== "") resolved = resolved === "" ? paths[i] : `${paths[i]}/${resolved}`;
    }
    // Without a folder of its own, what runs stands at the root.
    return `/${normalized(resolved, true)}`;
  },
  relative(from, to) {
    const start = StringSplit(posix.resolve(requireString(from, "from")), "/");
    const end = StringSplit(posix.resolve(requireString(to, "to")), "/");
    let common = 0;
    while (common < start.length && common < end.length && start[common] === end[common]) common += 1;
    const segments = [];
    for (let i = common; i < start.length; i++) if (start[i] !== "") ArrayPush(segments, "..");
    for (let i = common; i < end.length; i++) if (end[i] !== "") ArrayPush(segments, end[i]);
    return ArrayJoin(segments, "/");
  },
  dirname(path) {
    const whole = trimmed(requireString(path, "path"));
    const slash = StringLastIndexOf(whole, "/");
    if (slash < 0) return ".";
    if (slash === 0) return "/";
    // One slash goes, those before it stay; two that begin a path are a root of their own.
    return slash === 1 && whole[0] === "/" ? "//" : StringSlice(whole, 0, slash);
  },
  basename(path, suffix) {
    const whole = trimmed(requireString(path, "path"));
    const base = StringSlice(whole, StringLastIndexOf(whole, "/") + 1);
    if (suffix === undefined || base === requireString(suffix, "suffix") || !StringEndsWith(base, suffix)) return base;
    return StringSlice(base, 0, base.length - suffix.length);
  },
  extname(path) {
    const base = posix.basename(path);
    const dot = StringLastIndexOf(base, ".");
    return dot <= 0 || base === ".." ? "" : StringSlice(base, dot);
  },
  parse(path) {
    const root = posix.isAbsolute(path) ? "/" : "";
    const base = posix.basename(path);
    const ext = posix.extname(path);
    const whole = trimmed(path);
    const slash = StringLastIndexOf(whole, "/");
    const dir = slash > 0 ? StringSlice(whole, 0, slash) : root;
    return { root, dir, base, ext, name: StringSlice(base, 0, base.length - ext.length) };
  },
  format: (parts) => formatted(parts, "/"),
  toNamespacedPath: (path) => path,
};

function formatted(parts, separator) {
  if (typeof parts !== "object" || parts === null) throw invalidType("pathObject", "of type object", parts);
  const ext = parts.ext ? `${parts.ext[0] === "." ? "" : "."}${parts.ext}` : "";
  const base = parts.base ?? `${parts.name ?? ""}${ext}`;
  const dir = parts.dir ?? parts.root;
  if (!dir) return base;
  return dir === parts.root ? `${dir}${base}` : `${dir}${separator}${base}`;
}

// A drive, and what comes behind it.
function split(path) {
  const drive = path[1] === ":" ? StringSlice(path, 0, 2) : "";
  return { __proto__: null, drive, rest: StringReplaceAll(StringSlice(path, drive.length), "\\", "/") };
}
const back = (path) => StringReplaceAll(path, "/", "\\");

const win32 = {
  sep: "\\",
  delimiter: ";",
  isAbsolute: (path) => StringStartsWith(split(requireString(path, "path")).rest, "/"),
  normalize(path) {
    const { drive, rest } = split(requireString(path, "path"));
    return drive + back(posix.normalize(rest));
  },
  join(...paths) {
    let joined = "";
    for (let i = 0; i < paths.length; i++) if (requireString(paths[i], "path") !== "") joined += joined === "" ? paths[i] : `\\${paths[i]}`;
    return win32.normalize(joined);
  },
  resolve(...paths) {
    let drive = "";
    let resolved = "";
    for (let i = paths.length - 1; i >= 0; i--) {
      const one = split(requireString(paths[i], "path"));
      if (one.drive !== "" && drive !== "" && StringToLowerCase(one.drive) !== StringToLowerCase(drive)) continue;
      if (drive === "") drive = one.drive;
      if (resolved[0] !== "/" && one.rest !== "") resolved = resolved === "" ? one.rest : `${one.rest}/${resolved}`;
    }
    return drive + back(posix.resolve(resolved));
  },
  relative(from, to) {
    const start = split(win32.resolve(from));
    const end = split(win32.resolve(to));
    if (StringToLowerCase(start.drive) !== StringToLowerCase(end.drive)) return end.drive + back(end.rest);
    return back(posix.relative(start.rest, end.rest));
  },
  dirname(path) {
    const { drive, rest } = split(requireString(path, "path"));
    const dir = posix.dirname(rest);
    return drive !== "" && dir === "." ? drive : drive + back(dir);
  },
  basename: (path, suffix) => posix.basename(split(requireString(path, "path")).rest, suffix),
  extname: (path) => posix.extname(split(requireString(path, "path")).rest),
  parse(path) {
    const { drive, rest } = split(requireString(path, "path"));
    const { root, dir, base, ext, name } = posix.parse(rest);
    return { root: drive + back(root), dir: drive + back(dir), base, ext, name };
  },
  format: (parts) => formatted(parts, "\\"),
  toNamespacedPath: (path) => path,
};
posix.posix = posix;
posix.win32 = win32;
win32.posix = posix;
win32.win32 = win32;

export const paths = posix;
