// Cloudflare: variables come as env
// expect: 200 {"greeting":"hi","keys":["GREETING"]}
interface Env { GREETING: string }
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    return Response.json({ greeting: env.GREETING, keys: Object.keys(env).filter((key) => !key.startsWith("BUTTERBASE_")) });
  },
};
