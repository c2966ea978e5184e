// flatted
import { stringify } from "flatted";
export default () => { const a = {}; a.a = a; return new Response(stringify(a)); };
