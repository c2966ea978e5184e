import nothing from "./lib/missing";
export default () => new Response(nothing);
