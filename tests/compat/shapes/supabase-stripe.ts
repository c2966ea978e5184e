// Supabase: a webhook of Stripe without a signature
// expect: 400 No signature
import Stripe from "npm:stripe@18";
const stripe = new Stripe("sk_test_x", { apiVersion: "2024-06-20" as never });
const provider = Stripe.createSubtleCryptoProvider();
Deno.serve(async (request) => {
  const signature = request.headers.get("Stripe-Signature");
  if (!signature) return new Response("No signature", { status: 400 });
  const event = await stripe.webhooks.constructEventAsync(await request.text(), signature, "whsec", undefined, provider);
  return new Response(event.id);
});
