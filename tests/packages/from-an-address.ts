import { z } from "https://esm.sh/zod@3";
export default () => new Response(String(z));
