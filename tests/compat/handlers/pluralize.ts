// pluralize
import p from "pluralize";
export default () => Response.json([p("person", 2), p.singular("mice")]);
