// ejs
import ejs from "ejs";
export default () => new Response(ejs.render("<% for (const x of a) { %>[<%= x %>]<% } %>", { a: ["<", 2] }));
