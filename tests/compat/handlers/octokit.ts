// octokit
import { Octokit } from "@octokit/rest";
export default async () => Response.json(await new Octokit({ baseUrl: "http://127.0.0.1:1", log: { debug() {}, info() {}, warn() {}, error() {} } }).repos.get({ owner: "a", repo: "b" }).catch((e) => e.name));
