import { AutoRouter, error } from "itty-router";

const router = AutoRouter({ base: "/v1/:app/fn/itty-router" });
router
  .get("/hello/:name", ({ name, query }) => ({ hello: name, query }))
  .get("/teapot", () => error(418, "short and stout"));

export default router;
