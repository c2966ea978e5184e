// js-yaml
import * as yaml from "js-yaml";
export default () => Response.json([yaml.load("a: &x 1\nb: *x\nc: 2020-01-01"), yaml.dump({ a: [1, "x"] })]);
