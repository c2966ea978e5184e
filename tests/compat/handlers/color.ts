// color
import Color from "color";
export default () => Response.json(Color("#f00").lighten(0.2).hsl().string());
