// oauth4webapi
import * as o from "oauth4webapi";
export default async () => Response.json(await o.calculatePKCECodeChallenge("x".repeat(43)));
