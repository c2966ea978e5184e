// nunjucks
import nunjucks from "nunjucks";
export default () => new Response(nunjucks.renderString("{% for x in a %}{{ x }}{% endfor %}", { a: [1, 2] }));
