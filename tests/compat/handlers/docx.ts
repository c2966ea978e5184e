// docx
import { Document, Packer, Paragraph } from "docx";
export default async () => Response.json((await Packer.toBuffer(new Document({ sections: [{ children: [new Paragraph("hi")] }] }))).subarray(0, 2).toString());
