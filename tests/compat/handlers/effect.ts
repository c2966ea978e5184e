// effect
import { Effect, Schedule } from "effect";
export default async () => Response.json(await Effect.runPromise(Effect.gen(function* () { const a = yield* Effect.succeed(1); yield* Effect.sleep(1); return a + 1; })));
