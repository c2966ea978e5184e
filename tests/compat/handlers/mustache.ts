// mustache
import Mustache from "mustache";
export default () => new Response(Mustache.render("{{#a}}<{{b}}>{{/a}}", { a: [{ b: "&" }, { b: 2 }] }));
