// Express: an application
// expect: refused Hono has the same shape
import express from "express";
const app = express();
app.get("/", (req, res) => res.send("Hello"));
export default app;
