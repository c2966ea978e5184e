// bluebird
import Bluebird from "bluebird";
export default async () => Response.json(await Bluebird.map([1, 2], (x) => Bluebird.delay(1).then(() => x + 1)));
