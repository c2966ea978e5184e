// rxjs
import { of, map, toArray, lastValueFrom, delay } from "rxjs";
export default async () => Response.json(await lastValueFrom(of(1, 2).pipe(delay(2), map((x) => x * 2), toArray())));
