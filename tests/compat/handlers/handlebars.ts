// handlebars
import Handlebars from "handlebars";
export default () => { try { return new Response(Handlebars.compile("{{#each a}}{{this}},{{/each}}")({ a: [1, 2] })); } catch (e) { return new Response(e.name); } };
