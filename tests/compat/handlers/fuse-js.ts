// fuse.js
import Fuse from "fuse.js";
export default () => Response.json(new Fuse(["apple", "banana"], {}).search("aple"));
