// linkedom
import { parseHTML } from "linkedom";
export default () => { const { document } = parseHTML("<html><body><p id=a>x</p></body></html>"); document.querySelector("#a").textContent = "y"; return new Response(document.toString()); };
