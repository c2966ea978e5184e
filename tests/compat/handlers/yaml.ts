// yaml
import YAML from "yaml";
export default () => Response.json([YAML.parse("a: [1, 2]\nb: |\n  x\n  y\n"), YAML.stringify({ a: { b: [1] } })]);
