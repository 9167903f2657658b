import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["HOLDFAST_URL"] + "/v1/publish",
    headers={
        "Authorization": "Bearer " + os.environ["HOLDFAST_API_KEY"],
        "Content-Type": "application/json",
        "Idempotency-Key": "order-1042-shipped",  # sent again, it is stored once
    },
    data=json.dumps({"channel": "chat/orders", "data": {"order": 1042, "state": "shipped"}}).encode(),
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))
