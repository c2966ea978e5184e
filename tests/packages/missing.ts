import nothing from "a-package-that-nobody-installed";
export default () => new Response(nothing);
