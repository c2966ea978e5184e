// itty-router
import { AutoRouter } from "itty-router";
const router = AutoRouter();
router.all("*", ({ method }) => ({ method }));
export default { fetch: router.fetch };
