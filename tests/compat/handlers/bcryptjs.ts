// bcryptjs
import bcrypt from "bcryptjs";
export default async () => Response.json([bcrypt.hashSync("a", "$2a$04$abcdefghijklmnopqrstuu"), await bcrypt.compare("b", bcrypt.hashSync("a", 4))]);
