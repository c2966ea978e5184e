// moment
import moment from "moment";
export default () => Response.json([moment.utc("2024-01-31").add(1, "month").format("LL"), moment.duration(90, "minutes").humanize()]);
