// immer
import { produce } from "immer";
export default () => Response.json(produce({ a: [1] }, (d) => { d.a.push(2); }));
