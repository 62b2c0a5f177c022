"""A store that speaks S3, for one test: moto (PyPI), which checks who signed each request.

Prints one line, `ADDRESS ID SECRET`: where it listens, and the keys of somebody who may use the bucket `acme`, and only that.
Then answers lines on its standard input: `list`: the keys in the bucket, as JSON; `spoil KEY`: changes one byte of an
object; `uploads`: how many were begun and not ended. It ends with its input.
"""

import json
import os
import sys

# Until told otherwise nobody is asked who they are.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000"

import logging

import boto3
import moto.settings
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
address = "http://%s:%d" % server.get_host_and_port()


def client(name, key="root", secret="root"):
    return boto3.client(
        name, region_name="eu-west-1", endpoint_url=address, aws_access_key_id=key, aws_secret_access_key=secret
    )


iam = client("iam")
iam.create_user(UserName="hissab")
rules = [{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]}]
policy = json.dumps({"Version": "2012-10-17", "Statement": rules})
iam.put_user_policy(UserName="hissab", PolicyName="results", PolicyDocument=policy)
keys = iam.create_access_key(UserName="hissab")["AccessKey"]
place = {"LocationConstraint": "eu-west-1"}
for bucket in ("acme", "foreign"):
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
# From here on everybody is.
moto.settings.INITIAL_NO_AUTH_ACTION_COUNT = 0

store = client("s3", keys["AccessKeyId"], keys["SecretAccessKey"])
print(address, keys["AccessKeyId"], keys["SecretAccessKey"], flush=True)
for line in sys.stdin:
    words = line.split()
    answer = None
    if words[0] == "list":
        answer = [item["Key"] for item in store.list_objects_v2(Bucket="acme").get("Contents", [])]
    elif words[0] == "uploads":
        answer = len(store.list_multipart_uploads(Bucket="acme").get("Uploads", []))
    elif words[0] == "spoil":
        body = bytearray(store.get_object(Bucket="acme", Key=words[1])["Body"].read())
        body[len(body) // 2] ^= 1
        store.put_object(Bucket="acme", Key=words[1], Body=bytes(body))
    print(json.dumps(answer), flush=True)
