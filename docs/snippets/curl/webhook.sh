# Sends an event to your backend as a hook does, to try it out: sh webhook.sh http://localhost:8000/
body='{"specversion": "1.0", "id": "try-1", "type": "dev.holdfast.message", "source": "/try", "data": {}}'
time=$(date +%s)
key=$(printf %s "${HOLDFAST_HOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "try-1.$time.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl --fail-with-body --silent --show-error "$1" \
  --header "Content-Type: application/cloudevents+json" \
  --header "webhook-id: try-1" \
  --header "webhook-timestamp: $time" \
  --header "webhook-signature: v1,$signature" \
  --data "$body"
