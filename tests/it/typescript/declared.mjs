// Lists the declarations of @mayfly/types, in the format of inventory.js, and the names of the language's own globals:
// `node declared.mjs <typescript> <index.d.ts>`.
import { createRequire } from "node:module";
import { dirname } from "node:path";

const [, , compiler, index] = process.argv;
const ts = createRequire(import.meta.url)(compiler);
const program = ts.createProgram([index], { lib: ["lib.esnext.d.ts"], types: [], strict: true, target: ts.ScriptTarget.ESNext });
const checker = program.getTypeChecker();
const folder = dirname(program.getSourceFile(index).fileName);

const name = ({ escapedName }) => `${escapedName}`.replace(/^__@(\w+)@\d+$/, "[Symbol.$1]").replace(/^___/, "__");
const names = (type) => checker.getPropertiesOfType(type).map(name);

function describe(symbol) {
  const type = checker.getTypeOfSymbol(symbol);
  if (type.getConstructSignatures().length > 0) {
    const members = names(checker.getTypeOfSymbol(type.getProperty("prototype")));
    return { statics: names(type).filter((it) => it !== "prototype"), members, isClass: true };
  }
  if (type.getCallSignatures().length > 0) return { statics: names(type) };
  return type.flags & ts.TypeFlags.Object ? { members: names(type) } : {};
}

const ours = {};
const language = [];
for (const symbol of checker.getSymbolsInScope(program.getSourceFile(index), ts.SymbolFlags.Value)) {
  const files = (symbol.declarations ?? []).map((declaration) => declaration.getSourceFile().fileName);
  if (files.some((file) => file.startsWith(folder))) ours[symbol.name] = describe(symbol);
  else language.push(symbol.name);
}
const objects = checker.getSymbolsInScope(program.getSourceFile(index), ts.SymbolFlags.Interface);
const object = objects.find((symbol) => symbol.name === "Object");
console.log(JSON.stringify({ ours, language, object: names(checker.getDeclaredTypeOfSymbol(object)) }));
