// react-dom
import { renderToString } from "react-dom/server";
import { createElement as h, useState } from "react";
const A = ({ n }) => { const [x] = useState(n); return h("p", { className: "c" }, x, "<"); };
export default () => new Response(renderToString(h(A, { n: 1 })));
