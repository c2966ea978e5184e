// Node: process.env and Buffer
// expect: 200 hi aGk=
export default async () => new Response(`${process.env.GREETING} ${Buffer.from("hi").toString("base64")}`);
