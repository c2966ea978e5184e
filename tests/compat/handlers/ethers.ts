// ethers
import { ethers } from "ethers";
export default () => Response.json([ethers.parseEther("1.5").toString(), ethers.keccak256("0x01"), new ethers.Wallet("0x" + "1".repeat(64)).address]);
