// The options about digits, which numbers and plurals share.

import { among, numberOption, numberWithin, option } from "./intl_common.js";
import { MathMax, MathMin } from "./primordials.js";

const INCREMENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000];
const MODES = ["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"];
export const DIGITS = [
  "minimumIntegerDigits",
  "minimumFractionDigits",
  "maximumFractionDigits",
  "minimumSignificantDigits",
  "maximumSignificantDigits",
];

/** SetNumberFormatDigitOptions. */
export function readDigits(into, options, leastFraction, mostFraction, notation) {
  const integer = numberOption(options, "minimumIntegerDigits", 1, 21, 1);
  let minFraction = options.minimumFractionDigits;
  let maxFraction = options.maximumFractionDigits;
  let minDigits = options.minimumSignificantDigits;
  let maxDigits = options.maximumSignificantDigits;
  into.minimumIntegerDigits = integer;
  const increment = numberOption(options, "roundingIncrement", 1, 5000, 1);
  if (!among(INCREMENTS, increment)) throw new RangeError("roundingIncrement value is out of range.");
  const mode = option(options, "roundingMode", MODES, "halfExpand");
  const priority = option(options, "roundingPriority", ["auto", "morePrecision", "lessPrecision"], "auto");
  const zeros = option(options, "trailingZeroDisplay", ["auto", "stripIfInteger"], "auto");
  if (increment !== 1) mostFraction = leastFraction;
  into.roundingIncrement = increment;
  into.roundingMode = mode;
  into.trailingZeroDisplay = zeros;
  const hasDigits = minDigits !== undefined || maxDigits !== undefined;
  const hasFraction = minFraction !== undefined || maxFraction !== undefined;
  const needsDigits = priority !== "auto" || hasDigits;
  const needsFraction = priority !== "auto" || !(hasDigits || (!hasFraction && notation === "compact"));
  if (needsDigits) {
    minDigits = hasDigits ? numberWithin(minDigits, 1, 21, 1, "minimumSignificantDigits") : 1;
    maxDigits = hasDigits ? numberWithin(maxDigits, minDigits, 21, 21, "maximumSignificantDigits") : 21;
  }
  if (needsFraction) {
    if (hasFraction) {
      minFraction = numberWithin(minFraction, 0, 100, undefined, "minimumFractionDigits");
      maxFraction = numberWithin(maxFraction, 0, 100, undefined, "maximumFractionDigits");
      if (minFraction === undefined) minFraction = MathMin(leastFraction, maxFraction);
      else if (maxFraction === undefined) maxFraction = MathMax(mostFraction, minFraction);
      else if (minFraction > maxFraction) throw new RangeError("maximumFractionDigits value is out of range.");
    } else {
      minFraction = leastFraction;
      maxFraction = mostFraction;
    }
  }
  into.roundingPriority = priority;
  if (!needsDigits && !needsFraction) {
    minFraction = maxFraction = 0;
    minDigits = 1;
    maxDigits = 2;
    into.roundingPriority = "morePrecision";
  }
  const either = !needsDigits && !needsFraction;
  if (needsFraction || either) {
    into.minimumFractionDigits = minFraction;
    into.maximumFractionDigits = maxFraction;
  }
  if (needsDigits || either) {
    into.minimumSignificantDigits = minDigits;
    into.maximumSignificantDigits = maxDigits;
  }
  if (increment !== 1) {
    if (into.roundingPriority !== "auto" || needsDigits) throw new TypeError("roundingIncrement value is invalid.");
    if (into.minimumFractionDigits !== into.maximumFractionDigits) throw new RangeError("roundingIncrement value is out of range.");
  }
}
