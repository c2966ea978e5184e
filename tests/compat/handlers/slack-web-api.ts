// slack-web-api
import { WebClient } from "@slack/web-api";
export default () => Response.json(typeof new WebClient("x").chat.postMessage);
