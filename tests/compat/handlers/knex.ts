// knex
import knex from "knex";
export default () => Response.json(knex({ client: "pg" })("t").where({ a: 1 }).select("b").toString());
