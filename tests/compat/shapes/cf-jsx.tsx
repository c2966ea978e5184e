// Cloudflare: Hono with JSX
// expect: 200 <html><body><h1>Hi</h1></body></html>
/** @jsxImportSource hono/jsx */
/** @jsxRuntime automatic */
import { Hono } from "hono";
const app = new Hono();
const Page = (props: { title: string }) => <html><body><h1>{props.title}</h1></body></html>;
app.all("*", (c) => c.html(<Page title="Hi" />));
export default app;
