import { Webhook } from "standardwebhooks";

export default async (req: Request): Promise<Response> => {
  const webhook = new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const payload = await req.text();
  const now = new Date();
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": `${Math.floor(now.getTime() / 1000)}`,
    "webhook-signature": webhook.sign("msg_1", now, payload),
  };
  const verified = webhook.verify(payload, headers);
  let refused = "";
  try {
    webhook.verify(`${payload} `, headers);
  } catch (error) {
    refused = (error as Error).message;
  }
  return Response.json([verified, refused]);
};
