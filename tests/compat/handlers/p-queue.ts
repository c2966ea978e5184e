// p-queue
import PQueue from "p-queue";
export default async () => { const q = new PQueue({ concurrency: 1 }); return Response.json(await q.addAll([async () => 1, async () => 2])); };
