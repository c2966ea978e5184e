// svix
import { Webhook } from "svix";
export default () => Response.json(new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign("m", new Date(1e12), "p"));
