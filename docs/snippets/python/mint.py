import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["HOLDFAST_URL"] + "/v1/tokens",
    headers={"Authorization": "Bearer " + os.environ["HOLDFAST_API_KEY"], "Content-Type": "application/json"},
    data=json.dumps({"user": "ada", "channels": {"chat/#": "rw", "inbox/{user}": "r"}, "expires_in": 3600}).encode(),
)
with urllib.request.urlopen(request) as response:
    print(json.load(response)["token"])  # for the browser of ada
