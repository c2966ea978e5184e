// diff
import { diffWords, createPatch } from "diff";
export default () => Response.json([diffWords("a b", "a c"), createPatch("f", "a\n", "b\n")]);
