// preact
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
export default () => new Response(renderToString(h("p", { class: "a" }, "x<")));
