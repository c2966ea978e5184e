// bcrypt
import bcrypt from "bcryptjs";
export default async () => Response.json([(await bcrypt.hash("a", 10)).length, await bcrypt.compare("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]);
