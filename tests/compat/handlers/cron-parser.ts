// cron-parser
import { CronExpressionParser } from "cron-parser";
export default () => Response.json(CronExpressionParser.parse("0 9 * * 1", { currentDate: new Date(0), tz: "UTC" }).next().toISOString());
