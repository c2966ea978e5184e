// axios
import axios from "axios";
const client = axios.create({ baseURL: "https://x.test", headers: { a: "b" } });
export default async () => Response.json([client.getUri({ url: "/p", params: { q: 1 } }), axios.isCancel(1), typeof axios.post]);
