// chroma-js
import chroma from "chroma-js";
export default () => Response.json([chroma("red").darken().hex(), chroma.scale(["#fff", "#000"]).colors(3)]);
