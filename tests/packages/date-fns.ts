import { addMonths, differenceInCalendarDays, format, formatDistance, parseISO } from "date-fns";
import { de } from "date-fns/locale";

export default (): Response => {
  const day = parseISO("2024-01-31T12:00:00");
  return Response.json([
    format(addMonths(day, 1), "yyyy-MM-dd EEEE"),
    format(day, "d. MMMM", { locale: de }),
    differenceInCalendarDays(parseISO("2024-03-01"), parseISO("2024-02-01")),
    formatDistance(day, addMonths(day, 3)),
  ]);
};
