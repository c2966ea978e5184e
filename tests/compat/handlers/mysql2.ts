// mysql2
import mysql from "mysql2/promise";
export default async () => Response.json(await mysql.createConnection({ host: "127.0.0.1", port: 1 }).then(() => "connected", () => "failed"));
