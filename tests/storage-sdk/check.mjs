// What @aws-sdk/client-s3 does with an app's S3 endpoint: `check.mjs ENDPOINT KEY SECRET`.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand,
  CreateMultipartUploadCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListBucketsCommand,
  ListObjectsV2Command, PutObjectCommand, S3Client, UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const client = new S3Client({
  endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId, secretAccessKey },
});
const Bucket = "photos";
const send = (Command, fields) => client.send(new Command({ Bucket, ...fields }));
const read = async (fields) => (await send(GetObjectCommand, fields)).Body.transformToString();

await send(CreateBucketCommand, {});
assert.deepEqual((await client.send(new ListBucketsCommand({}))).Buckets.map((bucket) => bucket.Name), [Bucket]);
for (const Key of ["a b", "a+b", "a%2Bb", "!'()*", "é/ü", "a//b", "./a", "a/../b", "日本", "a&b=c?d#e", "~x;"]) {
  await send(PutObjectCommand, { Key, Body: Key, Metadata: { kind: "name" } });
  assert.equal(await read({ Key }), Key);
  assert.deepEqual((await send(HeadObjectCommand, { Key })).Metadata, { kind: "name" });
  // `fetch` takes dots out of a path.
  if (Key.includes("./")) continue;
  const get = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
  assert.equal(await (await fetch(get)).text(), Key, Key);
  const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
  assert.equal((await fetch(put, { method: "PUT", body: "signed" })).status, 200, Key);
  assert.equal(await read({ Key }), "signed");
}
await send(CopyObjectCommand, { Key: "copy", CopySource: encodeURI(`${Bucket}/é/ü`) });
assert.equal(await read({ Key: "copy" }), "signed");
// A stream is sent in chunks, with a checksum behind them.
const pieces = Array.from({ length: 50 }, (_, place) => Buffer.alloc(10_000, place));
await send(PutObjectCommand, { Key: "stream", Body: Readable.from(pieces), ContentLength: 500_000 });
const streamed = await send(GetObjectCommand, { Key: "stream", ChecksumMode: "ENABLED" });
assert.deepEqual(Buffer.from(await streamed.Body.transformToByteArray()), Buffer.concat(pieces));
assert.ok(streamed.ChecksumCRC32);
for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
  await send(PutObjectCommand, { Key: "sum", Body: "sum", ChecksumAlgorithm });
  assert.equal(await read({ Key: "sum", ChecksumMode: "ENABLED" }), "sum");
}
const Body = Buffer.alloc(5 << 20, 9);
for (const fields of [{}, { ChecksumAlgorithm: "CRC64NVME" }, { ChecksumAlgorithm: "SHA256" }]) {
  const { UploadId } = await send(CreateMultipartUploadCommand, { Key: "parts", ...fields });
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const { $metadata, ServerSideEncryption, ...part } = await send(UploadPartCommand, { Key: "parts", UploadId, PartNumber, Body, ...fields });
    Parts.push({ PartNumber, ...part });
  }
  await send(CompleteMultipartUploadCommand, { Key: "parts", UploadId, MultipartUpload: { Parts } });
  assert.equal((await read({ Key: "parts", ChecksumMode: "ENABLED" })).length, 10 << 20);
}
const { UploadId } = await send(CreateMultipartUploadCommand, { Key: "aborted" });
await send(AbortMultipartUploadCommand, { Key: "aborted", UploadId });
const { Contents } = await send(ListObjectsV2Command, {});
const deleted = await send(DeleteObjectsCommand, { Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } });
assert.equal(deleted.Deleted.length, Contents.length);
await assert.rejects(read({ Key: "copy" }), { name: "NoSuchKey" });
console.log("ok");
