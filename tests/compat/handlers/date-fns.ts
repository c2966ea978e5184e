// date-fns
import { format, addMonths } from "date-fns";
export default () => Response.json([format(new Date(2024, 0, 31), "yyyy-MM-dd EEEE"), addMonths(new Date(2024, 0, 31), 1).getDate()]);
