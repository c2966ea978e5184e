// viem
import { parseEther, keccak256, getAddress } from "viem";
export default () => Response.json([parseEther("1").toString(), keccak256("0x01"), getAddress("0x" + "a".repeat(40))]);
