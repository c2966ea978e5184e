// crypto-js
import CryptoJS from "crypto-js";
export default () => Response.json([CryptoJS.SHA256("a").toString(), CryptoJS.AES.decrypt(CryptoJS.AES.encrypt("m", "k").toString(), "k").toString(CryptoJS.enc.Utf8)]);
