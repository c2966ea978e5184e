// rrule
import { RRule } from "rrule";
export default () => Response.json(new RRule({ freq: RRule.WEEKLY, count: 3, dtstart: new Date(Date.UTC(2024, 0, 1)) }).all());
