// lunr
import lunr from "lunr";
export default () => { const i = lunr(function () { this.ref("id"); this.field("t"); this.add({ id: 1, t: "green plants" }); }); return Response.json(i.search("plant").map((r) => r.ref)); };
