// luxon
import { DateTime } from "luxon";
export default () => Response.json([DateTime.fromISO("2024-07-01T12:00", { zone: "Europe/Paris" }).toUTC().toISO(), DateTime.fromISO("2024-07-01").setLocale("fr").toFormat("dd LLLL yyyy")]);
