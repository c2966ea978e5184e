// protobufjs
import protobuf from "protobufjs";
export default () => { let r; try { const t = protobuf.parse("syntax=\"proto3\"; message A { string b = 1; }").root.lookupType("A"); r = t.decode(t.encode({ b: "x" }).finish()).b; } catch (e) { r = e.name; } return Response.json(r); };
