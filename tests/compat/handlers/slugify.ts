// slugify
import slugify from "slugify";
export default () => Response.json(slugify("Hello Wörld & co"));
