// aws-sdk-client-s3
import { S3Client, PutObjectCommand } from "@aws-sdk/client-s3";
export default async () => { const c = new S3Client({ region: "us-east-1", endpoint: "http://127.0.0.1:1", maxAttempts: 1, credentials: { accessKeyId: "a", secretAccessKey: "b" } }); const e = await c.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "x" })).catch((e) => "failed"); return Response.json(e); };
