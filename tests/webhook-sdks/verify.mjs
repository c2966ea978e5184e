// Reads a delivery as `mayfly webhook send` made it, and lets the provider's own library verify it.
import { readFileSync } from "node:fs";
import { verify as github } from "@octokit/webhooks-methods";
import { Webhook as Standard } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as Svix } from "svix";
import twilio from "twilio";

const { provider, secret, url, headers, body } = JSON.parse(readFileSync(0, "utf8"));

/** True for a good one; a library that refuses throws, or returns false. */
const verifiers = {
  stripe: () => new Stripe("sk_test_x").webhooks.constructEvent(body, headers["stripe-signature"], secret).id !== "",
  github: () => github(secret, body, headers["x-hub-signature-256"]),
  standard: () => new Standard(secret).verify(body, headers) !== undefined,
  svix: () => new Svix(secret).verify(body, headers) !== undefined,
  twilio: () =>
    twilio.validateRequest(secret, headers["x-twilio-signature"], url, Object.fromEntries(new URLSearchParams(body))),
};

let verified;
try {
  verified = await verifiers[provider]();
} catch (error) {
  verified = error.message;
}
process.stdout.write(JSON.stringify(verified));
