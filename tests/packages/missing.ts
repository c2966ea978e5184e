import nothing from "a-package-that-is-not-installed";
export default () => new Response(nothing);
