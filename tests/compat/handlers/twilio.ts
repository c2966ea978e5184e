// twilio
import twilio from "twilio";
export default () => { const r = new twilio.twiml.VoiceResponse(); r.say("hi"); return Response.json([r.toString(), twilio.validateRequest("t", "x", "http://x", {})]); };
