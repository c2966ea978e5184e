// stripe
import Stripe from "stripe";
export default async () => { const s = new Stripe("sk_test_1"); const payload = "{}"; const header = await s.webhooks.generateTestHeaderStringAsync({ payload, secret: "whsec_x" }); const e = await s.webhooks.constructEventAsync(payload, header, "whsec_x"); return Response.json(e); };
