// nodemailer
import nodemailer from "nodemailer";
export default async () => { const t = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "unix" }); const i = await t.sendMail({ from: "a@b.c", to: "d@e.f", subject: "s", text: "hi", date: new Date(0), messageId: "<1@x>" }); return Response.json(String(i.message).includes("Subject: s")); };
