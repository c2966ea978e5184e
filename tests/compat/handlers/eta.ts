// eta
import { Eta } from "eta";
export default () => new Response(new Eta().renderString("<%= it.a %>", { a: 1 }));
