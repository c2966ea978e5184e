// turf
import { distance, point, area, polygon } from "@turf/turf";
export default () => Response.json([distance(point([0, 0]), point([1, 1])).toFixed(3), area(polygon([[[0, 0], [0, 1], [1, 1], [0, 0]]])).toFixed(0)]);
