// liquidjs
import { Liquid } from "liquidjs";
export default async () => new Response(await new Liquid().parseAndRender("{{ a | upcase }} {% for x in b %}{{x}}{% endfor %}", { a: "x", b: [1, 2] }));
