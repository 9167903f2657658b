import json
import os
import urllib.parse
import urllib.request

query = urllib.parse.urlencode({"channel": "chat/lobby"})
request = urllib.request.Request(
    os.environ["HOLDFAST_URL"] + "/v1/presence?" + query,
    headers={"Authorization": "Bearer " + os.environ["HOLDFAST_API_KEY"]},
)
with urllib.request.urlopen(request) as response:
    present = json.load(response)
print(present["count"]["users"], [user.get("user") for user in present["users"]])
