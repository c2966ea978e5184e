/** A router that knows nothing of where it stands: itty-router's, at the function's root. */
import { AutoRouter } from "itty-router";

const router = AutoRouter();
router.get("/notes/:id", ({ id }) => `note ${id}`);

export default router;
