// dayjs
import dayjs from "dayjs";
import utc from "dayjs/plugin/utc";
import tz from "dayjs/plugin/timezone";
dayjs.extend(utc); dayjs.extend(tz);
export default () => Response.json([dayjs.utc("2024-01-31").add(1, "month").format(), dayjs.tz("2024-07-01 12:00", "America/New_York").toISOString()]);
