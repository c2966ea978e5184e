"""What boto3 does with an app's S3 endpoint: `boto.py ENDPOINT KEY SECRET`."""

import io
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, KEY, SECRET = sys.argv[1:4]

# Names from public bug reports about signatures and encodings.
NAMES = [
    "a b.txt", "a+b", "a%2Bb", "a%2Fb", "!'()*.txt", "é/ü.txt", "e\u0301/u\u0308.txt", "a//b", "./a", "a/../b", "日本.txt",
    "~x", "a&b=c?d#e", "a;b", "trailing/", "k" * 1024,
]


def client(**config):
    return boto3.client(
        "s3", endpoint_url=ENDPOINT, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **config),
    )


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), (got, error.response)
        return error.response
    raise AssertionError(f"{code} was not raised")


def http(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request) as answer:
        return answer.status, answer.read()


s3 = client()
s3.create_bucket(Bucket="photos")
s3.create_bucket(Bucket="photos")
s3.head_bucket(Bucket="photos")
assert s3.get_bucket_location(Bucket="photos")["LocationConstraint"] is None
assert "Status" not in s3.get_bucket_versioning(Bucket="photos")
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["photos"]
refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="missing")
refused("404", 404, s3.head_bucket, Bucket="missing")

# Each name by header and by presigned URL.
for name in NAMES:
    body = name.encode()
    put = s3.put_object(Bucket="photos", Key=name, Body=body, Metadata={"kind": "name"}, ContentType="text/plain")
    got = s3.get_object(Bucket="photos", Key=name)
    assert got["Body"].read() == body and got["ETag"] == put["ETag"], name
    assert (got["Metadata"], got["ContentType"]) == ({"kind": "name"}, "text/plain"), name
    assert s3.head_object(Bucket="photos", Key=name)["ContentLength"] == len(body), name
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="photos", Prefix=name)["Contents"]][0] == name
    s3.copy_object(Bucket="photos", Key="copy", CopySource={"Bucket": "photos", "Key": name})
    assert s3.get_object(Bucket="photos", Key="copy")["Body"].read() == body, name
    params = {"Bucket": "photos", "Key": name}
    assert http("GET", s3.generate_presigned_url("get_object", Params=params))[1] == body, name
    http("PUT", s3.generate_presigned_url("put_object", Params=params), b"presigned")
    assert s3.get_object(Bucket="photos", Key=name)["Body"].read() == b"presigned", name
    http("DELETE", s3.generate_presigned_url("delete_object", Params=params))
    refused("NoSuchKey", 404, s3.get_object, Bucket="photos", Key=name)
refused("KeyTooLongError", 400, s3.put_object, Bucket="photos", Key="k" * 1025, Body=b"")
refused("InvalidArgument", 400, s3.put_object, Bucket="photos", Key="a\x01b", Body=b"")
# A path that names an encoded slash is refused, and so is what was signed for another method or host.
url = s3.generate_presigned_url("get_object", Params={"Bucket": "photos", "Key": "copy"})
for method, changed, status in [
    ("PUT", url, 403), ("GET", url.replace("/copy?", "/cop%79?"), 200), ("GET", url.replace("/copy?", "/a%2Fcopy?"), 400),
    ("GET", url.replace("127.0.0.1", "localhost"), 403),
]:
    try:
        got = http(method, changed, b"x" if method == "PUT" else None)[0]
    except urllib.error.HTTPError as error:
        got = error.code
    assert got == status, (method, changed, got)

# Ranges and conditions.
s3.put_object(Bucket="photos", Key="ten", Body=b"0123456789", CacheControl="max-age=60", ContentDisposition="inline")
got = s3.get_object(Bucket="photos", Key="ten", Range="bytes=2-4")
assert (got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]) == (b"234", "bytes 2-4/10", 206)
assert s3.get_object(Bucket="photos", Key="ten", Range="bytes=-3")["Body"].read() == b"789"
assert s3.get_object(Bucket="photos", Key="ten")["CacheControl"] == "max-age=60"
refused("InvalidRange", 416, s3.get_object, Bucket="photos", Key="ten", Range="bytes=10-")
etag = s3.head_object(Bucket="photos", Key="ten")["ETag"]
refused("304", 304, s3.get_object, Bucket="photos", Key="ten", IfNoneMatch=etag)
refused("PreconditionFailed", 412, s3.get_object, Bucket="photos", Key="ten", IfMatch='"other"')
refused("PreconditionFailed", 412, s3.put_object, Bucket="photos", Key="ten", Body=b"", IfNoneMatch="*")
s3.put_object(Bucket="photos", Key="once", Body=b"", IfNoneMatch="*")
s3.put_object(Bucket="photos", Key="ten", Body=b"0123456789", IfMatch=etag)
assert s3.get_object(Bucket="photos", Key="once")["Body"].read() == b""
refused("InvalidRequest", 400, s3.copy_object, Bucket="photos", Key="ten", CopySource="photos/ten")
s3.copy_object(Bucket="photos", Key="ten", CopySource="photos/ten", MetadataDirective="REPLACE", Metadata={"a": "b"})
assert s3.head_object(Bucket="photos", Key="ten")["Metadata"] == {"a": "b"}

# Digests.
refused("BadDigest", 400, s3.put_object, Bucket="photos", Key="bad", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
refused("BadDigest", 400, s3.put_object, Bucket="photos", Key="bad", Body=b"x", ChecksumCRC32="AAAAAA==")
for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]:
    s3.put_object(Bucket="photos", Key="sum", Body=b"sum", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket="photos", Key="sum", ChecksumMode="ENABLED")
    assert f"Checksum{algorithm}" in got and got["Body"].read() == b"sum", algorithm
