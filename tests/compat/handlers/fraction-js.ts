// fraction.js
import Fraction from "fraction.js";
export default () => Response.json(new Fraction(0.75).add("1/3").toFraction());
