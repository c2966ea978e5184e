// minisearch
import M from "minisearch";
export default () => { const m = new M({ fields: ["t"] }); m.addAll([{ id: 1, t: "zen art" }, { id: 2, t: "moby" }]); return Response.json(m.search("art").map((r) => r.id)); };
