import json
import os
import urllib.request

messages = [
    {"channel": "chat/orders", "data": {"order": 1042, "state": "delivered"}},
    {"channel": "chat/lobby", "data": "The night shift begins."},
]
request = urllib.request.Request(
    os.environ["HOLDFAST_URL"] + "/v1/batch",
    headers={
        "Authorization": "Bearer " + os.environ["HOLDFAST_API_KEY"],
        "Content-Type": "application/json",
        "Idempotency-Key": "night-shift-7",
    },
    data=json.dumps({"messages": messages}).encode(),
)
with urllib.request.urlopen(request) as response:
    for result in json.load(response)["results"]:
        print(result["channel"], result.get("error", result.get("offset")))