refused("404", 404, s3.head_object, Bucket="photos", Key="bad")

# Listings.
s3.create_bucket(Bucket="lists")
keys = [f"{group}/{number:03}" for group in ["a", "b", "c"] for number in range(20)] + ["root", "z z"]
for key in keys:
    s3.put_object(Bucket="lists", Key=key, Body=b"")
pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="lists", PaginationConfig={"PageSize": 7}))
assert [found["Key"] for page in pages for found in page["Contents"]] == sorted(keys) and len(pages) == 9
for page_size in [1, 2, 1000]:
    pages = list(s3.get_paginator("list_objects_v2").paginate(
        Bucket="lists", Delimiter="/", PaginationConfig={"PageSize": page_size}))
    prefixes = [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]
    found = [found["Key"] for page in pages for found in page.get("Contents", [])]
    assert (prefixes, found) == (["a/", "b/", "c/"], ["root", "z z"]), (page_size, prefixes, found)
    pages = list(s3.get_paginator("list_objects").paginate(
        Bucket="lists", Delimiter="/", PaginationConfig={"PageSize": page_size}))
    assert [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])] == ["a/", "b/", "c/"]
assert s3.list_objects_v2(Bucket="lists", StartAfter="b/018", MaxKeys=2)["Contents"][1]["Key"] == "c/000"
assert s3.list_objects_v2(Bucket="lists", MaxKeys=0)["KeyCount"] == 0
refused("InvalidArgument", 400, s3.list_objects_v2, Bucket="lists", ContinuationToken="?")
refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket="lists")
deleted = s3.delete_objects(Bucket="lists", Delete={"Objects": [{"Key": key} for key in keys + ["missing"]]})
assert len(deleted["Deleted"]) == len(keys) + 1 and "Errors" not in deleted
s3.delete_bucket(Bucket="lists")

# Parts.
part = bytes(range(256)) * (5 * 4096)
large = part + part + b"the end"
for config in [{}, {"request_checksum_calculation": "when_required"}]:
    transfer = TransferConfig(multipart_threshold=len(part), multipart_chunksize=len(part))
    client(**config).upload_fileobj(io.BytesIO(large), "photos", "large", Config=transfer)
    got = s3.head_object(Bucket="photos", Key="large")
    assert got["ETag"].endswith('-3"') and got["ContentLength"] == len(large)
    target = io.BytesIO()
    s3.download_fileobj("photos", "large", target, Config=transfer)
    assert target.getvalue() == large
assert s3.get_object(Bucket="photos", Key="large", Range=f"bytes={len(part) - 1}-{len(part)}")["Body"].read() == b"\xff\x00"
got = s3.get_object(Bucket="photos", Key="large", PartNumber=3)
assert (got["Body"].read(), got["PartsCount"]) == (b"the end", 3)
s3.copy_object(Bucket="photos", Key="large copy", CopySource="photos/large")
assert s3.get_object(Bucket="photos", Key="large copy")["Body"].read() == large
upload = s3.create_multipart_upload(Bucket="photos", Key="parts")["UploadId"]
names = {"Bucket": "photos", "Key": "parts", "UploadId": upload}
one = s3.upload_part(**names, PartNumber=1, Body=part)["ETag"]
two = s3.upload_part_copy(**names, PartNumber=2, CopySource="photos/ten", CopySourceRange="bytes=1-3")["CopyPartResult"]["ETag"]
assert [found["Size"] for found in s3.list_parts(**names)["Parts"]] == [len(part), 3]
assert [found["UploadId"] for found in s3.list_multipart_uploads(Bucket="photos")["Uploads"]] == [upload]


def complete(*parts):
    return {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in parts]}


refused("InvalidPart", 400, s3.complete_multipart_upload, **names, MultipartUpload=complete((1, one), (9, two)))
refused("InvalidPart", 400, s3.complete_multipart_upload, **names, MultipartUpload=complete((1, two)))
refused("InvalidPartOrder", 400, s3.complete_multipart_upload, **names, MultipartUpload=complete((2, two), (1, one)))
s3.upload_part(**names, PartNumber=3, Body=b"not named")
s3.complete_multipart_upload(**names, MultipartUpload=complete((1, one), (2, two)))
assert s3.get_object(Bucket="photos", Key="parts")["Body"].read() == part + b"123"
refused("NoSuchUpload", 404, s3.complete_multipart_upload, **names, MultipartUpload=complete((1, one)))
upload = s3.create_multipart_upload(Bucket="photos", Key="parts")["UploadId"]
names = {"Bucket": "photos", "Key": "parts", "UploadId": upload}
small = [(number, s3.upload_part(**names, PartNumber=number, Body=b"small")["ETag"]) for number in (1, 2)]
refused("EntityTooSmall", 400, s3.complete_multipart_upload, **names, MultipartUpload=complete(*small))
refused("InvalidArgument", 400, s3.upload_part, **names, PartNumber=10001, Body=b"")
s3.abort_multipart_upload(**names)
refused("NoSuchUpload", 404, s3.list_parts, **names)

# What is not there says so, and a wrong secret opens nothing.
refused("NotImplemented", 501, s3.get_bucket_policy, Bucket="photos")
refused("NotImplemented", 501, s3.put_object, Bucket="photos", Key="x", Body=b"", ServerSideEncryption="AES256")
wrong = boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id=KEY, aws_secret_access_key="wrong", region_name="x")
refused("SignatureDoesNotMatch", 403, wrong.list_buckets)
print("ok")
