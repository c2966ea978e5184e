// simple-statistics
import * as ss from "simple-statistics";
export default () => Response.json([ss.median([1, 5, 2]), ss.standardDeviation([1, 2, 3, 4])]);
